import type { CallOptions } from '../plugin/context.ts'
import { PluginError } from '../plugin/errors.ts'
import type { ReaderSession, ReadOptions, Split, SplitPlan } from '../plugin/reader.ts'
import { BatchBuilder } from '../record/batch-builder.ts'
import { byteLengthOfCell } from '../record/byte-length.ts'
import type { Position, RecordBatch, UnreadableRow } from '../record/record-batch.ts'
import { qualifiedName } from '../record/qualified-name.ts'
import type { TableSchema } from '../record/table-schema.ts'
import { markTransformed } from '../transform/index.ts'
import { dirtyFileRecords, rowOfRecord, widenedSchema, type DirtyFileRecord } from './dirty-file.ts'

/** What a {@link DirtyFileReader} is made of. */
export interface DirtyFileReaderOptions {
  readonly file: string
  /** Lines up to this one were replayed before. */
  readonly behindLine: number
  /** The columns of each table as the job's reader gives them. */
  readonly read: readonly TableSchema[]
  /** The same as they leave the transformers, running parallel. */
  readonly transformed: readonly TableSchema[]
}

/** Reads the rows of a dirty file in the place of a job's own reader. A position is the number of a line. */
export class DirtyFileReader implements ReaderSession {
  readonly #options: DirtyFileReaderOptions

  /** Documents may have fields that were not seen when the source was asked. */
  readonly #widest = new Map<TableSchema, TableSchema>()

  constructor(options: DirtyFileReaderOptions) {
    this.#options = options
  }

  async check(): Promise<readonly []> {
    return []
  }

  async describe(): Promise<readonly TableSchema[]> {
    return this.#options.read
  }

  /** One split: the lines that are there now. */
  async split(_desired: number, { signal }: CallOptions): Promise<SplitPlan> {
    const { file, behindLine } = this.#options
    let lastLine = behindLine
    let count = 0
    for (const { line } of dirtyFileRecords(file, behindLine)) {
      signal.throwIfAborted()
      lastLine = line
      count += 1
    }
    const split: Split = {
      id: 'dirty-file',
      table: file,
      range: { behindLine, lastLine },
      resumable: true,
      estimatedRows: count,
    }
    return { splits: [split], consistency: 'per-split' }
  }

  async *read(split: Split, options: ReadOptions): AsyncGenerator<RecordBatch> {
    const { behindLine, lastLine } = linesOf(split)
    const from = options.from === undefined ? behindLine : lineOf(options.from)
    const until = options.until === undefined ? lastLine : lineOf(options.until)
    let batch: LineBatch | undefined
    for (const record of dirtyFileRecords(this.#options.file, from)) {
      options.signal.throwIfAborted()
      if (record.line > until) break
      const { isTransformed } = record
      const schema = this.#schemaOf(record)
      const { cells, error } = rowOfRecord(record, schema)
      const byteSize = cells.reduce<number>((sum, cell) => sum + byteLengthOfCell(cell), 0)
      if (batch !== undefined && !batch.takes(schema, byteSize)) {
        yield batch.finish()
        batch = undefined
      }
      batch ??= new LineBatch(schema, isTransformed, options)
      batch.add(record.line, { row: cells, error }, byteSize)
    }
    if (batch !== undefined) yield batch.finish()
  }

  #schemaOf(record: DirtyFileRecord): TableSchema {
    const { isTransformed, source, line } = record
    const { file, read, transformed } = this.#options
    const schemas = isTransformed ? transformed : read
    const found =
      schemas.length === 1 ? schemas[0] : schemas.find((one) => qualifiedName(one) === source)
    if (found !== undefined) {
      const widest = this.#widest.get(found) ?? found
      const schema = widenedSchema(widest, record)
      if (schema !== widest) this.#widest.set(found, schema)
      return schema
    }
    throw new PluginError({
      code: 'CONFIG_INVALID',
      message: `${file}:${line}: the record is of ${source}, which the job does not read`,
      hint: 'Replay it with the job that wrote it, or delete the line.',
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** Rows of lines one behind the other that are all of one kind. */
class LineBatch {
  readonly #schema: TableSchema
  readonly #isTransformed: boolean
  readonly #builder: BatchBuilder
  readonly #maxRows: number
  readonly #unreadable: UnreadableRow[] = []
  #line = 0

  constructor(schema: TableSchema, isTransformed: boolean, limits: ReadOptions) {
    this.#schema = schema
    this.#isTransformed = isTransformed
    this.#maxRows = limits.maxRows
    this.#builder = new BatchBuilder(schema, limits)
  }

  takes(schema: TableSchema, byteSize: number): boolean {
    if (schema !== this.#schema) return false
    const count = this.#builder.rowCount + this.#unreadable.length
    return count < this.#maxRows && !this.#builder.mustFlushBefore(byteSize)
  }

  add(
    line: number,
    { row, error }: { row: RecordBatch['rows'][number]; error: UnreadableRow['error'] | undefined },
    byteSize: number,
  ): void {
    this.#line = line
    if (error === undefined) this.#builder.add(row, byteSize)
    else this.#unreadable.push({ row, error })
  }

  finish(): RecordBatch {
    const position: Position = { token: this.#line, label: `line ${this.#line}` }
    const taken = this.#builder.take(position)
    const batch = this.#unreadable.length === 0 ? taken : { ...taken, unreadable: this.#unreadable }
    if (this.#isTransformed) markTransformed(batch)
    return batch
  }
}

function linesOf({ range }: Split): { readonly behindLine: number; readonly lastLine: number } {
  return range as { behindLine: number; lastLine: number }
}

function lineOf({ token, label }: Position): number {
  if (typeof token === 'number') return token
  throw new PluginError({
    code: 'POSITION_LOST',
    message: `${label} is no line of a dirty file`,
    hint: 'Replay the file from its beginning with --restart.',
  })
}
