import type { Row, RowError } from '@millrace/core/record'
import type { JsonCell } from './json-cell.ts'

/** A member of a document: a column, or an object of further members. */
export type DocumentMember =
  | { readonly name: string; readonly index: number; readonly json: JsonCell }
  | { readonly name: string; readonly members: readonly DocumentMember[] }

/** A column with its name in the document, as names stand in the parameters. */
export interface DocumentField {
  readonly name: string
  readonly index: number
  readonly json: JsonCell
}

/** The same members with another form for their values. */
export function membersWith(
  members: readonly DocumentMember[],
  change: (json: JsonCell) => JsonCell,
): readonly DocumentMember[] {
  return members.map((member) =>
    'json' in member
      ? { ...member, json: change(member.json) }
      : { ...member, members: membersWith(member.members, change) },
  )
}

/** Names on the way to a field: `a.b` is two, `a\.b` is one with a dot. */
export function namesOf(name: string): readonly string[] {
  return name.split(/(?<!\\)\./).map((part) => part.replaceAll('\\.', '.'))
}

/** Puts fields with dots in their names into nested objects, in the order in which they come first. */
export function documentOf(fields: readonly DocumentField[]): readonly DocumentMember[] {
  return nest(fields.map((field) => ({ names: namesOf(field.name), field })))
}

interface NamedField {
  readonly names: readonly string[]
  readonly field: DocumentField
}

function nest(fields: readonly NamedField[]): readonly DocumentMember[] {
  const groups = new Map<string, NamedField[]>()
  for (const one of fields) {
    const [name = ''] = one.names
    groups.set(name, [...(groups.get(name) ?? []), one])
  }
  return [...groups].map(([name, group]): DocumentMember => {
    const leaf = group.findLast(({ names }) => names.length === 1)
    if (leaf !== undefined) return { name, index: leaf.field.index, json: leaf.field.json }
    const inner = group.map(({ names, field }) => ({ names: names.slice(1), field }))
    return { name, members: nest(inner) }
  })
}

/** A row as a document, or why it cannot be one. Columns that were not sent are left out. */
export function compileDocument(
  members: readonly DocumentMember[],
): (row: Row) => string | RowError {
  const parts = members.map((member) => ({
    label: `${JSON.stringify(member.name)}:`,
    text: compileMember(member),
  }))
  return (row) => {
    let json = ''
    for (let at = 0; at < parts.length; at += 1) {
      const { label, text } = parts[at] as (typeof parts)[number]
      const value = text(row)
      if (value === undefined) continue
      if (typeof value !== 'string') return value
      json += (json === '' ? '{' : ',') + label + value
    }
    return json === '' ? '{}' : `${json}}`
  }
}

function compileMember(member: DocumentMember): (row: Row) => string | RowError | undefined {
  if ('json' in member) {
    const { index, json } = member
    return (row) => json(row[index])
  }
  const inner = compileDocument(member.members)
  // An object of which nothing was sent is left as it is.
  return (row) => {
    const text = inner(row)
    return text === '{}' ? undefined : text
  }
}

/** A value of its own in a document. */
export interface DocumentLeaf {
  /** Paths of the objects it stands in, from the outside in. */
  readonly parents: readonly string[]
  readonly path: string
  readonly index: number
  readonly json: JsonCell
}

/** All values of a document with their paths, below `path`. */
export function leavesOf(
  members: readonly DocumentMember[],
  path = '$',
  parents: readonly string[] = [],
): readonly DocumentLeaf[] {
  return members.flatMap((member): readonly DocumentLeaf[] => {
    const below = path + pathStep(member.name)
    if ('json' in member) return [{ parents, path: below, index: member.index, json: member.json }]
    return leavesOf(member.members, below, [...parents, below])
  })
}

/** A step of a JSONPath: `.name` where the name allows it, else `["a name"]`. */
export function pathStep(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
}
