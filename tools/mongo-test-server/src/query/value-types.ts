import { bsonTypeOf } from '../documents/bson-document.ts'
import { typeOrder, type OrderedType } from '../order/type-order.ts'
import { missing } from './field-values.ts'

/** Names of BSON types by number: https://www.mongodb.com/docs/manual/reference/bson-types/. */
const namesByNumber: Readonly<Record<number, string>> = {
  1: 'double',
  2: 'string',
  3: 'object',
  4: 'array',
  5: 'binData',
  6: 'undefined',
  7: 'objectId',
  8: 'bool',
  9: 'date',
  10: 'null',
  11: 'regex',
  12: 'dbPointer',
  13: 'javascript',
  14: 'symbol',
  15: 'javascriptWithScope',
  16: 'int',
  17: 'timestamp',
  18: 'long',
  19: 'decimal',
  [-1]: 'minKey',
  127: 'maxKey',
}

const ofNumberClass: Readonly<Record<string, string>> = {
  Int32: 'int',
  Long: 'long',
  Double: 'double',
  Decimal128: 'decimal',
  BSONSymbol: 'symbol',
}

/**
 * @param value
 * @returns the name of its BSON type, as `$type` gives it
 */
export function bsonTypeName(value: unknown): string {
  if (value === missing) return 'missing'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'double'
  if (typeof value === 'bigint') return 'long'
  return ofNumberClass[bsonTypeOf(value) ?? ''] ?? typeOrder(value)
}

/**
 * @param wanted name or number of a type, or a list of them
 * @returns names; `number` stands for the four types of numbers
 */
export function typeNames(wanted: unknown): ReadonlySet<string> {
  const list = Array.isArray(wanted) ? wanted : [wanted]
  const names = list.map((item) =>
    typeof item === 'string' ? item : (namesByNumber[Number(item)] ?? String(item)),
  )
  const all = names.flatMap((name) =>
    name === 'number' ? ['int', 'long', 'double', 'decimal'] : [name],
  )
  return new Set(all)
}

const wholeTypes: Readonly<Record<string, OrderedType>> = {
  number: 'number',
  string: 'string',
  object: 'object',
  binData: 'binData',
  objectId: 'objectId',
  bool: 'bool',
  date: 'date',
  null: 'null',
  timestamp: 'timestamp',
}

/**
 * @param wanted the argument of `$type`
 * @returns the stretch of the comparison order it stands for, where it is one
 */
export function orderedTypeOf(wanted: unknown): OrderedType | undefined {
  const single: unknown = Array.isArray(wanted) && wanted.length === 1 ? wanted[0] : wanted
  if (Array.isArray(single)) return undefined
  const name = typeof single === 'string' ? single : namesByNumber[Number(single)]
  return name === undefined ? undefined : wholeTypes[name]
}
