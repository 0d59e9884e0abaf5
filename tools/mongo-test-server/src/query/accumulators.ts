import type { Any, AnyObject, Options } from 'mingo/types'
import { compareKeys, sortKey } from '../order/sort-key.ts'
import { typeOrder } from '../order/type-order.ts'
import { addNumbers } from '../update/arithmetic.ts'
import { evaluateEach } from './evaluate.ts'

type Accumulator = (documents: AnyObject[], expression: Any, options: Options) => Any

/** The accumulators that compare or add values of BSON types; all others are the query library's. */
export const accumulators: Readonly<Record<`$${string}`, Accumulator>> = {
  $min: (documents, expression, options) => extreme(valuesOf(documents, expression, options), -1),
  $max: (documents, expression, options) => extreme(valuesOf(documents, expression, options), 1),
  $sum: (documents, expression, options) =>
    valuesOf(documents, expression, options)
      .filter((value) => typeOrder(value) === 'number')
      .reduce(addNumbers, 0),
  $avg: (documents, expression, options) => {
    const numbers = valuesOf(documents, expression, options)
      .filter((value) => typeOrder(value) === 'number')
      .map(Number)
    return numbers.length === 0
      ? null
      : numbers.reduce((sum, value) => sum + value, 0) / numbers.length
  },
}

function valuesOf(documents: AnyObject[], expression: Any, options: Options): unknown[] {
  // Used as an expression, it gets the values themselves.
  if (expression === null || expression === undefined) return documents
  return evaluateEach(documents, expression, options)
}

function extreme(values: readonly unknown[], direction: number): unknown {
  let found: { key: string; value: unknown } | undefined
  for (const value of values) {
    if (value === null || value === undefined) continue
    const key = sortKey(value)
    if (found === undefined || compareKeys(key, found.key) === direction) found = { key, value }
  }
  return found?.value ?? null
}
