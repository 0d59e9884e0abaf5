import type { Writable } from 'node:stream'
import {
  defineWriter,
  type CallOptions,
  type Finding,
  type WriterPlugin,
} from '@millrace/core/plugin'
import { streamWriterConfigSchema, type StreamWriterConfig } from './config-schema.ts'
import { FileOutput, StreamOutput, type LineOutput } from './line-output.ts'
import { StreamWriterSession } from './stream-writer-session.ts'

/**
 * Makes the stream writer with an output of its own.
 *
 * @param output asked for once per session; the stream stays open
 */
export function createStreamWriter(
  output: () => Writable,
): WriterPlugin<typeof streamWriterConfigSchema> {
  return defineWriter({
    apiVersion: 1,
    kind: 'writer',
    stepType: 'stream',
    aliases: ['streamwriter'],
    description: 'Prints rows, or only counts them',
    capabilities: { deletes: false },
    config: streamWriterConfigSchema,
    validate: findingsOf,
    guarantee: (config: StreamWriterConfig) =>
      isPrinting(config)
        ? { isIdempotent: false, note: 'rows are printed: what is written twice is printed twice' }
        : { isIdempotent: true },
    open: async (config: StreamWriterConfig, context, { signal }: CallOptions) => {
      signal.throwIfAborted()
      return new StreamWriterSession(config, context, outputOf(config, output))
    },
  })
}

/** DataX's stream writer: rows on standard output, for trying jobs out. */
export const streamWriter = createStreamWriter(() => process.stdout)

function outputOf(config: StreamWriterConfig, output: () => Writable): LineOutput | undefined {
  const file = fileOf(config)
  if (file) return new FileOutput(file.folder, file.fileName)
  return isPrinting(config) ? new StreamOutput(output()) : undefined
}

/** As in DataX, a file is written whatever `print` says. */
function isPrinting(config: StreamWriterConfig): boolean {
  return (config.print ?? true) || fileOf(config) !== undefined
}

function fileOf({ path = '', fileName = '' }: StreamWriterConfig) {
  if (path.trim() === '' || fileName.trim() === '') return undefined
  return { folder: path, fileName }
}

function findingsOf(config: StreamWriterConfig): readonly Finding[] {
  const findings: Finding[] = []
  const warn = (path: string, message: string) =>
    findings.push({ severity: 'warning', path: [path], message })
  const { encoding = '', path = '', fileName = '' } = config
  if (!/^(?:utf-?8)?$/i.test(encoding.trim())) {
    warn('encoding', `has no effect: rows are printed in UTF-8, found ${JSON.stringify(encoding)}`)
  }
  if (path.trim() !== '' && fileName.trim() === '') warn('path', 'has no effect without `fileName`')
  if (fileName.trim() !== '' && path.trim() === '') warn('fileName', 'has no effect without `path`')
  return findings
}
