import type { Cell } from '@millrace/core/record'
import type { CellConfig } from './config-schema.ts'

/** Types of a column, as DataX names them. */
export const columnTypes = ['string', 'long', 'double', 'date', 'bool', 'bytes'] as const
export type ColumnType = (typeof columnTypes)[number]

const integerText = /^[+-]?\d+$/
const decimalText = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

/**
 * Makes a cell of what the job file has, for every type but `date`.
 *
 * @throws RangeError saying what was expected
 */
export function parseCell(type: Exclude<ColumnType, 'date'>, value: CellConfig): Cell {
  if (value === null) return null
  if (typeof value === 'object') return parseBytes(type, value.$bytes)
  switch (type) {
    case 'string':
      return String(value)
    case 'long':
      return parseLong(value)
    case 'double':
      return parseDouble(value)
    case 'bool':
      return parseBool(value)
    case 'bytes':
      return Buffer.from(String(value))
  }
}

function parseBytes(type: ColumnType, base64: string): Cell {
  if (type !== 'bytes') throw new RangeError(`expected a value of type ${type}, found bytes`)
  return Buffer.from(base64, 'base64')
}

function parseLong(value: string | number | boolean): string {
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new RangeError(`${value} is beyond 2^53 and has lost digits: put it in quotes`)
  }
  const text = String(value).trim()
  if (!integerText.test(text)) throw new RangeError('expected an integer')
  return BigInt(text.replace('+', '')).toString()
}

/** Keeps the digits as they are written, so that `1.50` stays `1.50`. */
function parseDouble(value: string | number | boolean): string {
  const text = String(value).trim()
  if (/^(?:NaN|[+-]?Infinity)$/.test(text)) return text.replace('+', '')
  if (!decimalText.test(text)) throw new RangeError('expected a number')
  return text.replace(/^\+/, '')
}

/** Whether a number is plain digits, which a `decimal` column can hold; exponents and NaN need a `float` column. */
export function isPlainDecimal(text: string): boolean {
  return /^-?\d+(?:\.\d+)?$/.test(text)
}

function parseBool(value: string | number | boolean): boolean {
  const text = String(value).trim().toLowerCase()
  if (text !== 'true' && text !== 'false') throw new RangeError('expected true or false')
  return text === 'true'
}
