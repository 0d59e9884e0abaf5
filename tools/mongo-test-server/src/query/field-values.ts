import { isDocument } from '../documents/bson-document.ts'

/** Stands for a field that a document does not have. */
export const missing: unique symbol = Symbol('missing')

/**
 * The values that a condition on a path is tried with: arrays on the way are gone through, and an array at its end counts as
 * itself and as each of its members, unless the path ends with its place in another array.
 *
 * @param document
 * @param path names joined by dots
 * @returns `missing` where the path leads to nothing
 */
export function fieldValues(document: unknown, path: string): unknown[] {
  const found: unknown[] = []
  collect(document, path.split('.'), 0, { found, withMembers: true })
  return found
}

/**
 * The same, but an array at the end of the path counts as itself alone.
 *
 * @param document
 * @param path names joined by dots
 * @returns `missing` where the path leads to nothing
 */
export function wholeFieldValues(document: unknown, path: string): unknown[] {
  const found: unknown[] = []
  collect(document, path.split('.'), 0, { found, withMembers: false })
  return found
}

interface Search {
  readonly found: unknown[]
  readonly withMembers: boolean
}

function collect(value: unknown, names: readonly string[], at: number, into: Search): void {
  const { found, withMembers } = into
  if (at === names.length) {
    found.push(value)
    if (withMembers && Array.isArray(value)) found.push(...value)
    return
  }
  const name = names[at] ?? ''
  if (Array.isArray(value)) {
    if (/^\d+$/.test(name) && Number(name) < value.length) {
      const member: unknown = value[Number(name)]
      const isEnd = at + 1 === names.length
      if (isEnd) found.push(member)
      else if (isDocument(member) || Array.isArray(member)) collect(member, names, at + 1, into)
    }
    for (const member of value) if (isDocument(member)) collect(member, names, at, into)
  } else if (isDocument(value) && Object.hasOwn(value, name)) {
    collect(value[name], names, at + 1, into)
  } else {
    found.push(missing)
  }
}
