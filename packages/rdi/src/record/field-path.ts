import { isFields } from './cell-of-value.ts'
import { newRecord } from './new-record.ts'
import type { RdiRecord, RdiValue } from '../model/expression.ts'

/** The names on the way to a field: one, or several for a field inside others. */
export type FieldPath = readonly [string, ...string[]]

/** Takes the name of a field apart: dots go down, `\.` is a dot of the name itself. */
export function parseFieldPath(text: string): FieldPath {
  const names: [string, ...string[]] = ['']
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (character === '\\' && text.charAt(at + 1) === '.') {
      names[names.length - 1] += '.'
      at += 1
    } else if (character === '.') names.push('')
    else names[names.length - 1] += character
  }
  return names
}

/** The value of a field; `undefined` where there is none. */
export function getField(record: RdiRecord, path: FieldPath): RdiValue {
  let value: RdiValue = record
  for (const name of path) {
    if (!isFields(value) || !Object.hasOwn(value, name)) return undefined
    value = value[name]
  }
  return value
}

/** Whether the field is there, with whatever value. */
export function hasField(record: RdiRecord, path: FieldPath): boolean {
  const parent = path.length === 1 ? record : getField(record, parentOf(path))
  return isFields(parent) && Object.hasOwn(parent, path.at(-1) as string)
}

/**
 * Sets a field, objects on the way to it included where there is nothing yet. Objects below the record are copied,
 * because other fields and constants of expressions may share them.
 *
 * @returns the name of the field on the way that is no object, whereupon nothing was changed
 */
export function setField(record: RdiRecord, path: FieldPath, value: RdiValue): string | undefined {
  if (path.length === 1) {
    record[path[0]] = value
    return undefined
  }
  const blocked = blockedAt(record, path)
  if (blocked !== undefined) return blocked
  let target = record
  for (let depth = 0; depth < path.length - 1; depth += 1)
    target = ownCopy(target, path[depth] as string)
  target[path.at(-1) as string] = value
  return undefined
}

/** Removes a field; nothing happens where it is not. */
export function removeField(record: RdiRecord, path: FieldPath): void {
  if (!hasField(record, path)) return
  let target = record
  for (let depth = 0; depth < path.length - 1; depth += 1)
    target = ownCopy(target, path[depth] as string)
  delete target[path.at(-1) as string]
}

function parentOf(path: FieldPath): FieldPath {
  return path.slice(0, -1) as unknown as FieldPath
}

function blockedAt(record: RdiRecord, path: FieldPath): string | undefined {
  let value: RdiValue = record
  for (const name of path.slice(0, -1)) {
    value = isFields(value) && Object.hasOwn(value, name) ? value[name] : undefined
    if (value === undefined || value === null) return undefined
    if (!isFields(value)) return name
  }
  return undefined
}

/** Puts a copy of the object in that field in its place, so that it may be changed. */
function ownCopy(target: RdiRecord, name: string): RdiRecord {
  const old = target[name]
  const copy = newRecord()
  if (isFields(old)) for (const key of Object.keys(old)) copy[key] = old[key]
  target[name] = copy
  return copy
}
