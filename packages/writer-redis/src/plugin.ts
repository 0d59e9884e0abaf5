import { defineWriter, PluginError } from '@millrace/core/plugin'
import { kindOfOutputs } from './config/resolve-outputs.ts'
import { redisWriterConfig } from './config/schema.ts'
import { validateConfig } from './config/validate.ts'
import { isIdempotent, type WriteKind } from './config/writer-config.ts'
import type { OutputRoutes } from './output/writer-output.ts'
import { resolveConnection } from './connection/connection-options.ts'
import { RedisWriteSession } from './write-session.ts'

/** The writer for Redis and Valkey: stepType `redis`. */
export const redisWriter = defineWriter({
  apiVersion: 1,
  kind: 'writer',
  stepType: 'redis',
  aliases: ['rediswriter'],
  description:
    'Writes rows to Redis or Valkey as strings, lists, sets, sorted sets, hashes, streams or JSON documents',
  capabilities: { deletes: true },
  config: redisWriterConfig,
  dataSourceTypes: ['redis', 'valkey'],
  dataSources: (config) => [
    {
      path: ['datasource'],
      ...(config.datasource === undefined ? {} : { name: config.datasource }),
    },
  ],
  validate: validateConfig,
  identity: (config, route) => ({
    kind: config.outputs === undefined ? config.kind : kindOfOutputs(config.outputs, route),
    key: JSON.stringify(config.key),
    columns: config.columns === undefined ? null : JSON.stringify(config.columns),
    valueDelimiter: config.valueDelimiter,
    expiry: JSON.stringify(config.expiry),
    dateFormat: config.dateFormat ?? null,
    database: config.database ?? null,
    ...(config.outputs === undefined ? {} : { outputs: outputsIdentity(config.outputs, route) }),
  }),
  guarantee: (config, route) => {
    const kind = config.outputs === undefined ? config.kind : kindOfOutputs(config.outputs, route)
    return isIdempotent(kind)
      ? { isIdempotent: true }
      : { isIdempotent: false, note: appendNote(kind) }
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
    // What follows its source waits for its target as long as it runs.
    const lasting = context.follows === true ? { retryTimeoutMs: Infinity } : {}
    return new RedisWriteSession({ ...config, ...lasting }, connection, context)
  },
})

/** What decides what stands in the target; not what becomes of it later. */
function outputsIdentity(outputs: OutputRoutes, route: string | undefined): string {
  const later = new Set(['onTruncate', 'isDefault'])
  const wanted = route === undefined ? outputs : (outputs[route] ?? [])
  return JSON.stringify(wanted, (name, value: unknown) => (later.has(name) ? undefined : value))
}

function appendNote(kind: WriteKind): string {
  const [what, parts] = kind.startsWith('list/') ? ['lists', 'elements'] : ['streams', 'messages']
  return `${what} are appended to: a second run repeats the ${parts}, so delete the keys before running the job again`
}
