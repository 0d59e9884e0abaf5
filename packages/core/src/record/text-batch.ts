import { isAscii, isUtf8 } from 'node:buffer'
import type { Cell, Row } from './cell.ts'
import type { Position, RecordBatch } from './record-batch.ts'
import type { LogicalType, TableSchema } from './table-schema.ts'
import type { TextCells } from './text-cells.ts'

/** From this length on a native scan beats a loop. */
const longCell = 200
const letterT = 0x74

/** What a {@link TextBatch} is made of. */
export interface TextBatchOptions {
  /** The columns of the rows. */
  readonly schema: TableSchema
  /** All cells; they belong to the batch until its release. */
  readonly cells: TextCells
  /** As `RecordBatch.byteSize`. */
  readonly byteSize: number
  /** As `RecordBatch.position`. */
  readonly position?: Position
  /** Takes the memory of the cells back. */
  onRelease(cells: TextCells): void
}

/**
 * A batch whose cells are text in memory; rows are made of them when somebody asks. Rows may be edited in place, so
 * `text` is gone once `rows` was taken. Made by `TextBatchBuilder`.
 */
export class TextBatch implements RecordBatch {
  /** The columns of the rows. */
  readonly schema: TableSchema
  /** Bytes of all cells as read. */
  readonly byteSize: number
  /** How many rows there are; makes none of them. */
  readonly rowCount: number
  /** Behind the last row, where positions were asked for. */
  readonly position?: Position
  #cells: TextCells | undefined
  #rows: Row[] | undefined
  readonly #onRelease: (cells: TextCells) => void

  /** Takes the cells over. */
  constructor(options: TextBatchOptions) {
    this.schema = options.schema
    this.byteSize = options.byteSize
    this.rowCount = options.cells.rowCount
    if (options.position !== undefined) this.position = options.position
    this.#cells = options.cells
    this.#onRelease = (cells) => options.onRelease(cells)
  }

  /** The cells as text, until `rows` is taken or the batch is released. */
  get text(): TextCells | undefined {
    return this.#rows === undefined ? this.#cells : undefined
  }

  /**
   * Made when first asked for; takes the place of `text`.
   *
   * @throws Error when it is first asked for behind `release`
   */
  get rows(): Row[] {
    if (this.#rows !== undefined) return this.#rows
    if (this.#cells === undefined)
      throw new Error('the rows of a batch were asked for after its release')
    this.#rows = rowsOf(this.#cells, this.schema)
    return this.#rows
  }

  /** Gives the cells back. Called a second time it does nothing. */
  release(): void {
    const cells = this.#cells
    this.#cells = undefined
    if (cells !== undefined) this.#onRelease(cells)
  }
}

/** Makes rows of cells. Text that is all ASCII is cut from one string: a call per cell would cost twice as much. */
export function rowsOf(cells: TextCells, schema: TableSchema): Row[] {
  const { rowCount, fieldCount } = cells
  const bytes = Buffer.from(cells.bytes.buffer, cells.bytes.byteOffset, cells.byteLength)
  const text = bytes.toString('latin1')
  const isPlain = isAscii(bytes)
  const types = schema.fields.map(({ type }) => type)
  const rows: Row[] = []
  for (let row = 0; row < rowCount; row += 1)
    rows.push(rowOf({ bytes, text, isPlain }, cells.bounds, 2 * row * fieldCount, types))
  return rows
}

/** The last row of the cells, with a type for every cell, also those behind the fields. */
export function lastRowOf(
  { rowCount, fieldCount, bytes, byteLength, bounds }: TextCells,
  types: readonly LogicalType[],
): Row {
  const base = 2 * (rowCount - 1) * fieldCount
  const start = Math.max(0, firstStart(bounds, base, fieldCount))
  const used = Buffer.from(bytes.buffer, bytes.byteOffset + start, byteLength - start)
  const moved = bounds.slice(base, base + 2 * fieldCount).map((at) => (at < 0 ? at : at - start))
  const memory = { bytes: used, text: used.toString('latin1'), isPlain: isAscii(used) }
  return rowOf(memory, moved, 0, types)
}

function firstStart(bounds: Int32Array, base: number, fieldCount: number): number {
  for (let at = base; at < base + 2 * fieldCount; at += 2)
    if ((bounds[at] as number) >= 0) return bounds[at] as number
  return 0
}

interface CellMemory {
  readonly bytes: Buffer
  /** The same as Latin-1. */
  readonly text: string
  /** Whether all of it is ASCII. */
  readonly isPlain: boolean
}

function rowOf(
  { bytes, text, isPlain }: CellMemory,
  bounds: Int32Array,
  base: number,
  types: readonly LogicalType[],
): Row {
  // oxlint-disable-next-line unicorn/no-new-array -- a row of its final length; growing one costs twice
  const row: Row = new Array<Cell>(types.length)
  for (let field = 0, at = base; field < types.length; field += 1, at += 2) {
    const start = bounds[at] as number
    const end = bounds[at + 1] as number
    const type = types[field]
    if (start < 0) row[field] = null
    else if (type === 'bool') row[field] = bytes[start] === letterT
    else if (type === 'bytes') row[field] = new Uint8Array(bytes.subarray(start, end))
    else if (isPlain || isAsciiBetween(bytes, start, end)) row[field] = text.slice(start, end)
    else row[field] = textCellOf(bytes, start, end)
  }
  return row
}

function isAsciiBetween(bytes: Buffer, start: number, end: number): boolean {
  if (end - start >= longCell) return isAscii(bytes.subarray(start, end))
  for (let at = start; at < end; at += 1) {
    if ((bytes[at] as number) > 0x7f) return false
  }
  return true
}

/** Text, or a copy of the bytes when they are not valid UTF-8. */
function textCellOf(bytes: Buffer, start: number, end: number): string | Uint8Array {
  const text = bytes.toString('utf8', start, end)
  const isDoubtful = text.includes('\ufffd')
  return isDoubtful && !isUtf8(bytes.subarray(start, end))
    ? new Uint8Array(bytes.subarray(start, end))
    : text
}
