import { defineWriter, PluginError } from '@millrace/core/plugin'
import { redisWriterConfig } from './config/schema.ts'
import { validateConfig } from './config/validate.ts'
import { isIdempotent } from './config/writer-config.ts'
import { resolveConnection } from './connection/connection-options.ts'
import { RedisWriteSession } from './write-session.ts'

/** The writer for Redis and Valkey: stepType `redis`. */
export const redisWriter = defineWriter({
  apiVersion: 1,
  kind: 'writer',
  stepType: 'redis',
  aliases: ['rediswriter'],
  description: 'Writes rows to Redis or Valkey as strings, lists, sets, sorted sets or hashes',
  capabilities: { deletes: false },
  config: redisWriterConfig,
  dataSourceTypes: ['redis', 'valkey'],
  dataSources: (config) => [
    {
      path: ['datasource'],
      ...(config.datasource === undefined ? {} : { name: config.datasource }),
    },
  ],
  validate: validateConfig,
  identity: (config) => ({
    kind: config.kind,
    key: JSON.stringify(config.key),
    columns: config.columns === undefined ? null : JSON.stringify(config.columns),
    valueDelimiter: config.valueDelimiter,
    expiry: JSON.stringify(config.expiry),
    dateFormat: config.dateFormat ?? null,
    database: config.database ?? null,
  }),
  guarantee: (config) =>
    isIdempotent(config.kind)
      ? { isIdempotent: true }
      : {
          isIdempotent: false,
          note: 'lists are appended to: a second run repeats the elements, so delete the keys before running the job again',
        },
  open: async (config, context, { signal }) => {
    signal.throwIfAborted()
    const failed = config.findings.find((finding) => finding.severity === 'error')
    if (failed !== undefined) {
      throw new PluginError({
        code: 'CONFIG_INVALID',
        message: `${failed.path.join('.')}: ${failed.message}`,
        ...(failed.hint === undefined ? {} : { hint: failed.hint }),
      })
    }
    const connection = resolveConnection(context.dataSources[0], config)
    return new RedisWriteSession(config, connection, context)
  },
})
