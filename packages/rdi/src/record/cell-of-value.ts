import type { Cell } from '@millrace/core/record'
import type { RdiValue } from '../model/expression.ts'

/** The cell of a column of type `value`: objects and lists are JSON text in bytes, everything else stands for itself. */
export function cellOfValue(value: RdiValue): Cell {
  return typeof value === 'object' && value !== null ? Buffer.from(jsonOfValue(value)) : value
}

/** JSON text. Integers keep all their digits; fields that are not there are left out. */
export function jsonOfValue(value: RdiValue): string {
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null)
  if (isList(value)) return `[${value.map(jsonOfValue).join(',')}]`
  const members: string[] = []
  for (const [name, member] of Object.entries(value))
    if (member !== undefined) members.push(`${JSON.stringify(name)}:${jsonOfValue(member)}`)
  return `{${members.join(',')}}`
}

/** Whether a value is a list. */
export function isList(value: RdiValue): value is readonly RdiValue[] {
  return Array.isArray(value)
}

/** Whether a value is an object with fields. */
export function isFields(value: RdiValue): value is { readonly [name: string]: RdiValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A value as the dirty file shows it: long text is cut. */
export function showValue(value: RdiValue): string {
  if (typeof value === 'string') {
    const shown = value.length > maxShownLength ? `${value.slice(0, maxShownLength)}…` : value
    return `the text ${JSON.stringify(shown)}`
  }
  if (typeof value === 'boolean') return `the boolean ${value}`
  return typeof value === 'number' || typeof value === 'bigint'
    ? `the number ${value}`
    : describeValue(value)
}

const maxShownLength = 40

/** What kind of value it is, for messages. Never the value itself: the reason of a dirty row may end a run, and stands in its log. */
export function describeValue(value: RdiValue): string {
  if (value === null || value === undefined) return 'null'
  if (isList(value)) return `a list of ${value.length}`
  if (isFields(value)) return 'an object'
  if (typeof value === 'string') return value === '' ? 'an empty text' : 'a text'
  return typeof value === 'boolean' ? 'a boolean' : 'a number'
}
