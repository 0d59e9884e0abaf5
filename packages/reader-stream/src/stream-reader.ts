import { randomInt } from 'node:crypto'
import { defineReader, PluginError, type CallOptions, type Finding } from '@millrace/core/plugin'
import { columnName, planColumns } from './column-plan.ts'
import { streamReaderConfigSchema, type StreamReaderConfig } from './config-schema.ts'
import { StreamReaderSession } from './stream-reader-session.ts'

/** DataX's stream reader: rows made to order, for trying jobs out and for tests. */
export const streamReader = defineReader({
  apiVersion: 1,
  kind: 'reader',
  stepType: 'stream',
  aliases: ['streamreader'],
  description: 'Makes rows to order: fixed, random or written out in the job',
  capabilities: { parallelSplits: true, resumableSplits: true, follow: false },
  config: streamReaderConfigSchema,
  validate: (config: StreamReaderConfig) => planColumns(config).findings,
  columnNames: (config: StreamReaderConfig) => config.column.map(columnName),
  open: async (config: StreamReaderConfig, _context, { signal }: CallOptions) => {
    signal.throwIfAborted()
    const { columns, findings } = planColumns(config)
    refuse(findings)
    return new StreamReaderSession(config, columns, config.seed ?? randomInt(2 ** 32))
  },
})

function refuse(findings: readonly Finding[]): void {
  const errors = findings.filter(({ severity }) => severity === 'error')
  if (errors.length === 0) return
  const messages = errors.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new PluginError({
    code: 'CONFIG_INVALID',
    message: `The parameters of the stream reader are wrong: ${messages.join('; ')}.`,
    hint: 'Mend them in the job file.',
  })
}
