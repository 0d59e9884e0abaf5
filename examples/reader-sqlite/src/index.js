import { sqliteReader } from './reader.js'

export { sqliteReader }

/** What Millrace loads. */
export const plugins = [sqliteReader]
