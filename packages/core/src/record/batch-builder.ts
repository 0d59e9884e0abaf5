import type { Row } from './cell.ts'
import type { Changes, OperationCode, Position, RecordBatch } from './record-batch.ts'
import type { TableSchema } from './table-schema.ts'

type CollectedChanges = {
  readonly [Part in Exclude<keyof Changes, 'beginsTransaction'>]: Changes[Part][number][]
}

/** Bounds of one batch. A row larger than `maxBytes` makes a batch of its own. */
export interface BatchLimits {
  /** Rows at most. */
  readonly maxRows: number
  /** Bytes at most, counted as `RecordBatch.byteSize`. */
  readonly maxBytes: number
}

/** What is known of one row of a change stream; {@link Changes} says what each part means. */
export interface RowChange {
  /** What was done to the row. */
  readonly operation: OperationCode
  /** The row before the change, where it is known. */
  readonly before: Row | null
  /** Number of the transaction, counting up. */
  readonly transaction: number
  /** Milliseconds since the epoch. */
  readonly committedAtMs: number
}

/**
 * Collects rows into batches of at most `maxRows` rows and `maxBytes` bytes.
 *
 * @example
 * ```ts
 * function* batchesOf(rows: Iterable<Row>, schema: TableSchema, limits: BatchLimits) {
 *   const builder = new BatchBuilder(schema, limits)
 *   for (const row of rows) {
 *     const size = row.reduce<number>((sum, cell) => sum + byteLengthOfCell(cell), 0)
 *     if (builder.mustFlushBefore(size)) yield builder.take()
 *     builder.add(row, size)
 *   }
 *   if (builder.rowCount > 0) yield builder.take()
 * }
 * ```
 */
export class BatchBuilder {
  readonly #schema: TableSchema
  readonly #limits: BatchLimits
  #rows: Row[] = []
  #byteSize = 0
  #changes: CollectedChanges | undefined

  /** Begins a batch of rows of `schema` within `limits`. */
  constructor(schema: TableSchema, limits: BatchLimits) {
    this.#schema = schema
    this.#limits = limits
  }

  /** Rows collected since the last `take`. */
  get rowCount(): number {
    return this.#rows.length
  }

  /** Whether a row of `byteSize` bytes would pass the limits, so that `take` has to come first. */
  mustFlushBefore(byteSize: number): boolean {
    const count = this.#rows.length
    return (
      count > 0 &&
      (count >= this.#limits.maxRows || this.#byteSize + byteSize > this.#limits.maxBytes)
    )
  }

  /** Adds a row of `byteSize` bytes. */
  add(row: Row, byteSize: number): void {
    this.#rows.push(row)
    this.#byteSize += byteSize
  }

  /** Adds a row of a change stream; rows with and without a change do not stand in one batch. */
  addChange(row: Row, byteSize: number, change: RowChange): void {
    this.add(row, byteSize)
    this.#changes ??= {
      operations: [],
      before: [],
      transactions: [],
      committedAtMs: [],
    }
    this.#changes.operations.push(change.operation)
    this.#changes.before.push(change.before)
    this.#changes.transactions.push(change.transaction)
    this.#changes.committedAtMs.push(change.committedAtMs)
  }

  /** Hands out what was collected and begins a new batch. */
  take(position?: Position): RecordBatch {
    const batch: RecordBatch = {
      schema: this.#schema,
      rows: this.#rows,
      byteSize: this.#byteSize,
      ...(position === undefined ? {} : { position }),
      ...(this.#changes === undefined ? {} : { changes: this.#changes }),
    }
    this.#changes = undefined
    this.#rows = []
    this.#byteSize = 0
    return batch
  }
}
