import type { CallOptions, Logger } from '../plugin/context.ts'
import { PluginError } from '../plugin/errors.ts'
import type { ReaderSession, ReadOptions, Split, SplitPlan } from '../plugin/reader.ts'
import { BatchBuilder } from '../record/batch-builder.ts'
import { byteLengthOfCell } from '../record/byte-length.ts'
import type { Position, RecordBatch, UnreadableRow } from '../record/record-batch.ts'
import { qualifiedName } from '../record/qualified-name.ts'
import type { TableSchema } from '../record/table-schema.ts'
import { markTransformed } from '../transform/index.ts'
import { dirtyFileRecords, rowOfRecord, widenedSchema, type DirtyFileRecord } from './dirty-file.ts'
import {
  lineCountOf,
  replayedLines,
  replayedLinesOf,
  sentBeforeIn,
  type LineCounts,
  type ReplayedLines,
} from './replayed-lines.ts'

/** What a {@link DirtyFileReader} is made of. */
export interface DirtyFileReaderOptions {
  readonly file: string
  /** Lines that earlier replays have sent. */
  readonly sent: LineCounts
  /** The file has changed since a replay was interrupted of which nobody can tell what it has sent; default: no. */
  readonly isUnclear?: boolean
  readonly logger: Logger
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
    const { file, isUnclear = false } = this.#options
    if (isUnclear) throw changedFile(file)
    return []
  }

  async describe(): Promise<readonly TableSchema[]> {
    return this.#options.read
  }

  /** One split: the lines that are there now. */
  async split(_desired: number, { signal }: CallOptions): Promise<SplitPlan> {
    const { file, sent, logger } = this.#options
    const lines = replayedLines(file, sent)
    const isLeftOut = sentBeforeIn(lines)
    let count = 0
    // Every line is looked at before the first row is sent.
    for (const _ of dirtyFileRecords(file, 0, { until: lineCountOf(lines), isLeftOut })) {
      signal.throwIfAborted()
      count += 1
    }
    if (sent.size > 0) logger.info(leftOutText(file, lines))
    const { digests, sentBefore } = lines
    const split: Split = {
      id: 'dirty-file',
      table: file,
      range: { digests, sentBefore: sentBefore.map((stretch) => [...stretch]) },
      resumable: true,
      estimatedRows: count,
    }
    return { splits: [split], consistency: 'per-split' }
  }

  async *read(split: Split, options: ReadOptions): AsyncGenerator<RecordBatch> {
    const lines = replayedLinesOf(split.range)
    const from = lineOf(options.from)
    const until = options.until === undefined ? lineCountOf(lines) : lineOf(options.until)
    const isLeftOut = sentBeforeIn(lines)
    let batch: LineBatch | undefined
    for (const record of dirtyFileRecords(this.#options.file, from, { until, isLeftOut })) {
      options.signal.throwIfAborted()
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

function leftOutText(file: string, { sentBefore }: ReplayedLines): string {
  const count = sentBefore.reduce((sum, [first, last]) => sum + last - first + 1, 0)
  if (count === 0)
    return `${file} holds none of the lines that an earlier replay has sent: all of them are sent`
  return `${file}: ${count} line${count === 1 ? ' that an earlier replay has sent is' : 's that earlier replays have sent are'} left out (--restart sends them again)`
}

function changedFile(file: string): PluginError {
  return new PluginError({
    code: 'RESUME_UNDECIDED',
    message: `a replay of ${file} was interrupted, and its lines have been changed since: which of them were sent cannot be told any more`,
    hint: 'Bring the lines back to what they were, end the replay, and mend what it lists then; or accept rows that are written twice: with --allow-duplicates those that may have been sent, with --restart all of them.',
  })
}

/** The line of a position; 0 before the first. */
export function lineOf(position: Position | undefined): number {
  if (position === undefined) return 0
  const { token, label } = position
  if (typeof token === 'number') return token
  throw new PluginError({
    code: 'POSITION_LOST',
    message: `${label} is no line of a dirty file`,
    hint: 'Replay the file from its beginning with --restart.',
  })
}
