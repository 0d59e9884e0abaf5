import { streamReader } from './stream-reader.ts'

export { streamReader }

/** What the registry loads. */
export const plugins = [streamReader]
