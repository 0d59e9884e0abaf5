import { mysqlReader } from './plugin.ts'

export { mysqlReader }

/** What the registry loads. */
export const plugins = [mysqlReader]
