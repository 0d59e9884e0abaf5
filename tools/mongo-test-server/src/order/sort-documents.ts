import { missing, wholeFieldValues } from '../query/field-values.ts'
import { compareKeys, sortKey } from './sort-key.ts'

/** What to sort by: paths, and 1 or -1 each. */
export type SortSpecification = readonly (readonly [path: string, direction: number])[]

/**
 * @param specification as a command has it
 * @returns its parts
 */
export function sortSpecification(specification: unknown): SortSpecification {
  return Object.entries(Object(specification)).map(([path, direction]) => [path, Number(direction)])
}

/**
 * Sorts documents as MongoDB does: across types, arrays by their smallest member (largest when descending), absent fields like null.
 *
 * @param items
 * @param specification
 * @param documentOf gives the document of an item
 * @returns a new list; items that are equal keep their order
 */
export function sortDocuments<T>(
  items: readonly T[],
  specification: SortSpecification,
  documentOf: (item: T) => unknown,
): T[] {
  const keyed = items.map((item) => {
    const document = documentOf(item)
    return {
      item,
      keys: specification.map(([path, direction]) => pathKey(document, path, direction)),
    }
  })
  keyed.sort((left, right) => {
    for (const [index, [, direction]] of specification.entries()) {
      const order = compareKeys(left.keys[index] ?? '', right.keys[index] ?? '')
      if (order !== 0) return order * direction
    }
    return 0
  })
  return keyed.map(({ item }) => item)
}

function pathKey(document: unknown, path: string, direction: number): string {
  // Each member of an array is a key; an empty one sorts below null.
  const values = wholeFieldValues(document, path).flatMap((value) =>
    Array.isArray(value) ? (value.length === 0 ? [undefined] : value) : [value],
  )
  if (values.length === 0) return sortKey(null)
  const keys = values.map((value) => sortKey(value === missing ? null : value)).sort(compareKeys)
  return (direction < 0 ? keys.at(-1) : keys[0]) ?? ''
}
