import type { RdiValue } from '../../../model/expression.ts'

export type RdiObject = { readonly [name: string]: RdiValue }

/** The types of JMESPath. */
export type ValueType = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object'

export function valueType(value: RdiValue): ValueType {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'number' || typeof value === 'bigint') return 'number'
  if (typeof value === 'boolean') return 'boolean'
  return Array.isArray(value) ? 'array' : 'object'
}

export function isObject(value: RdiValue): value is RdiObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isArray(value: RdiValue): value is readonly RdiValue[] {
  return Array.isArray(value)
}

/** Null, false, and what is empty. Zero is true. */
export function isFalse(value: RdiValue): boolean {
  if (value === null || value === undefined || value === false || value === '') return true
  if (typeof value !== 'object') return false
  if (Array.isArray(value)) return value.length === 0
  return Object.keys(value).length === 0
}

/** A field of the object itself, never one that every JavaScript object has. */
export function fieldOf(object: RdiObject, name: string): RdiValue {
  return Object.hasOwn(object, name) ? (object[name] ?? null) : null
}

/** An object of these entries; the last of a name counts. Any name is only a name, `__proto__` too. */
export function objectOf(entries: Iterable<readonly [string, RdiValue]>): RdiObject {
  return Object.fromEntries(entries)
}
