import { z } from 'zod'

/**
 * Schema parts for job files in which numbers and booleans may be quoted (`"1000"`, `"true"`) and a blank string
 * means "not set", as DataWorks and DataX write them.
 */

const digits = /^[+-]?\d+$/

/** An integer between `min` and `max`, as a number or as a string of digits. Blank and null are `undefined`. */
export function quotedInteger(bounds: { min?: number; max?: number } = {}) {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = bounds
  return z.union([z.number(), z.string(), z.null()]).transform((value, context) => {
    if (value === null || (typeof value === 'string' && value.trim() === '')) return undefined
    const isInteger =
      typeof value === 'number' ? Number.isInteger(value) : digits.test(value.trim())
    const number = Number(value)
    if (isInteger && number >= min && number <= max) return number
    context.addIssue({
      code: 'custom',
      message: `expected ${describeInteger(min, max)}, found ${JSON.stringify(value)}`,
    })
    return z.NEVER
  })
}

function describeInteger(min: number, max: number): string {
  const hasMin = min !== Number.MIN_SAFE_INTEGER
  const hasMax = max !== Number.MAX_SAFE_INTEGER
  if (hasMin && hasMax) return `an integer from ${min} to ${max}`
  if (hasMin) return `an integer of at least ${min}`
  return hasMax ? `an integer of at most ${max}` : 'an integer'
}

/** A number, possibly quoted. Blank and null are `undefined`. */
export function quotedNumber(bounds: { min?: number; max?: number } = {}) {
  const { min = -Infinity, max = Infinity } = bounds
  return z.union([z.number(), z.string(), z.null()]).transform((value, context) => {
    if (value === null || (typeof value === 'string' && value.trim() === '')) return undefined
    const number = Number(value)
    if (Number.isFinite(number) && number >= min && number <= max) return number
    context.addIssue({
      code: 'custom',
      message: `expected ${describeNumber(min, max)}, found ${JSON.stringify(value)}`,
    })
    return z.NEVER
  })
}

function describeNumber(min: number, max: number): string {
  if (min !== -Infinity && max !== Infinity) return `a number from ${min} to ${max}`
  if (min !== -Infinity) return `a number of at least ${min}`
  return max === Infinity ? 'a number' : `a number of at most ${max}`
}

/** `true` or `false`, possibly quoted, in any case. Blank and null are `undefined`; anything else is an error. */
export function quotedBoolean() {
  return z.union([z.boolean(), z.string(), z.null()]).transform((value, context) => {
    if (typeof value === 'boolean') return value
    const text = value?.trim().toLowerCase() ?? ''
    if (text === '') return undefined
    if (text === 'true' || text === 'false') return text === 'true'
    context.addIssue({
      code: 'custom',
      message: `expected true or false, found ${JSON.stringify(value)}`,
    })
    return z.NEVER
  })
}

/** One string or a list of strings; blank strings are dropped. */
export function stringOrList() {
  return z
    .union([z.string(), z.array(z.string())])
    .transform((value) =>
      (typeof value === 'string' ? [value] : value).filter((text) => text.trim() !== ''),
    )
}
