import { byteLengthOfCell, type Cell } from '@millrace/core/record'
import { copyOf, utf8CellOf } from '../snapshot/result-decoder.ts'
import { unsignedAt, variableFormat, type CellFormat, type RowCursor } from './cell-reader.ts'

/** Turns the stored bytes of a text into its cell. */
export type TextDecoding = (bytes: Buffer, start: number, end: number) => Cell

/** Text or bytes with their length before them. */
export function textFormat(prefix: number, decoding: TextDecoding | 'utf8' | 'bytes'): CellFormat {
  if (decoding === 'utf8') return variableFormat(prefix, utf8Cell)
  if (decoding === 'bytes') return variableFormat(prefix, bytesCell)
  return variableFormat(prefix, (cursor, start, end) => {
    const cell = decoding(cursor.bytes, start, end)
    cursor.byteSize += byteLengthOfCell(cell)
    return cell
  })
}

/** BINARY(n): the log leaves out the zeros at the end. */
export function paddedFormat(prefix: number, length: number): CellFormat {
  return variableFormat(prefix, (cursor, start, end) => {
    const cell = new Uint8Array(length)
    cell.set(cursor.bytes.subarray(start, end))
    cursor.byteSize += length
    return cell
  })
}

/** ENUM: the number of the member; 0 is the empty text of a value that was refused. */
export function enumFormat(length: number, members: readonly Cell[]): CellFormat {
  const cells = ['', ...members]
  const sizes = cells.map((cell) => byteLengthOfCell(cell))
  return {
    read(cursor) {
      const index = unsignedAt(cursor.bytes, cursor.offset, length)
      cursor.offset += length
      const size = sizes[index]
      if (size === undefined) throw new RangeError(`an ENUM has no member of number ${index}`)
      cursor.byteSize += size
      return cells[index]
    },
    skip(cursor) {
      cursor.offset += length
    },
  }
}

/**
 * SET: one bit for each member; commas between.
 *
 * @param decoding - for a member that is no text by itself: then the whole is decoded
 */
export function setFormat(
  length: number,
  members: readonly Buffer[],
  decoding: TextDecoding,
): CellFormat {
  const cells = members.map((bytes) => decoding(bytes, 0, bytes.length))
  const areTexts = cells.every((cell) => typeof cell === 'string')
  return {
    read(cursor) {
      const { bytes, offset } = cursor
      const isIn = (index: number) => (bytes[offset + (index >> 3)]! & (1 << (index & 7))) !== 0
      cursor.offset += length
      const cell = areTexts
        ? cells.filter((_, index) => isIn(index)).join(',')
        : joinedCell(
            members.filter((_, index) => isIn(index)),
            decoding,
          )
      cursor.byteSize += byteLengthOfCell(cell)
      return cell
    },
    skip(cursor) {
      cursor.offset += length
    },
  }
}

function joinedCell(members: readonly Buffer[], decoding: TextDecoding): Cell {
  const joined = Buffer.from(members.map((bytes) => bytes.toString('latin1')).join(','), 'latin1')
  return decoding(joined, 0, joined.length)
}

/** Below this many bytes text is mostly ASCII and a loop beats the call into the runtime. */
const shortText = 24

function utf8Cell(cursor: RowCursor, start: number, end: number): Cell {
  cursor.byteSize += end - start
  const { bytes } = cursor
  if (end - start < shortText) {
    let at = start
    while (at < end && bytes[at]! < 0x80) at += 1
    if (at === end) return bytes.toString('latin1', start, end)
  }
  return utf8CellOf(bytes, start, end)
}

function bytesCell(cursor: RowCursor, start: number, end: number): Cell {
  cursor.byteSize += end - start
  return copyOf(cursor.bytes, start, end)
}
