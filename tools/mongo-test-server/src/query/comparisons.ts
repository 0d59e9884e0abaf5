import { BSONRegExp } from 'bson'
import { sortKey } from '../order/sort-key.ts'
import { typeOrder } from '../order/type-order.ts'
import { missing } from './field-values.ts'

/** Decides about the values at a path. */
export type ValuesTest = (values: readonly unknown[]) => boolean

/**
 * Equality as MongoDB has it: numbers by value, null also where there is no field, a regular expression by matching.
 *
 * @param wanted
 * @returns true when one of the values is equal
 */
export function equals(wanted: unknown): ValuesTest {
  if (wanted === null || wanted === undefined)
    return (values) =>
      values.some((value) => value === null || value === undefined || value === missing)
  const key = sortKey(wanted)
  const pattern = patternOf(wanted)
  return (values) =>
    values.some(
      (value) =>
        value !== missing &&
        (value === wanted ||
          (pattern !== undefined && typeof value === 'string' && pattern.test(value)) ||
          sortKey(value) === key),
    )
}

/**
 * @param wanted values
 * @returns true when one of the values is equal to one of them
 */
export function isAmong(wanted: readonly unknown[]): ValuesTest {
  const special = wanted
    .filter((value) => value === null || value === undefined || patternOf(value) !== undefined)
    .map(equals)
  const keys = new Set(wanted.map(sortKey))
  return (values) =>
    special.some((test) => test(values)) ||
    values.some((value) => value !== missing && keys.has(sortKey(value)))
}

/**
 * Order within the type of the bound: `{$gt: 5}` is for numbers alone. Only the smallest and the largest key are compared with values of
 * every type.
 *
 * @param bound
 * @param accept whether an order (-1, 0, 1) of a value relative to the bound will do
 * @returns true when one of the values will do
 */
export function compares(bound: unknown, accept: (order: number) => boolean): ValuesTest {
  const boundType = typeOrder(bound ?? null)
  const key = sortKey(bound ?? null)
  const notANumber = boundType === 'number' && Number.isNaN(Number(bound))
  const anyType = boundType === 'minKey' || boundType === 'maxKey'
  return (values) =>
    values.some((candidate) => {
      const value = candidate === missing || candidate === undefined ? null : candidate
      if (anyType && candidate === missing) return false
      if (!anyType && typeOrder(value) !== boundType) return false
      const valueKey = sortKey(value)
      // NaN is equal to itself and neither less nor greater than any number.
      const valueNotANumber = boundType === 'number' && Number.isNaN(Number(value))
      if (notANumber || valueNotANumber) return notANumber && valueNotANumber && accept(0)
      return accept(valueKey < key ? -1 : valueKey > key ? 1 : 0)
    })
}

/**
 * @param value
 * @returns a regular expression of JavaScript, when the value is one of either kind
 */
export function patternOf(value: unknown): RegExp | undefined {
  if (value instanceof RegExp) return value
  if (!(value instanceof BSONRegExp)) return undefined
  return new RegExp(value.pattern, value.options.replaceAll(/[^imsu]/g, ''))
}
