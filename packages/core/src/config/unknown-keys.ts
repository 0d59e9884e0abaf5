import { isRecord, type ConfigPath } from './config-path.ts'
import type { ProblemList } from './problem-list.ts'
import { suggestKey } from './suggest-key.ts'

/** A key that the schema does not know. */
export interface UnknownKey {
  readonly path: ConfigPath
  readonly key: string
  /** The known key it is probably a misspelling of. */
  readonly nearest?: string
  /** Every key that is known at its place. */
  readonly known: readonly string[]
}

type JsonSchema = Readonly<Record<string, unknown>>

/**
 * Compares the keys of `value` with a JSON Schema (draft 2020-12, input side). Unions are walked: a key is known when
 * one branch that fits the value knows it. Objects that the schema describes as maps, or says nothing about, may hold
 * any key.
 */
export function findUnknownKeys(schema: JsonSchema, value: unknown): readonly UnknownKey[] {
  const found: UnknownKey[] = []
  walk(schema, [schema], value, [], found)
  return found
}

/**
 * Reports unknown keys: an error with the nearest name for a likely misspelling, else a warning that the key has no
 * effect. `base` is the path of `value` in the file; keys that `isTolerated` accepts are passed over.
 */
export function reportUnknownKeys(
  problems: ProblemList,
  schema: JsonSchema,
  value: unknown,
  base: ConfigPath,
  isTolerated: (key: string, path: ConfigPath) => boolean = () => false,
): void {
  for (const unknown of findUnknownKeys(schema, value)) {
    if (isTolerated(unknown.key, unknown.path)) continue
    const path = [...base, ...unknown.path]
    if (unknown.nearest === undefined) {
      problems.warn(path, 'has no effect: no such key is known here', 'key')
    } else {
      const hint = `Did you mean ${JSON.stringify(unknown.nearest)}?`
      problems.error(path, { message: 'unknown key', hint }, 'key')
    }
  }
}

function walk(
  root: JsonSchema,
  schemas: readonly JsonSchema[],
  value: unknown,
  path: ConfigPath,
  found: UnknownKey[],
): void {
  const branches = schemas.flatMap((schema) => flatten(root, schema, value, 0))
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const items = branches.flatMap((branch) => itemSchemas(branch, index))
      if (items.length > 0) walk(root, items, item, [...path, index], found)
    }
    return
  }
  if (!isRecord(value)) return
  const objects = fittingBranches(
    branches.filter((branch) => branch['properties'] !== undefined || isMap(branch)),
    value,
  )
  if (objects.length === 0) return
  const known = new Set(objects.flatMap((branch) => Object.keys(propertiesOf(branch))))
  const free = objects.flatMap(freeSchemas)
  for (const [key, child] of Object.entries(value)) {
    const children = objects.flatMap((branch) => {
      const properties = propertiesOf(branch)
      return Object.hasOwn(properties, key) && isRecord(properties[key]) ? [properties[key]] : []
    })
    if (children.length > 0) walk(root, children, child, [...path, key], found)
    else if (free.length > 0) walk(root, free, child, [...path, key], found)
    else if (!known.has(key) && known.size > 0) {
      const nearest = suggestKey(key, known)
      found.push({
        path: [...path, key],
        key,
        known: [...known],
        ...(nearest === undefined ? {} : { nearest }),
      })
    }
  }
}

/** The schema with references and unions resolved into the branches that it consists of. */
function flatten(
  root: JsonSchema,
  schema: JsonSchema,
  value: unknown,
  depth: number,
): JsonSchema[] {
  if (depth > 20) return []
  const branches: JsonSchema[] = [schema]
  const reference = schema['$ref']
  if (typeof reference === 'string') {
    const target = resolveReference(root, reference)
    if (target !== undefined) branches.push(...flatten(root, target, value, depth + 1))
  }
  for (const keyword of ['anyOf', 'oneOf', 'allOf']) {
    const parts = schema[keyword]
    if (!Array.isArray(parts)) continue
    for (const part of parts)
      if (isRecord(part)) branches.push(...flatten(root, part, value, depth + 1))
  }
  return branches
}

function resolveReference(root: JsonSchema, reference: string): JsonSchema | undefined {
  let target: unknown = root
  for (const part of reference.replace(/^#\/?/, '').split('/')) {
    if (part === '') continue
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    target = isRecord(target) ? target[key] : undefined
  }
  return isRecord(target) ? target : undefined
}

function propertiesOf(branch: JsonSchema): JsonSchema {
  return isRecord(branch['properties']) ? branch['properties'] : {}
}

/** Whether the schema describes a map: keys of the user's own, all values alike. */
function isMap(branch: JsonSchema): boolean {
  const rest = branch['additionalProperties']
  if (branch['propertyNames'] !== undefined) return true
  return isRecord(rest) && Object.keys(rest).length > 0
}

function freeSchemas(branch: JsonSchema): JsonSchema[] {
  if (!isMap(branch)) return []
  const rest = branch['additionalProperties']
  return [isRecord(rest) ? rest : {}]
}

function itemSchemas(branch: JsonSchema, index: number): JsonSchema[] {
  const prefix = branch['prefixItems']
  const own: unknown = Array.isArray(prefix) ? (prefix[index] ?? branch['items']) : branch['items']
  return isRecord(own) ? [own] : []
}

/** Leaves out union branches whose constants (`type: "list"`) contradict the value; all of them when none fits. */
function fittingBranches(
  branches: readonly JsonSchema[],
  value: Readonly<Record<string, unknown>>,
): readonly JsonSchema[] {
  const fitting = branches.filter((branch) =>
    Object.entries(propertiesOf(branch)).every(([key, property]) => {
      if (!isRecord(property) || !Object.hasOwn(value, key)) return true
      return !('const' in property) || property['const'] === value[key]
    }),
  )
  return fitting.length > 0 ? fitting : branches
}
