import { sortKey } from '../order/sort-key.ts'
import { typeCharacters, typeOrder } from '../order/type-order.ts'
import { isDocument } from '../documents/bson-document.ts'
import type { KeyRange } from '../storage/collection.ts'
import { patternOf } from './comparisons.ts'
import { orderedTypeOf } from './value-types.ts'

/** What a filter says about `_id`. */
export interface IdCondition {
  readonly range: KeyRange | undefined
  /** Order keys of the identifiers it lists. */
  readonly keys: readonly string[] | undefined
  /** What is left to be tried on each document; undefined: nothing. */
  readonly rest: Record<string, unknown> | undefined
}

const everything: KeyRange = { from: '', fromInclusive: true, to: '\xff', toInclusive: true }

/**
 * Takes from a filter what can be found by the order of `_id`, so that documents need not be looked into.
 *
 * @param filter
 * @returns the same condition in parts
 */
export function idCondition(filter: Record<string, unknown>): IdCondition {
  let range: KeyRange | undefined
  let keys: readonly string[] | undefined
  const rest: Record<string, unknown>[] = []
  for (const [name, condition] of conjuncts(filter)) {
    const part = name === '_id' ? partOf(condition) : undefined
    if (part === undefined) rest.push({ [name]: condition })
    else if (Array.isArray(part)) keys = keys?.filter((key) => part.includes(key)) ?? part
    else range = range === undefined ? part : narrowed(range, part)
  }
  const left = rest.length === 0 ? undefined : rest.length === 1 ? rest[0] : { $and: rest }
  return { range, keys, rest: left }
}

/** All conditions that have to hold, those inside `$and` and the operators of one field one by one. */
function* conjuncts(filter: Record<string, unknown>): Generator<[string, unknown]> {
  for (const [name, condition] of Object.entries(filter)) {
    if (name === '$and' && Array.isArray(condition)) {
      for (const member of condition) yield* conjuncts(member)
    } else if (name === '_id' && isOperators(condition) && !Object.hasOwn(condition, '$regex')) {
      for (const [operator, value] of Object.entries(condition)) yield [name, { [operator]: value }]
    } else {
      yield [name, condition]
    }
  }
}

function isOperators(condition: unknown): condition is Record<string, unknown> {
  return isDocument(condition) && Object.keys(condition).some((name) => name.startsWith('$'))
}

/** @returns a range, a list of keys, or undefined when the condition has to be tried */
function partOf(condition: unknown): KeyRange | string[] | undefined {
  if (!isOperators(condition)) return single(condition)
  const [[operator, value] = ['', undefined]] = Object.entries(condition)
  if (operator === '$eq') return single(value)
  if (operator === '$type') {
    const type = orderedTypeOf(value)
    return type === undefined ? undefined : bracket(typeCharacters[type])
  }
  if (operator === '$in' && Array.isArray(value)) {
    const keys = value.map(single)
    return keys.every((key) => key !== undefined) ? [...new Set(keys.flat())] : undefined
  }
  return bounded(operator, value)
}

function single(value: unknown): string[] | undefined {
  // Null is also equal to undefined, and a pattern to what it matches.
  const special = value === null || value === undefined || patternOf(value) !== undefined
  return special ? undefined : [sortKey(value)]
}

function bounded(operator: string, value: unknown): KeyRange | undefined {
  const type = typeOrder(value ?? null)
  if (type === 'null' || (type === 'number' && Number.isNaN(Number(value)))) return undefined
  const all = type === 'minKey' || type === 'maxKey'
  const within = all ? everything : bracket(typeCharacters[type])
  // NaN stands below all numbers in the order and is yet not less than any.
  const floor = type === 'number' ? { ...within, from: `${typeCharacters.number}\x02` } : within
  const key = sortKey(value)
  switch (operator) {
    case '$gt':
      return { ...floor, from: key, fromInclusive: false }
    case '$gte':
      return { ...floor, from: key, fromInclusive: true }
    case '$lt':
      return { ...floor, to: key, toInclusive: false }
    case '$lte':
      return { ...floor, to: key, toInclusive: true }
    default:
      return undefined
  }
}

function bracket(character: string): KeyRange {
  const next = String.fromCharCode(character.charCodeAt(0) + 1)
  return { from: character, fromInclusive: true, to: next, toInclusive: false }
}

function narrowed(left: KeyRange, right: KeyRange): KeyRange {
  const lower =
    left.from > right.from || (left.from === right.from && !left.fromInclusive) ? left : right
  const upper = left.to < right.to || (left.to === right.to && !left.toInclusive) ? left : right
  return {
    from: lower.from,
    fromInclusive: lower.fromInclusive,
    to: upper.to,
    toInclusive: upper.toInclusive,
  }
}
