import { redisWriter } from './plugin.ts'

export { redisWriter }
export type { RedisWriterConfig } from './config/writer-config.ts'

/** What the registry of Millrace looks for. */
export const plugins = [redisWriter]
