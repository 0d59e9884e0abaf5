import { bsonTypeOf } from '../documents/bson-document.ts'

/** The kinds of values that the BSON comparison order tells apart. */
export type OrderedType =
  | 'minKey'
  | 'undefined'
  | 'null'
  | 'number'
  | 'string'
  | 'object'
  | 'array'
  | 'binData'
  | 'objectId'
  | 'bool'
  | 'date'
  | 'timestamp'
  | 'regex'
  | 'javascript'
  | 'javascriptWithScope'
  | 'maxKey'

/**
 * First character of every order key, from https://www.mongodb.com/docs/manual/reference/bson-type-comparison-order/.
 */
export const typeCharacters: Readonly<Record<OrderedType, string>> = {
  minKey: '\x01',
  undefined: '\x02',
  null: '\x05',
  number: '\x0a',
  string: '\x0f',
  object: '\x14',
  array: '\x19',
  binData: '\x1e',
  objectId: '\x23',
  bool: '\x28',
  date: '\x2d',
  timestamp: '\x2f',
  regex: '\x32',
  javascript: '\x3c',
  javascriptWithScope: '\x41',
  maxKey: '\x7f',
}

export const objectIdType = typeCharacters.objectId

const ofClass: Readonly<Record<string, OrderedType>> = {
  Int32: 'number',
  Double: 'number',
  Long: 'number',
  Decimal128: 'number',
  BSONSymbol: 'string',
  Binary: 'binData',
  ObjectId: 'objectId',
  Timestamp: 'timestamp',
  BSONRegExp: 'regex',
  MinKey: 'minKey',
  MaxKey: 'maxKey',
  DBRef: 'object',
}

const ofPrimitive: Readonly<Record<string, OrderedType>> = {
  undefined: 'undefined',
  number: 'number',
  bigint: 'number',
  string: 'string',
  boolean: 'bool',
}

/**
 * @param value as the BSON library gives it
 * @returns its kind
 */
export function typeOrder(value: unknown): OrderedType {
  const primitive = ofPrimitive[typeof value]
  if (primitive !== undefined) return primitive
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  const bsonType = bsonTypeOf(value)
  if (bsonType === 'Code') {
    const scope: unknown = Reflect.get(Object(value), 'scope')
    return scope === null || scope === undefined ? 'javascript' : 'javascriptWithScope'
  }
  const known = bsonType === undefined ? undefined : ofClass[bsonType]
  if (known !== undefined) return known
  if (value instanceof Date) return 'date'
  if (value instanceof RegExp) return 'regex'
  return ArrayBuffer.isView(value) ? 'binData' : 'object'
}
