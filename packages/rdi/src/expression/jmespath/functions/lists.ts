import type { RdiValue } from '../../../model/expression.ts'
import { isEqual } from '../values/comparison.ts'
import { isArray } from '../values/value-type.ts'
import { textLength } from './characters.ts'
import { define, defineRepeated } from './definition.ts'
import { any, expression, list, sized, stringOrList } from './parameters.ts'

/** Whether the list has an element equal to the value. */
const isIn = define('in', [any, list], (value, values) => includes(values, value))

const contains = define('contains', [stringOrList, any], (subject, value) => {
  if (typeof subject !== 'string') return includes(subject, value)
  return typeof value === 'string' && subject.includes(value)
})

function includes(values: readonly RdiValue[], value: RdiValue): boolean {
  return values.some((item) => isEqual(item, value))
}

/** Of a text: in code points. */
const length = define('length', [sized], (value) => {
  if (typeof value === 'string') return textLength(value)
  return isArray(value) ? value.length : Object.keys(value).length
})

const reverse = define('reverse', [stringOrList], (value) =>
  typeof value === 'string' ? Array.from(value).reverse().join('') : value.toReversed(),
)

const map = define('map', [expression, list], (evaluate, values) => values.map(evaluate))

const notNull = defineRepeated('not_null', any, (...values) => {
  for (const value of values) if (value !== null && value !== undefined) return value
  return null
})

const toArray = define('to_array', [any], (value) => (isArray(value) ? value : [value]))

export const listFunctions = [isIn, contains, length, reverse, map, notNull, toArray]
