import { CommandError } from '../commands/command-error.ts'
import { isDocument, type BsonDocument } from '../documents/bson-document.ts'
import { plainNumbers } from '../documents/plain-numbers.ts'
import { compareKeys, sortKey } from '../order/sort-key.ts'
import { typeOrder } from '../order/type-order.ts'
import { addNumbers, multiplyNumbers } from './arithmetic.ts'

type Combine = (present: unknown, operand: unknown) => unknown

/** The operators that calculate or compare: the query library's know the numbers of JavaScript alone. */
const combinations: Readonly<Record<string, Combine>> = {
  $inc: (present, operand) => (present === undefined ? operand : addNumbers(present, operand)),
  $mul: (present, operand) =>
    present === undefined ? multiplyNumbers(operand, 0) : multiplyNumbers(present, operand),
  $min: (present, operand) => closer(present, operand, -1),
  $max: (present, operand) => closer(present, operand, 1),
}

/**
 * Turns the operators that calculate into `$set` of what comes out.
 *
 * @param document as it is
 * @param operators of an update
 * @returns updates to be applied one after the other
 */
export function arithmeticAsSet(document: BsonDocument, operators: BsonDocument): BsonDocument[] {
  return Object.entries(operators).flatMap(([operator, fields]) => {
    const combine = combinations[operator]
    if (combine === undefined) {
      const step = { [operator]: withPlainModifiers(operator, fields) }
      return operator === '$push' ? [...emptyArrays(document, fields), step] : [step]
    }
    const entries = Object.entries(Object(fields)).map(([path, operand]) => {
      const present = valueAt(document, path)
      const calculates = operator === '$inc' || operator === '$mul'
      if (calculates && present !== undefined && typeOrder(present) !== 'number') {
        throw new CommandError(
          'TypeMismatch',
          `Cannot apply ${operator} to a value of non-numeric type. The field '${path}' is of type ${typeOrder(present)}`,
        )
      }
      return [path, combine(present, operand)]
    })
    return [{ $set: Object.fromEntries(entries) }]
  })
}

/** The query library sorts and cuts only arrays that are there already. */
function emptyArrays(document: BsonDocument, fields: unknown): BsonDocument[] {
  const absent = Object.entries(Object(fields))
    .filter(
      ([path, value]) =>
        isDocument(value) &&
        Object.hasOwn(value, '$each') &&
        !path.includes('$') &&
        valueAt(document, path) === undefined,
    )
    .map(([path]) => [path, []])
  return absent.length === 0 ? [] : [{ $set: Object.fromEntries(absent) }]
}

/** `$pop` and the modifiers of `$push` are numbers that the query library has to understand. */
function withPlainModifiers(operator: string, fields: unknown): unknown {
  if (operator === '$pop') return plainNumbers(fields)
  if (operator !== '$push') return fields
  const entries = Object.entries(Object(fields)).map(([path, value]) => {
    if (!isDocument(value) || !Object.hasOwn(value, '$each')) return [path, value]
    const { $each: each, ...modifiers } = value
    return [path, { $each: each, ...(plainNumbers(modifiers) as object) }]
  })
  return Object.fromEntries(entries)
}

function closer(present: unknown, operand: unknown, direction: number): unknown {
  if (present === undefined) return operand
  return compareKeys(sortKey(operand), sortKey(present)) === direction ? operand : present
}

/**
 * @param document
 * @param path names and positions joined by dots
 * @returns the value; undefined where there is none
 */
export function valueAt(document: unknown, path: string): unknown {
  let value = document
  for (const name of path.split('.')) {
    if (Array.isArray(value)) value = value[Number(name)]
    else if (isDocument(value) && Object.hasOwn(value, name)) value = value[name]
    else return undefined
  }
  return value
}
