import type {
  CallOptions,
  Finding,
  PluginContext,
  PreviewCommand,
  RejectedRow,
  WriteOptions,
  WriteResult,
  WriterSession,
} from '@millrace/core/plugin'
import type { BatchLimits, RecordBatch, TableSchema } from '@millrace/core/record'
import type { StreamWriterConfig } from './config-schema.ts'
import type { LineOutput } from './line-output.ts'
import { compileRowPrinter, type RowPrinter } from './row-printer.ts'

/** Prints rows, a line each, in the order in which they come. */
export class StreamWriterSession implements WriterSession {
  readonly limits: BatchLimits & { readonly maxInFlight: number } = {
    maxRows: 1000,
    maxBytes: 1_048_576,
    maxInFlight: 2,
  }
  readonly #output: LineOutput | undefined
  readonly #delimiter: string
  readonly #timeZone: string
  #schema: TableSchema | undefined
  #print: RowPrinter = () => ''

  /** @param output where lines go; absent: rows are only counted */
  constructor(config: StreamWriterConfig, context: PluginContext, output: LineOutput | undefined) {
    this.#output = output
    this.#delimiter = config.fieldDelimiter ?? '\t'
    this.#timeZone = context.timeZone
  }

  async check(_schema: TableSchema, { signal }: CallOptions): Promise<readonly Finding[]> {
    signal.throwIfAborted()
    return []
  }

  async write(batch: RecordBatch, options: WriteOptions): Promise<WriteResult> {
    const { signal } = options
    signal.throwIfAborted()
    if (!options.admit([])) return { sent: false, written: 0, rejected: [], bytesWritten: 0 }
    const written = batch.rows.length
    if (!this.#output || written === 0) {
      return { sent: true, written, rejected: [], bytesWritten: 0 }
    }
    const print = this.#printer(batch.schema)
    let text = ''
    for (const row of batch.rows) text += `${print(row)}\n`
    await this.#output.write(text, signal)
    return { sent: true, written, rejected: [], bytesWritten: Buffer.byteLength(text) }
  }

  preview(batch: RecordBatch): {
    readonly commands: readonly PreviewCommand[]
    readonly rejected: readonly RejectedRow[]
  } {
    const print = this.#printer(batch.schema)
    return { commands: batch.rows.map((row) => [print(row)]), rejected: [] }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#output?.[Symbol.asyncDispose]()
  }

  #printer(schema: TableSchema): RowPrinter {
    if (schema !== this.#schema) {
      this.#print = compileRowPrinter(schema, this.#delimiter, this.#timeZone)
      this.#schema = schema
    }
    return this.#print
  }
}
