import { csvReader } from './reader.ts'

export { csvReader }

/** What Millrace loads. */
export const plugins = [csvReader]
