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

  async check(
    _schemas: readonly TableSchema[],
    { signal }: CallOptions,
  ): Promise<readonly Finding[]> {
    signal.throwIfAborted()
    return []
  }

  async write(batch: RecordBatch, options: WriteOptions): Promise<WriteResult> {
    const { signal } = options
    signal.throwIfAborted()
    const rejected = deletesOf(batch)
    if (!options.admit(rejected)) return { sent: false, written: 0, rejected: [], bytesWritten: 0 }
    const written = batch.rows.length - rejected.length
    if (!this.#output || written === 0) {
      return { sent: true, written, rejected: [], bytesWritten: 0 }
    }
    const print = this.#printer(batch.schema)
    let text = ''
    for (const [index, row] of batch.rows.entries())
      if (batch.changes?.operations[index] !== 'd') text += `${print(row)}\n`
    await this.#output.write(text, signal)
    return { sent: true, written, rejected: [], bytesWritten: Buffer.byteLength(text) }
  }

  preview(batch: RecordBatch): {
    readonly commands: readonly PreviewCommand[]
    readonly rejected: readonly RejectedRow[]
  } {
    const print = this.#printer(batch.schema)
    const rejected = deletesOf(batch)
    const left = batch.rows.filter((_, index) => batch.changes?.operations[index] !== 'd')
    return { commands: left.map((row) => [print(row)]), rejected }
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

/** A line that was printed cannot be taken back, and does not tell an operation: a delete would look like a row. */
function deletesOf({ changes }: RecordBatch): readonly RejectedRow[] {
  if (changes === undefined) return []
  const error = { code: 'DELETE_NOT_APPLIED', message: 'a printed line cannot be taken back' }
  return changes.operations.flatMap((operation, row) => (operation === 'd' ? [{ row, error }] : []))
}
