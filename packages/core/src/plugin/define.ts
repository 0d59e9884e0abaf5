import type { ConfigSchema } from './config-schema.ts'
import type { ReaderPlugin } from './reader.ts'
import type { WriterPlugin } from './writer.ts'

/** Any plugin, as the registry holds it. Its config type is known only to itself. */
// oxlint-disable-next-line typescript/no-explicit-any -- the variance slot of the registry
export type Plugin = ReaderPlugin<any> | WriterPlugin<any>

/**
 * Returns the plugin as it is; the config type of `open` and the others is inferred from `config`.
 *
 * @example
 * ```ts
 * const schema: TableSchema = {
 *   table: 'numbers',
 *   version: 1,
 *   fields: [{ name: 'n', type: 'int', nullable: false, nativeType: 'integer' }],
 *   key: [0],
 * }
 *
 * const countReader = defineReader({
 *   apiVersion: 1,
 *   kind: 'reader',
 *   stepType: 'count',
 *   description: 'counts from 1',
 *   capabilities: { parallelSplits: false, resumableSplits: false, follow: false },
 *   config: z.looseObject({ to: z.number().describe('last number') }),
 *   open: async ({ to }) => ({
 *     check: async () => [],
 *     describe: async () => [schema],
 *     split: async () => ({
 *       consistency: 'one-snapshot',
 *       splits: [{ id: 'all', table: 'numbers', range: null, resumable: false }],
 *     }),
 *     async *read(_split, { signal, maxRows, maxBytes }) {
 *       const builder = new BatchBuilder(schema, { maxRows, maxBytes })
 *       for (let n = 1; n <= to; n += 1) {
 *         const text = String(n)
 *         if (builder.mustFlushBefore(text.length)) {
 *           signal.throwIfAborted()
 *           yield builder.take()
 *         }
 *         builder.add([text], text.length)
 *       }
 *       if (builder.rowCount > 0) yield builder.take()
 *     },
 *     async [Symbol.asyncDispose]() {},
 *   }),
 * })
 * ```
 */
export function defineReader<S extends ConfigSchema>(plugin: ReaderPlugin<S>): ReaderPlugin<S> {
  return plugin
}

/**
 * Returns the plugin as it is; the config type of `open` and the others is inferred from `config`.
 *
 * @example
 * ```ts
 * const countWriter = defineWriter({
 *   apiVersion: 1,
 *   kind: 'writer',
 *   stepType: 'count',
 *   description: 'counts rows and keeps none',
 *   capabilities: { deletes: false },
 *   config: z.looseObject({}),
 *   guarantee: () => ({ isIdempotent: true }),
 *   open: async () => ({
 *     limits: { maxRows: 1000, maxBytes: 1_048_576, maxInFlight: 1 },
 *     check: async () => [],
 *     async write(batch, { signal, admit }) {
 *       signal.throwIfAborted()
 *       const sent = admit([])
 *       return { sent, written: sent ? rowCountOf(batch) : 0, rejected: [], bytesWritten: 0 }
 *     },
 *     preview: () => ({ commands: [], rejected: [] }),
 *     async [Symbol.asyncDispose]() {},
 *   }),
 * })
 * ```
 */
export function defineWriter<S extends ConfigSchema>(plugin: WriterPlugin<S>): WriterPlugin<S> {
  return plugin
}
