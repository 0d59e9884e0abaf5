import type { RdiValue } from '../../../model/expression.ts'
import { calculate, shortest } from '../compile/arithmetic.ts'
import { define } from './definition.ts'
import { any, number, numbers } from './parameters.ts'

const abs = define('abs', [number], (value) => {
  if (typeof value === 'number') return Math.abs(value)
  return value < 0n ? -value : value
})

const ceil = define('ceil', [number], (value) =>
  typeof value === 'number' ? Math.ceil(value) : value,
)

const floor = define('floor', [number], (value) =>
  typeof value === 'number' ? Math.floor(value) : value,
)

const sum = define('sum', [numbers], total)

const avg = define('avg', [numbers], (values) =>
  values.length === 0 ? null : Number(total(values)) / values.length,
)

function total(values: readonly (number | bigint)[]): number | bigint {
  let result: number | bigint = 0
  for (const value of values) result = calculate('+', result, value)
  return result
}

/** Null for what is no number. */
const toNumber = define('to_number', [any], (value) => {
  if (typeof value === 'number' || typeof value === 'bigint') return value
  return typeof value === 'string' ? parseNumber(value.trim()) : null
})

function parseNumber(text: string): RdiValue {
  if (/^[+-]?\d+$/.test(text)) return shortest(BigInt(text.replace('+', '')))
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : null
}

export const numberFunctions = [abs, ceil, floor, sum, avg, toNumber]
