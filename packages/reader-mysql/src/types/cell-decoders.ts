import type { Cell } from '@millrace/core/record'
import type { ColumnDefinition } from '../connection/source-connection.ts'
import {
  copyOf,
  utf8CellOf,
  type CellDecoder,
  type ColumnHeader,
} from '../snapshot/result-decoder.ts'
import { floatTextOf } from './float-text.ts'
import { isZerofill, wireFormOf } from './native-types.ts'
import { decoderLabelOf } from './charset-labels.ts'
import { strictDecoder, type StrictDecoder } from './strict-decoder.ts'

const leadingZeros = /^(-?)0+(?=\d)/

/**
 * The decoder for the cells of a column. `isFloat`: the column is a FLOAT that is asked for as a double.
 *
 * @param encoding - the job's encoding, when text comes as it is stored; else `undefined`
 * @returns `undefined` when the answer's column no longer has the form it was described with
 */
export function cellDecoderOf(
  column: ColumnDefinition,
  header: ColumnHeader,
  options: { readonly isFloat: boolean; readonly encoding?: string },
): CellDecoder | undefined {
  const form = wireFormOf(header.type, header.charset)
  if (form !== wireFormOf(column.columnType, column.characterSet)) return undefined
  if (options.isFloat) return floatCellOf
  switch (form) {
    case 'ascii':
      return isZerofill(column) ? zerofillCellOf : 'copied'
    case 'json':
      return 'copied'
    case 'text':
      return options.encoding === undefined
        ? 'copied'
        : textDecoderOf(header.charset, options.encoding)
    case 'bytes':
      return 'copied'
    case 'bit':
      return column.columnLength === 1 ? boolCellOf : 'copied'
  }
}

function boolCellOf(chunk: Buffer, _start: number, end: number): Cell {
  return chunk[end - 1] === 1
}

function zerofillCellOf(chunk: Buffer, start: number, end: number): Cell {
  return chunk.toString('latin1', start, end).replace(leadingZeros, '$1')
}

function floatCellOf(chunk: Buffer, start: number, end: number): Cell {
  return floatTextOf(chunk.toString('latin1', start, end))
}

/**
 * A decoder for text that comes as it is stored, in a job that declares an encoding. Columns in a character set that
 * takes any byte (latin1 and the like) hold text in the job's encoding; columns of another character set hold what
 * they declare; in UTF-8 columns what is not UTF-8 is taken for the job's encoding. Text that is valid in neither
 * arrives as bytes.
 */
export function textDecoderOf(
  charset: number,
  encoding: string,
): (chunk: Buffer, start: number, end: number) => Cell {
  const label = decoderLabelOf(charset)
  const declared = strictDecoder(encoding)
  if (label === 'utf-8') {
    return (chunk, start, end) => {
      const cell = utf8CellOf(chunk, start, end)
      return typeof cell === 'string' ? cell : decoded(declared, cell)
    }
  }
  const decoder = label === undefined ? declared : strictDecoder(label)
  return (chunk, start, end) => decoded(decoder, copyOf(chunk, start, end))
}

function decoded(decoder: StrictDecoder, bytes: Uint8Array): Cell {
  try {
    return decoder.decode(bytes)
  } catch {
    return bytes
  }
}
