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
import { compileTextField, writeTextFields, type TextField } from '../encode/text-command.ts'
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
 * Compiles the way from text cells to `HSET` and `HDEL` without a string in between; `undefined` when there is more to do:
 * other outputs, expiries, columns that have to be converted.
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
  const isCopied = (index: number) => texts[index] === plainText
  const key = textKey(keyPieces(output, schema), isCopied)
  const fields = fieldsOf(output, schema).map(({ column, name }) => ({
    name,
    index: positionOf(schema, column),
  }))
  if (key === undefined || !fields.every(({ index }) => isCopied(index))) return undefined
  return compileWrite(key, fields)
}

function compileWrite(
  key: TextArgument,
  columns: readonly { readonly name: string; readonly index: number }[],
): TextHash {
  const fields = columns.map(({ name, index }) => compileTextField(name, index))
  const setHeads = columns.map((_, at) =>
    viewOf(Buffer.from(arrayHeader(4 + 2 * at) + constantBulk('HSET'))),
  )
  const deleteHeads = columns.map((_, at) =>
    viewOf(Buffer.from(arrayHeader(3 + at) + constantBulk('HDEL'))),
  )
  let frameBytes = 2 * (32 + argumentFrameBytes)
  for (const { name } of fields) frameBytes += name.byteLength + argumentFrameBytes
  return (cells, row, writer) => {
    const base = 2 * row * cells.fieldCount
    const keyLength = lengthOfArgument(key, cells, base)
    if (keyLength <= 0) return 0
    let count = 0
    let total = frameBytes + 2 * keyLength
    for (let at = 0; at < fields.length; at += 1) {
      const bound = base + 2 * (fields[at] as TextField).index
      const start = cells.bounds[bound] as number
      if (start < 0) continue
      count += 1
      total += (cells.bounds[bound + 1] as number) - start
    }
    writer.reserve(total)
    const target = writer.view
    if (count > 0) {
      const start = copyView(setHeads[count - 1] as DataView, target, writer.at)
      const keyEnd = writeArgument(key, keyLength, cells, base, target, start)
      writer.at = writeTextFields(fields, cells, base, target, keyEnd)
    }
    const nulls = fields.length - count
    if (nulls === 0) return 1
    const start = copyView(deleteHeads[nulls - 1] as DataView, target, writer.at)
    let to = writeArgument(key, keyLength, cells, base, target, start)
    for (let at = 0; at < fields.length; at += 1) {
      const { index, name } = fields[at] as TextField
      if ((cells.bounds[base + 2 * index] as number) < 0) to = copyView(name, target, to)
    }
    writer.at = to
    return count > 0 ? 2 : 1
  }
}

function copyView(view: DataView, target: DataView, to: number): number {
  return copyBytes(view, 0, view.byteLength, target, to)
}
