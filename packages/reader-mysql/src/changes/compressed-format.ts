import { inflateRawSync } from 'node:zlib'
import { copyOf } from '../snapshot/result-decoder.ts'
import { byteLengthOfCell } from '@millrace/core/record'
import { bigEndianAt, variableFormat, type CellFormat } from './cell-reader.ts'
import type { TextDecoding } from './text-formats.ts'

/**
 * Columns of MariaDB that are declared COMPRESSED: a byte of method and length, the length of what is inside, then a raw deflate
 * stream; a first byte 0 says that the rest is as it is. Source: MariaDB, sql/field_comp.cc.
 */
export function compressedFormat(
  prefix: number,
  decoding: TextDecoding | 'utf8' | 'bytes',
): CellFormat {
  return variableFormat(prefix, (cursor, start, end) => {
    const inner = start === end ? Buffer.alloc(0) : inflated(cursor.bytes, start, end)
    const cell =
      decoding === 'utf8'
        ? inner.toString('utf8')
        : decoding === 'bytes'
          ? copyOf(inner, 0, inner.length)
          : decoding(inner, 0, inner.length)
    cursor.byteSize += byteLengthOfCell(cell)
    return cell
  })
}

function inflated(bytes: Buffer, start: number, end: number): Buffer {
  const first = bytes[start]!
  if (first === 0) return bytes.subarray(start + 1, end)
  const lengthBytes = first & 7
  const length = bigEndianAt(bytes, start + 1, lengthBytes)
  const inner = bytes.subarray(start + 1 + lengthBytes, end)
  return inflateRawSync(inner, { maxOutputLength: Math.max(length, 1) })
}
