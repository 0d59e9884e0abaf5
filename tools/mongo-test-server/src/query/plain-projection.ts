import { isDocument } from '../documents/bson-document.ts'

/** Names of fields; a name leads to those inside, or to `true` for the whole. */
type FieldTree = Map<string, FieldTree | true>

/**
 * @param specification
 * @returns whether it only names fields to include or to leave out
 */
export function isPlainProjection(specification: Record<string, unknown>): boolean {
  return Object.entries(specification).every(
    ([path, value]) => isFlag(value) && !path.split('.').includes('$'),
  )
}

/**
 * Takes fields of documents as they are, in the order of the document.
 *
 * @param specification plain
 * @returns makes a document of a document
 */
export function projectPlainly(
  specification: Record<string, unknown>,
): (document: Record<string, unknown>) => Record<string, unknown> {
  const { _id: id, ...others } = specification
  const flags = Object.values(others)
  const including = flags.length === 0 ? isWanted(id) : flags.some(isWanted)
  const paths = Object.keys(others).filter((path) => isWanted(others[path]) === including)
  const withId = id === undefined || isWanted(id)
  if (including && withId) paths.push('_id')
  if (!including && !withId) paths.push('_id')
  const tree = treeOf(paths)
  const pick = including ? included : excluded
  return (document) => pick(document, tree) as Record<string, unknown>
}

function isFlag(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'boolean'
}

function isWanted(value: unknown): boolean {
  return value === true || (typeof value === 'number' && value !== 0)
}

function treeOf(paths: readonly string[]): FieldTree {
  const root: FieldTree = new Map()
  for (const path of paths) {
    let node = root
    const names = path.split('.')
    const last = names.pop() ?? ''
    for (const name of names) {
      const next = node.get(name)
      if (next === true) break
      const inner: FieldTree = next ?? new Map()
      node.set(name, inner)
      node = inner
    }
    node.set(last, true)
  }
  return root
}

function included(value: unknown, tree: FieldTree): unknown {
  if (Array.isArray(value)) {
    return value
      .filter((member) => isDocument(member) || Array.isArray(member))
      .map((member) => included(member, tree))
  }
  if (!isDocument(value)) return undefined
  const fields = Object.entries(value).flatMap(([name, member]) => {
    const inner = tree.get(name)
    if (inner === undefined) return []
    const kept = inner === true ? member : included(member, inner)
    return kept === undefined ? [] : [[name, kept] as const]
  })
  return Object.fromEntries(fields)
}

function excluded(value: unknown, tree: FieldTree): unknown {
  if (Array.isArray(value)) return value.map((member) => excluded(member, tree))
  if (!isDocument(value)) return value
  const fields = Object.entries(value).flatMap(([name, member]) => {
    const inner = tree.get(name)
    if (inner === true) return []
    return [[name, inner === undefined ? member : excluded(member, inner)] as const]
  })
  return Object.fromEntries(fields)
}
