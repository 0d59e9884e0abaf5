import { BatchBuilder, type BatchLimits } from '../record/batch-builder.ts'
import { byteLengthOfCell } from '../record/byte-length.ts'
import type { Row } from '../record/cell.ts'
import type { Position, RecordBatch } from '../record/record-batch.ts'
import type { TableSchema } from '../record/table-schema.ts'

/** How the rows of an ordered split tell where they stand. */
export interface RowPositions {
  /** Cells at the end of each row that are read for the position alone and belong to no field. */
  readonly hiddenCount: number
  /** The position of a row, which still has its hidden cells. Called once a batch. */
  positionOf(row: Row): Position
}

/**
 * Collects the rows of a split into batches within the limits. With `positions`, a batch carries that of its last row,
 * and the hidden cells are gone from its rows.
 */
export class SplitBatches {
  readonly #builder: BatchBuilder
  readonly #positions: RowPositions | undefined
  #last: Row | undefined

  constructor(schema: TableSchema, limits: BatchLimits, positions: RowPositions | undefined) {
    this.#builder = new BatchBuilder(schema, limits)
    this.#positions = positions
  }

  /** Rows collected since the last batch. */
  get rowCount(): number {
    return this.#builder.rowCount
  }

  /** Adds a row of `byteSize` bytes, hidden cells included; gives the batch before it when that is full. */
  add(row: Row, byteSize: number): RecordBatch | undefined {
    const size = this.#positions === undefined ? byteSize : byteSize - this.#hiddenBytes(row)
    const full = this.#builder.mustFlushBefore(size) ? this.take() : undefined
    this.#builder.add(row, size)
    this.#last = row
    return full
  }

  /** Hands out what was collected, at least one row. */
  take(): RecordBatch {
    const last = this.#last
    if (this.#positions === undefined || last === undefined) return this.#builder.take()
    const { hiddenCount } = this.#positions
    const batch = this.#builder.take(this.#positions.positionOf(last))
    if (hiddenCount > 0) for (const row of batch.rows) row.length -= hiddenCount
    return batch
  }

  #hiddenBytes(row: Row): number {
    const { hiddenCount = 0 } = this.#positions ?? {}
    let bytes = 0
    for (let index = row.length - hiddenCount; index < row.length; index += 1) {
      bytes += byteLengthOfCell(row[index])
    }
    return bytes
  }
}
