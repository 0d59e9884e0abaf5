import type { Row, RowError } from '@millrace/core/record'
import type { JsonType } from '../config/writer-config.ts'
import { utf8Text } from './cell-text.ts'
import { invalidUtf8, type JoinedColumn, type RowText } from './joined-text.ts'

/** A column of a JSON value: where it comes from, its name there and its type. */
export interface JsonColumn {
  readonly column: JoinedColumn
  readonly name: string
  readonly type: JsonType
}

/**
 * A JSON object of the columns in the order given, compact. Numbers keep their digits: they never pass through a
 * JavaScript number. NULL is `null`.
 */
export function compileJsonValue(columns: readonly JsonColumn[]): RowText {
  const parts = columns.map((column, at) => jsonPart(column, at === 0 ? '{' : ','))
  return (row) => {
    let json = ''
    for (let at = 0; at < parts.length; at += 1) {
      const text = (parts[at] as JsonPart)(row)
      if (typeof text !== 'string') return text
      json += text
    }
    return `${json}}`
  }
}

type JsonPart = (row: Row) => string | RowError

function jsonPart({ column, name, type }: JsonColumn, before: string): JsonPart {
  const { index, text } = column
  const label = `${before}${JSON.stringify(name)}:`
  const notUtf8 = invalidUtf8(column.name)
  const unfit: RowError = {
    code: 'BAD_JSON_VALUE',
    message: `column "${column.name}" cannot be written as ${type} in the JSON value`,
  }
  return (row) => {
    const cell = text(row[index])
    if (cell === null) return `${label}null`
    const plain = typeof cell === 'string' ? cell : utf8Text(cell)
    if (plain === undefined) return notUtf8
    const json = jsonText(plain, type)
    return json === undefined ? unfit : label + json
  }
}

const integer = /^-?\d+$/
const looseInteger = /^[+-]?\d+$/
const jsonInteger = /^-?(?:0|[1-9]\d*)$/
const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const looseNumber = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

/** A value as JSON of a type; `undefined` when it is none of that type. */
export function jsonText(text: string, type: JsonType): string | undefined {
  switch (type) {
    case 'string':
      return JSON.stringify(text)
    case 'bool':
      return booleanText(text)
    case 'int':
    case 'long':
      if (jsonInteger.test(text)) return text
      return looseInteger.test(text) ? String(BigInt(text)) : undefined
    case 'double':
      if (jsonNumber.test(text)) return text
      return looseNumber.test(text) ? tidyNumber(text) : undefined
  }
}

function booleanText(text: string): string | undefined {
  const lower = text.toLowerCase()
  if (lower === 'true' || lower === 'false') return lower
  // A tinyint that means a truth value.
  return integer.test(text) ? String(BigInt(text) !== 0n) : undefined
}

/** Writes `.5`, `5.`, `+5` and `007` as JSON wants them, digit by digit. */
function tidyNumber(text: string): string {
  const match = /^([+-]?)(\d*)\.?(\d*)([eE][+-]?\d+)?$/.exec(text)
  const [, sign = '', whole = '', fraction = '', exponent = ''] = match ?? []
  const digits = whole.replace(/^0+(?=\d)/, '') || '0'
  return `${sign === '-' ? '-' : ''}${digits}${fraction === '' ? '' : `.${fraction}`}${exponent}`
}
