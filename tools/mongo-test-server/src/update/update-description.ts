import { encodeDocument, isDocument, type BsonDocument } from '../documents/bson-document.ts'
import type { UpdateDescription } from '../storage/operation-log.ts'
import { valueAt } from './arithmetic-operators.ts'

interface Difference {
  readonly updatedFields: BsonDocument
  readonly removedFields: string[]
  readonly truncatedArrays: { field: string; newSize: number }[]
}

/**
 * What operators changed, as the operation log of MongoDB has it: the paths they name, from the first part that was not there
 * before; members that were added to an array one by one.
 *
 * @param before
 * @param after
 * @param operators of the update
 * @returns the description
 */
export function describeOperators(
  before: BsonDocument,
  after: BsonDocument,
  operators: BsonDocument,
): UpdateDescription {
  const paths = Object.entries(operators).flatMap(([operator, fields]) => {
    const targets = operator === '$rename' ? Object.values(Object(fields)).map(String) : []
    return [...Object.keys(Object(fields)), ...targets]
  })
  if (paths.some((path) => path.includes('$'))) return describeDifference(before, after)
  const difference: Difference = { updatedFields: {}, removedFields: [], truncatedArrays: [] }
  for (const path of paths) describePath(before, after, path, difference)
  return difference
}

/**
 * What is different, field by field and member by member; arrays that only got shorter are truncated.
 *
 * @param before
 * @param after
 * @returns the description
 */
export function describeDifference(before: BsonDocument, after: BsonDocument): UpdateDescription {
  const difference: Difference = { updatedFields: {}, removedFields: [], truncatedArrays: [] }
  compareFields(before, after, '', difference)
  return difference
}

function describePath(
  before: BsonDocument,
  after: BsonDocument,
  path: string,
  difference: Difference,
): void {
  const names = path.split('.')
  for (let length = 1; length < names.length; length += 1) {
    const part = names.slice(0, length).join('.')
    if (valueAt(before, part) !== undefined) continue
    const made = valueAt(after, part)
    if (made !== undefined) difference.updatedFields[part] = made
    return
  }
  const old = valueAt(before, path)
  const now = valueAt(after, path)
  if (now === undefined) {
    if (old !== undefined) difference.removedFields.push(path)
  } else if (!isSame(old, now)) {
    if (Array.isArray(old) && Array.isArray(now) && isPrefix(old, now)) {
      for (let index = old.length; index < now.length; index += 1)
        difference.updatedFields[`${path}.${index}`] = now[index]
    } else {
      difference.updatedFields[path] = now
    }
  }
}

function isPrefix(shorter: readonly unknown[], longer: readonly unknown[]): boolean {
  return (
    shorter.length < longer.length &&
    shorter.every((member, index) => isSame(member, longer[index]))
  )
}

function compareFields(
  before: BsonDocument,
  after: BsonDocument,
  prefix: string,
  difference: Difference,
): void {
  for (const name of Object.keys(before))
    if (!Object.hasOwn(after, name)) difference.removedFields.push(prefix + name)
  for (const [name, value] of Object.entries(after))
    compareValues(before[name], value, prefix + name, difference)
}

function compareValues(old: unknown, now: unknown, path: string, difference: Difference): void {
  if (isSame(old, now)) return
  if (Array.isArray(old) && Array.isArray(now)) compareArrays(old, now, path, difference)
  else if (isDocument(old) && isDocument(now)) compareFields(old, now, `${path}.`, difference)
  else difference.updatedFields[path] = now
}

function compareArrays(
  old: readonly unknown[],
  now: readonly unknown[],
  path: string,
  difference: Difference,
): void {
  if (now.length < old.length) difference.truncatedArrays.push({ field: path, newSize: now.length })
  for (const [index, member] of now.entries())
    compareValues(old[index], member, `${path}.${index}`, difference)
}

/** Equal in type and order of fields, too. */
function isSame(left: unknown, right: unknown): boolean {
  if (left === undefined || right === undefined) return left === right
  return encodeDocument({ value: left }).equals(encodeDocument({ value: right }))
}
