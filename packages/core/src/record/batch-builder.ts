import type { Row } from './cell.ts'
import type { Position, RecordBatch } from './record-batch.ts'
import type { TableSchema } from './table-schema.ts'

/** Bounds of one batch. A row larger than `maxBytes` makes a batch of its own. */
export interface BatchLimits {
  /** Rows at most. */
  readonly maxRows: number
  /** Bytes at most, counted as `RecordBatch.byteSize`. */
  readonly maxBytes: number
}

/**
 * Collects rows into batches of at most `maxRows` rows and `maxBytes` bytes.
 *
 * @example
 * ```ts
 * for await (const row of source) {
 *   if (builder.mustFlushBefore(size)) yield builder.take()
 *   builder.add(row, size)
 * }
 * if (builder.rowCount > 0) yield builder.take()
 * ```
 */
export class BatchBuilder {
  readonly #schema: TableSchema
  readonly #limits: BatchLimits
  #rows: Row[] = []
  #byteSize = 0

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

  /** Hands out what was collected and begins a new batch. */
  take(position?: Position): RecordBatch {
    const batch: RecordBatch = {
      schema: this.#schema,
      rows: this.#rows,
      byteSize: this.#byteSize,
      ...(position === undefined ? {} : { position }),
    }
    this.#rows = []
    this.#byteSize = 0
    return batch
  }
}
