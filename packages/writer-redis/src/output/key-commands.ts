import {
  isJsonNull,
  type OperationCode,
  type Row,
  type RowError,
  type TableSchema,
} from '@millrace/core/record'
import { isRowError, utf8Text, type CellText } from '../encode/cell-text.ts'
import type { RowText } from '../encode/joined-text.ts'
import {
  compileField,
  countFields,
  hashHeads,
  writeFields,
  type CompiledField,
} from '../encode/row-hash.ts'
import { isScore } from '../encode/score.ts'
import { arrayHeader, constantBulk, type RespWriter } from '../resp/resp-writer.ts'
import type { ArgumentText } from './writer-output.ts'

/** Writes the commands of a row; gives how many they are, or why the row is dirty (a half command may stand there then). */
export type WriteRow = (
  row: Row,
  key: ArgumentText,
  writer: RespWriter,
  operation: OperationCode,
) => number | RowError

/** A field that is written as text. */
export interface TextField {
  readonly name: string
  readonly index: number
}

/** Columns of one schema, compiled. */
export interface Columns {
  readonly schema: TableSchema
  readonly texts: readonly CellText[]
}

/** Only JSON tells a field that is null from one that is not there. */
function withoutNullFields(write: WriteRow, { schema }: Columns): WriteRow {
  if (schema.documents === undefined) return write
  return (row, ...others) =>
    write(
      row.some(isJsonNull) ? row.map((cell) => (isJsonNull(cell) ? null : cell)) : row,
      ...others,
    )
}

const otherFieldsHead =
  constantBulk('EVAL') +
  constantBulk(`if redis.call('TYPE',KEYS[1]).ok~='hash' then return 0 end
local kept={} for _,name in ipairs(ARGV) do kept[name]=true end
for _,name in ipairs(redis.call('HKEYS',KEYS[1])) do
if not kept[name] then redis.call('HDEL',KEYS[1],name) end end
return 0`) +
  constantBulk('1')

/** With more fields missing than that, a script that is told those that are there is the shorter command. */
const maxNamedMissing = 64

/** Removes all fields but those of the document, whatever their names; then writes it. */
function compileReplacement(fields: readonly TextField[], columns: Columns): WriteRow {
  const names = fields.map(({ name }) => constantBulk(name))
  const write = compileFieldWrite(fields, columns)
  return (row, key, writer, operation) => {
    let kept = 0
    let text = ''
    for (let at = 0; at < fields.length; at += 1) {
      const cell = row[(fields[at] as TextField).index]
      if (cell === null || isJsonNull(cell)) continue
      kept += 1
      text += names[at] as string
    }
    writer.text += arrayHeader(4 + kept) + otherFieldsHead
    writer.argument(key)
    writer.text += text
    // What is missing is gone already.
    const present = row.map((cell) => (cell === null || isJsonNull(cell) ? undefined : cell))
    const written = write(present, key, writer, operation)
    return typeof written === 'number' ? written + 1 : written
  }
}

/**
 * `HSET` of the fields that have a value and `HDEL` of those that are null: nothing stale stays, and what was not sent does.
 *
 * @param options `isWhole`: the hash has the fields of the document and no others; else others may write to it, too
 */
export function compileHashWrite(
  fields: readonly TextField[],
  columns: Columns,
  { isWhole }: { readonly isWhole: boolean },
): WriteRow {
  const write = withoutNullFields(compileFieldWrite(fields, columns), columns)
  const { documents } = columns.schema
  if (documents === undefined || !isWhole) return write
  const replace = compileReplacement(fields, columns)
  const mayMissMany = fields.length > maxNamedMissing
  return (row, key, writer, operation) => {
    const replaces =
      (documents === 'replacement' && (operation === 'u' || operation === 'r')) ||
      (mayMissMany && missingIn(row, fields) > maxNamedMissing)
    return replaces ? replace(row, key, writer, operation) : write(row, key, writer, operation)
  }
}

function missingIn(row: Row, fields: readonly TextField[]): number {
  let count = 0
  for (let at = 0; at < fields.length; at += 1)
    if (row[(fields[at] as TextField).index] === null) count += 1
  return count
}

function compileFieldWrite(fields: readonly TextField[], columns: Columns): WriteRow {
  const compiled = fields.map((field) => compileTextField(field, columns))
  const heads = hashHeads(fields.length)
  const names = fields.map(({ name }) => constantBulk(name))
  const deleteHeads = fields.map((_, count) => arrayHeader(3 + count) + constantBulk('HDEL'))
  return (row, key, writer) => {
    let nulls = 0
    let values = 0
    for (let at = 0; at < compiled.length; at += 1) {
      const cell = row[(compiled[at] as CompiledField).index]
      if (cell === null) nulls += 1
      else if (cell !== undefined) values += 1
    }
    if (values > 0) {
      writer.text += heads[values] as string
      writer.argument(key)
      writeFields(compiled, row, writer)
    }
    if (nulls === 0) return values > 0 ? 1 : 0
    writer.text += deleteHeads[nulls - 1] as string
    writer.argument(key)
    for (let at = 0; at < compiled.length; at += 1)
      if (row[(compiled[at] as CompiledField).index] === null) writer.text += names[at] as string
    return values > 0 ? 2 : 1
  }
}

function compileTextField({ name, index }: TextField, { texts }: Columns): CompiledField {
  return compileField({ name, column: { index, name, text: texts[index] as CellText } })
}

/** `XADD key [MAXLEN ~ n] * field value … op_code code`; what is null or was not sent is left out. */
export function compileStreamWrite(
  fields: readonly TextField[],
  columns: Columns,
  maxLength: number | undefined,
): WriteRow {
  const compiled = fields.map((field) => compileTextField(field, columns))
  const trim = maxLength === undefined ? [] : ['MAXLEN', '~', String(maxLength)]
  const id = [...trim, '*'].map(constantBulk).join('')
  const command = constantBulk('XADD')
  // The name, the key, the id and the operation code.
  const fixed = 5 + trim.length
  const heads = [0, ...fields].map((_, count) => arrayHeader(fixed + 2 * count) + command)
  const tailOf = (code: OperationCode) => constantBulk('op_code') + constantBulk(code)
  const tails = { r: tailOf('r'), c: tailOf('c'), u: tailOf('u'), d: tailOf('d') }
  const write: WriteRow = (row, key, writer, operation) => {
    writer.text += heads[countFields(compiled, row)] as string
    writer.argument(key)
    writer.text += id
    writeFields(compiled, row, writer)
    writer.text += tails[operation]
    return 1
  }
  return withoutNullFields(write, columns)
}

/** A command of a key and a member: `SADD`, `SREM`, `ZREM`. */
export function compileMemberCommand(name: string, member: RowText): WriteRow {
  const head = arrayHeader(3) + constantBulk(name)
  return (row, key, writer) => {
    const text = member(row)
    if (isRowError(text)) return text
    writer.text += head
    writer.argument(key)
    writer.argument(text)
    return 1
  }
}

/** `ZADD key score member`. */
export function compileZsetWrite(score: RowText, member: RowText, scoreName: string): WriteRow {
  const head = arrayHeader(4) + constantBulk('ZADD')
  const badScore: RowError = {
    code: 'BAD_SCORE',
    message: `column "${scoreName}" is not a score: expected a decimal number, inf or -inf`,
  }
  return (row, key, writer) => {
    const text = score(row)
    if (isRowError(text)) return text
    const scoreText = typeof text === 'string' ? text : utf8Text(text)
    if (scoreText === undefined || !isScore(scoreText)) return badScore
    const memberText = member(row)
    if (isRowError(memberText)) return memberText
    writer.text += head
    writer.argument(key)
    writer.argument(scoreText)
    writer.argument(memberText)
    return 1
  }
}

/** `SET key value`; a null value deletes the key, as a null field is deleted of a hash. */
export function compileStringWrite(index: number, columns: Columns): WriteRow {
  const head = arrayHeader(3) + constantBulk('SET')
  const text = columns.texts[index] as CellText
  const write: WriteRow = (row, key, writer) => {
    const cell = row[index]
    if (cell === undefined) return 0
    const value = text(cell)
    if (value === null) return writeDelete(row, key, writer, 'u')
    writer.text += head
    writer.argument(key)
    writer.argument(value)
    return 1
  }
  return withoutNullFields(write, columns)
}

const deleteHead = arrayHeader(2) + constantBulk('DEL')

/** `DEL key`. */
export const writeDelete: WriteRow = (_, key, writer) => {
  writer.text += deleteHead
  writer.argument(key)
  return 1
}
