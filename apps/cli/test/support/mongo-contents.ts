import { Decimal128, Long, ObjectId, UUID, type Document } from 'mongodb'
import { hashText } from './change-contents.ts'

/** The hash that a document makes, in the form of `Contents`. */
export function documentText(document: Document): string {
  const fields = Object.entries(document).flatMap(([name, value]): [string, string][] =>
    value === null ? [] : [[name, fieldText(value)]],
  )
  return hashText(Object.fromEntries(fields))
}

/** A value as keys and fields of hashes have it. */
export function fieldText(value: unknown): string {
  if (typeof value === 'boolean') return value ? '1' : '0'
  const text = namedText(value)
  if (text !== undefined) return text
  return typeof value === 'string' ? value : jsonText(value)
}

/** A value as JSON text, without the names of its types. */
export function jsonText(value: unknown): string {
  const text = namedText(value)
  if (text !== undefined) return JSON.stringify(text)
  if (value instanceof Long) return value.toString()
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).map(([name, one]) => `"${name}":${jsonText(one)}`)
  return `{${members.join(',')}}`
}

/** Values that are text everywhere; undefined for others. */
function namedText(value: unknown): string | undefined {
  if (value instanceof Date) return value.toISOString().replace('.000Z', 'Z')
  const isNamed = value instanceof Decimal128 || value instanceof ObjectId || value instanceof UUID
  return isNamed ? value.toString() : undefined
}
