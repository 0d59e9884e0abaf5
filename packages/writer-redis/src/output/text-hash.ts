import type { TableSchema } from '@millrace/core/record'
import { plainText } from '../encode/cell-text.ts'
import {
  copyBytes,
  argumentFrameBytes,
  lengthOfArgument,
  viewOf,
  writeArgument,
  type CellSource,
  type TextArgument,
} from '../encode/text-argument.ts'
import { TextFields } from '../encode/text-fields.ts'
import { arrayHeader, constantBulk, type RespWriter } from '../resp/resp-writer.ts'
import { fieldsOf, textsOf } from './compile-output.ts'
import { keyPieces, positionOf, textKey } from './output-key.ts'
import type { WriterOutput } from './writer-output.ts'

/**
 * Writes the commands of one row whose cells are text in memory already; gives how many they are. 0: nothing was written,
 * because the row is dirty or unusual; the encoder of rows has to see to it.
 */
export type TextHash = (cells: CellSource, row: number, writer: RespWriter) => number

/**
 * Compiles the way from text cells to `HSET` and `HDEL` without rows in between; `undefined` when there is more to do: other
 * outputs, expiries, key columns that have to be converted.
 *
 * Performance: as fast as the hash rows of a DataWorks job; the test compares its bytes with those of the encoder of rows.
 */
export function compileTextHash(
  outputs: readonly WriterOutput[],
  schema: TableSchema,
): TextHash | undefined {
  const [output] = outputs
  if (output === undefined || outputs.length !== 1) return undefined
  if (output.type !== 'hash' || output.expire !== undefined) return undefined
  const texts = textsOf(output, schema)
  const key = textKey(keyPieces(output, schema), (index) => texts[index] === plainText)
  const columns = fieldsOf(output, schema).map(({ column, name }) => ({
    name,
    index: positionOf(schema, column),
  }))
  return key && compileWrite(key, new TextFields(columns, schema, texts))
}

function compileWrite(key: TextArgument, fields: TextFields): TextHash {
  const counts = Array.from({ length: fields.size }, (_, at) => at)
  const setHeads = counts.map((at) =>
    viewOf(Buffer.from(arrayHeader(4 + 2 * at) + constantBulk('HSET'))),
  )
  const deleteHeads = counts.map((at) =>
    viewOf(Buffer.from(arrayHeader(3 + at) + constantBulk('HDEL'))),
  )
  const headBytes = 2 * (32 + argumentFrameBytes)
  return (cells, row, writer) => {
    const base = 2 * row * cells.fieldCount
    const keyLength = lengthOfArgument(key, cells, base)
    if (keyLength <= 0 || !fields.measure(cells, base)) return 0
    writer.reserve(headBytes + 2 * keyLength + fields.maxBytes)
    const target = writer.view
    const { count } = fields
    if (count > 0) {
      const start = copyView(setHeads[count - 1] as DataView, target, writer.at)
      const keyEnd = writeArgument(key, keyLength, cells, base, target, start)
      writer.at = fields.write(cells, base, target, keyEnd)
    }
    const nulls = fields.size - count
    if (nulls === 0) return 1
    const start = copyView(deleteHeads[nulls - 1] as DataView, target, writer.at)
    const keyEnd = writeArgument(key, keyLength, cells, base, target, start)
    writer.at = fields.writeNullNames(cells, base, target, keyEnd)
    return count > 0 ? 2 : 1
  }
}

function copyView(view: DataView, target: DataView, to: number): number {
  return copyBytes(view, 0, view.byteLength, target, to)
}
