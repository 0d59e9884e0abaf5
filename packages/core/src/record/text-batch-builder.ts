import type { BatchLimits } from './batch-builder.ts'
import type { Position } from './record-batch.ts'
import type { Row } from './cell.ts'
import type { LogicalType, TableSchema } from './table-schema.ts'
import { lastRowOf, TextBatch } from './text-batch.ts'
import type { TextCells } from './text-cells.ts'

interface Memory {
  readonly bytes: Buffer
  readonly bounds: Int32Array
}

const firstBytes = 64 * 1024
const firstBounds = 2 * 4096
/** The byte behind every cell. */
export const cellEnd = 0x09
/** Memory of released batches that is kept to be used again. */
const maxKept = 8

/**
 * Collects rows as text into batches of at most `maxRows` rows and `maxBytes` bytes. A decoder writes cells into `bytes`
 * from `length` on, `cellEnd` behind each, and their places into `bounds` from `boundCount` on; `reserve` comes first, `endRow`
 * last. Memory of batches that were released is used again.
 *
 * @example
 * ```ts
 * // One row of two columns: the first stands in the payload, the second is NULL.
 * function addRow(builder: TextBatchBuilder, payload: Buffer, start: number, end: number) {
 *   builder.reserve(payload.length + 2)
 *   builder.addCell(payload, start, end)
 *   builder.addNull()
 *   builder.endRow(end - start)
 * }
 * ```
 */
export class TextBatchBuilder {
  /** Text of the rows collected; replaced by `reserve` and `take`. */
  bytes: Buffer
  /** How many of `bytes` are used. */
  length = 0
  /** Places of the cells collected; replaced by `reserve` and `take`. */
  bounds: Int32Array
  /** How many of `bounds` are used. */
  boundCount = 0
  readonly #schema: TableSchema
  readonly #limits: BatchLimits
  readonly #hiddenTypes: readonly LogicalType[]
  readonly #fieldCount: number
  readonly #kept: Memory[] = []
  readonly #release = (cells: TextCells) => {
    const { bytes, bounds } = cells
    if (this.#kept.length < maxKept && Buffer.isBuffer(bytes)) this.#kept.push({ bytes, bounds })
  }
  #rowCount = 0
  #byteSize = 0

  /**
   * @param schema its fields are the cells of a row
   * @param hiddenTypes what cells mean that stand behind them and belong to no field; they count for nothing
   */
  constructor(schema: TableSchema, limits: BatchLimits, hiddenTypes: readonly LogicalType[] = []) {
    this.#schema = schema
    this.#limits = limits
    this.#hiddenTypes = hiddenTypes
    this.#fieldCount = schema.fields.length + hiddenTypes.length
    this.bytes = Buffer.allocUnsafeSlow(firstBytes)
    this.bounds = new Int32Array(firstBounds)
  }

  /** Rows collected since the last `take`. */
  get rowCount(): number {
    return this.#rowCount
  }

  /** Whether a row of at most `byteSize` bytes could pass the limits, so that `take` has to come first. */
  mustFlushBefore(byteSize: number): boolean {
    return (
      this.#rowCount > 0 &&
      (this.#rowCount >= this.#limits.maxRows || this.#byteSize + byteSize > this.#limits.maxBytes)
    )
  }

  /** Makes room for one more row whose cells, with the byte behind each, take at most `byteCount` bytes. */
  reserve(byteCount: number): void {
    if (this.length + byteCount > this.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + byteCount))
      this.bytes.copy(grown, 0, 0, this.length)
      this.bytes = grown
    }
    if (this.boundCount + 2 * this.#fieldCount > this.bounds.length) {
      const grown = new Int32Array(2 * (this.bounds.length + this.#fieldCount))
      grown.set(this.bounds)
      this.bounds = grown
    }
  }

  /** Appends a cell of bytes to the row. */
  addCell(source: Uint8Array, start: number, end: number): void {
    this.bytes.set(source.subarray(start, end), this.length)
    this.#endCell(end - start)
  }

  /** Appends a cell of text, making room for it. */
  addText(text: string): void {
    this.reserve(Buffer.byteLength(text) + 1)
    this.#endCell(this.bytes.write(text, this.length, 'utf8'))
  }

  /** Appends NULL to the row. */
  addNull(): void {
    this.bounds[this.boundCount] = -1
    this.bounds[this.boundCount + 1] = -1
    this.boundCount += 2
  }

  /**
   * The row is complete; `byteSize` is the length of its cells in bytes, hidden ones included, as `RecordBatch.byteSize`
   * counts.
   */
  endRow(byteSize: number): void {
    this.#rowCount += 1
    this.#byteSize += byteSize
    if (this.#hiddenTypes.length > 0) this.#byteSize -= this.#hiddenBytes()
  }

  /** The row that was ended last, hidden cells included. Only when there is one. */
  lastRow(): Row {
    return lastRowOf(this.#cells(), [
      ...this.#schema.fields.map(({ type }) => type),
      ...this.#hiddenTypes,
    ])
  }

  #hiddenBytes(): number {
    let bytes = 0
    let at = this.boundCount - 2 * this.#hiddenTypes.length
    for (const type of this.#hiddenTypes) {
      const start = this.bounds[at] as number
      if (start >= 0) bytes += type === 'bool' ? 1 : (this.bounds[at + 1] as number) - start
      at += 2
    }
    return bytes
  }

  #cells(): TextCells {
    return {
      rowCount: this.#rowCount,
      fieldCount: this.#fieldCount,
      bytes: this.bytes,
      byteLength: this.length,
      bounds: this.bounds,
    }
  }

  #endCell(byteCount: number): void {
    this.bounds[this.boundCount] = this.length
    this.length += byteCount
    this.bounds[this.boundCount + 1] = this.length
    this.boundCount += 2
    this.bytes[this.length] = cellEnd
    this.length += 1
  }

  /** Hands out what was collected and begins a new batch. */
  take(position?: Position): TextBatch {
    const batch = new TextBatch({
      schema: this.#schema,
      cells: this.#cells(),
      byteSize: this.#byteSize,
      ...(position === undefined ? {} : { position }),
      onRelease: this.#release,
    })
    const memory = this.#kept.pop()
    this.bytes = memory?.bytes ?? Buffer.allocUnsafeSlow(this.bytes.length)
    this.bounds = memory?.bounds ?? new Int32Array(this.bounds.length)
    this.length = 0
    this.boundCount = 0
    this.#rowCount = 0
    this.#byteSize = 0
    return batch
  }
}
