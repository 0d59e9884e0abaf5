import { postgresReader } from './plugin.ts'

export { postgresReader }

/** What the registry loads. */
export const plugins = [postgresReader]
