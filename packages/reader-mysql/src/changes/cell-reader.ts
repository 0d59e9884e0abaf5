import type { Cell } from '@millrace/core/record'

/** A place in the bytes of a row event, moved on by whoever reads. One is shared by all rows, so that none is made per cell. */
export interface RowCursor {
  bytes: Buffer
  offset: number
  /** UTF-8 or binary length of the cells read since it was last set to 0. */
  byteSize: number
}

/** Reads one cell that is not NULL and moves the cursor behind it. */
export type CellReader = (cursor: RowCursor) => Cell

/** How the cells of one column are written in row events. */
export interface CellFormat {
  readonly read: CellReader
  /** Moves the cursor behind a cell that nobody wants. */
  readonly skip: (cursor: RowCursor) => void
}

/** Cells that always take `length` bytes. */
export function fixedFormat(
  length: number,
  cellAt: (bytes: Buffer, offset: number) => Cell,
): CellFormat {
  return {
    read(cursor) {
      const cell = cellAt(cursor.bytes, cursor.offset)
      cursor.offset += length
      cursor.byteSize += asciiLength(cell)
      return cell
    },
    skip(cursor) {
      cursor.offset += length
    },
  }
}

/** Cells with their length, of `prefix` bytes, before them. `cellOf` adds to `byteSize` itself. */
export function variableFormat(
  prefix: number,
  cellOf: (cursor: RowCursor, start: number, end: number) => Cell,
): CellFormat {
  return {
    read(cursor) {
      const start = cursor.offset + prefix
      const end = start + unsignedAt(cursor.bytes, cursor.offset, prefix)
      const cell = cellOf(cursor, start, end)
      cursor.offset = end
      return cell
    },
    skip(cursor) {
      cursor.offset += prefix + unsignedAt(cursor.bytes, cursor.offset, prefix)
    },
  }
}

/** A little-endian number of one to four bytes. */
export function unsignedAt(bytes: Buffer, offset: number, length: number): number {
  if (length === 1) return bytes[offset]!
  if (length === 2) return bytes[offset]! | (bytes[offset + 1]! << 8)
  const low = bytes[offset]! | (bytes[offset + 1]! << 8) | (bytes[offset + 2]! << 16)
  return length === 3 ? low : low + bytes[offset + 3]! * 0x100_0000
}

/** A big-endian number of one to six bytes. */
export function bigEndianAt(bytes: Buffer, offset: number, length: number): number {
  let value = 0
  for (let at = offset; at < offset + length; at += 1) value = value * 256 + bytes[at]!
  return value
}

function asciiLength(cell: Cell): number {
  if (typeof cell === 'string') return cell.length
  return cell instanceof Uint8Array ? cell.length : 1
}
