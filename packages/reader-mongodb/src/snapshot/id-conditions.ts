import type { Document } from 'mongodb'
import { bsonType } from '../types/bson-types.ts'
import { driverValueOf, type IdValue } from './id-value.ts'

/** A bound of a range of `_id`. */
export interface IdBound {
  readonly value: IdValue
  readonly isIncluded: boolean
}

/** A part of a collection by `_id`; an absent bound is open. */
export interface IdRange {
  readonly lower?: IdBound
  readonly upper?: IdBound
}

/**
 * The types that `_id` can have, in the order in which MongoDB compares values of different types ("Comparison/Sort Order" of its
 * manual), as `$type` calls them. Those of one entry compare with each other.
 */
const brackets: readonly (readonly {
  readonly alias: string
  readonly types: readonly number[]
}[])[] = [
  [{ alias: 'minKey', types: [bsonType.minKey] }],
  [{ alias: 'null', types: [bsonType.null] }],
  [
    {
      alias: 'number',
      types: [bsonType.int, bsonType.long, bsonType.double, bsonType.decimal],
    },
  ],
  [
    { alias: 'string', types: [bsonType.string] },
    { alias: 'symbol', types: [bsonType.symbol] },
  ],
  [{ alias: 'object', types: [bsonType.object] }],
  [{ alias: 'binData', types: [bsonType.binary] }],
  [{ alias: 'objectId', types: [bsonType.objectId] }],
  [{ alias: 'bool', types: [bsonType.bool] }],
  [{ alias: 'date', types: [bsonType.date] }],
  [{ alias: 'timestamp', types: [bsonType.timestamp] }],
  [{ alias: 'dbPointer', types: [bsonType.dbPointer] }],
  [{ alias: 'javascript', types: [bsonType.code] }],
  [{ alias: 'javascriptWithScope', types: [bsonType.codeWithScope] }],
  [{ alias: 'maxKey', types: [bsonType.maxKey] }],
]

const singleValued = new Set<number>([bsonType.minKey, bsonType.null, bsonType.maxKey])
const numberBracket = 2

/** Whether `_id` can have the type, so that a range can begin or end there. */
export function isIdType(type: number): boolean {
  return bracketOf(type) >= 0
}

/**
 * Conditions on `_id` that, one after the other, select every document of the range exactly once, in the order of `_id`. A comparison of the
 * query language only selects values of the type of its operand, so that a range that crosses types takes several. `undefined`
 * stands for no condition.
 */
export function idConditions({ lower, upper }: IdRange): readonly (Document | undefined)[] {
  if (lower === undefined && upper === undefined) return [undefined]
  const first = lower === undefined ? -1 : bracketOf(lower.value.type)
  const last = upper === undefined ? brackets.length : bracketOf(upper.value.type)
  if (lower !== undefined && upper !== undefined && first === last) return within(lower, upper)
  const between = brackets.slice(first + 1, last).flat()
  const aliases = between.map(({ alias }) => alias)
  return [
    ...(lower === undefined ? [] : from(lower)),
    ...(aliases.length === 0 ? [] : [{ $type: aliases }]),
    ...(upper === undefined ? [] : upTo(upper)),
  ]
}

function bracketOf(type: number): number {
  return brackets.findIndex((types) => types.some((entry) => entry.types.includes(type)))
}

function typeCondition(type: number): Document {
  return { $type: (brackets[bracketOf(type)] ?? []).map(({ alias }) => alias) }
}

/** The rest of the bracket that the bound is in, upwards. */
function from({ value, isIncluded }: IdBound): readonly Document[] {
  if (singleValued.has(value.type)) return isIncluded ? [typeCondition(value.type)] : []
  if (isNan(value)) return isIncluded ? [typeCondition(value.type)] : [{ $gte: -Infinity }]
  return [{ [isIncluded ? '$gte' : '$gt']: driverValueOf(value) }]
}

/** The bracket that the bound is in, up to it. NaN comes before every other number, and no comparison selects it. */
function upTo({ value, isIncluded }: IdBound): readonly Document[] {
  if (singleValued.has(value.type)) return isIncluded ? [typeCondition(value.type)] : []
  if (isNan(value)) return isIncluded ? [{ $eq: NaN }] : []
  const condition = { [isIncluded ? '$lte' : '$lt']: driverValueOf(value) }
  return bracketOf(value.type) === numberBracket ? [{ $eq: NaN }, condition] : [condition]
}

function within(lower: IdBound, upper: IdBound): readonly Document[] {
  if (singleValued.has(lower.value.type)) {
    return lower.isIncluded && upper.isIncluded ? [typeCondition(lower.value.type)] : []
  }
  if (isNan(lower.value)) {
    const all = upTo(upper)
    return lower.isIncluded ? all : all.slice(1)
  }
  if (isNan(upper.value)) return []
  return [
    {
      [lower.isIncluded ? '$gte' : '$gt']: driverValueOf(lower.value),
      [upper.isIncluded ? '$lte' : '$lt']: driverValueOf(upper.value),
    },
  ]
}

function isNan({ type, bytes }: IdValue): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (type === bsonType.double) return Number.isNaN(view.getFloat64(0, true))
  return type === bsonType.decimal && ((bytes[15] as number) & 0x7c) === 0x7c
}
