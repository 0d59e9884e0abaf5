import { streamWriter } from './stream-writer.ts'

export { createStreamWriter, streamWriter } from './stream-writer.ts'

/** What the registry loads. */
export const plugins = [streamWriter]
