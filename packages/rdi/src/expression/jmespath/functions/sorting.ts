import type { RdiValue } from '../../../model/expression.ts'
import { EvaluationError, type Evaluate } from '../compile/evaluate.ts'
import { compareValues } from '../values/comparison.ts'
import { valueType } from '../values/value-type.ts'
import { define } from './definition.ts'
import { expression, list, numbersOrStrings } from './parameters.ts'

type Key = string | number | bigint

const sort = define('sort', [numbersOrStrings], (values) => values.toSorted(compareValues))

const max = define('max', [numbersOrStrings], (values) => extreme(values, 1))

const min = define('min', [numbersOrStrings], (values) => extreme(values, -1))

const sortBy = define('sort_by', [list, expression], (values, evaluate) => {
  const keys = keysOf('sort_by', values, evaluate)
  const order = [...keys.keys()].sort((first, second) =>
    compareValues(keys[first] as Key, keys[second] as Key),
  )
  return order.map((index) => values[index])
})

const maxBy = define('max_by', [list, expression], (values, evaluate) => {
  const keys = keysOf('max_by', values, evaluate)
  return values[indexOfExtreme(keys, 1)] ?? null
})

const minBy = define('min_by', [list, expression], (values, evaluate) => {
  const keys = keysOf('min_by', values, evaluate)
  return values[indexOfExtreme(keys, -1)] ?? null
})

function extreme(values: readonly Key[], direction: 1 | -1): RdiValue {
  return values[indexOfExtreme(values, direction)] ?? null
}

/** The first of several that are the same. */
function indexOfExtreme(values: readonly Key[], direction: 1 | -1): number {
  let found = 0
  for (let index = 1; index < values.length; index++) {
    if (compareValues(values[index] as Key, values[found] as Key) * direction > 0) found = index
  }
  return found
}

/** All numbers, or all strings. */
function keysOf(name: string, values: readonly RdiValue[], evaluate: Evaluate): Key[] {
  let first: string | undefined
  return values.map((value) => {
    const key = evaluate(value)
    const type = valueType(key)
    first ??= type
    if (type !== first || (type !== 'number' && type !== 'string')) {
      throw new EvaluationError(
        `${name}() takes keys that are all numbers or all strings, but got ${type}`,
      )
    }
    return key as Key
  })
}

export const sortingFunctions = [sort, max, min, sortBy, maxBy, minBy]
