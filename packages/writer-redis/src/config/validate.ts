import type { Finding, WriterValidation } from '@millrace/core/plugin'
import { columnFindings } from '../encode/column-findings.ts'
import { isIdempotent, type RedisWriterConfig } from './writer-config.ts'

/** What can be known to be wrong, or worth a warning, without a network. */
export function validateConfig(
  config: RedisWriterConfig,
  job: WriterValidation,
): readonly Finding[] {
  if (config.outputs !== undefined) return config.findings
  const keyIsUsable =
    config.key.kind === 'indexes' ? config.key.indexes.length > 0 : config.key.pieces.length > 0
  const columns = job.readerColumns
  return [
    ...config.findings,
    ...(columns === undefined || !keyIsUsable ? [] : columnFindings(config, columns)),
    ...listFindings(config, job),
  ]
}

function listFindings(config: RedisWriterConfig, job: WriterValidation): readonly Finding[] {
  if (isIdempotent(config.kind) || job.concurrency < 2) return []
  return [
    {
      severity: 'warning',
      path: ['writeMode'],
      message: `several channels (${job.concurrency}) write to ${config.kind === 'stream/xadd' ? 'streams: messages' : 'lists: elements'} of one key that come from different splits have no fixed order`,
      hint: 'Set speed.concurrent to 1 when the order matters.',
    },
  ]
}
