import { Long, type Double, type Int32 } from 'bson'
import { bsonTypeOf, isDocument } from './bson-document.ts'

/**
 * @param value of any depth
 * @returns the same with `Int32`, `Double` and every `Long` that fits as numbers of JavaScript, for code that calculates with them
 */
export function plainNumbers(value: unknown): unknown {
  const type = bsonTypeOf(value)
  if (type === 'Int32' || type === 'Double') return (value as Int32 | Double).value
  if (value instanceof Long) {
    const plain = value.toNumber()
    return Number.isSafeInteger(plain) ? plain : value
  }
  if (Array.isArray(value)) return value.map(plainNumbers)
  if (!isDocument(value) || type === 'DBRef') return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, plainNumbers(member)]),
  )
}

/**
 * @param value an argument of a command
 * @returns it as a number; undefined when it was not given
 */
export function optionalNumber(value: unknown): number | undefined {
  return value === undefined || value === null ? undefined : Number(value)
}
