/** A JSON text taken apart, so that keys can stand twice and values need not be JSON. */
export type JobTree =
  | { readonly kind: 'object'; readonly entries: (readonly [key: string, value: JobTree])[] }
  | { readonly kind: 'list'; readonly items: JobTree[] }
  | { readonly kind: 'literal'; text: string }

/** One change to a tree; numbers choose a place by their remainder. */
export type TreeEdit =
  | { readonly kind: 'delete' | 'duplicate' | 'retype'; readonly at: number }
  | { readonly kind: 'rename'; readonly at: number; readonly key: string }
  | { readonly kind: 'replace' | 'add'; readonly at: number; readonly text: string }
  | { readonly kind: 'swap'; readonly at: number; readonly other: number }
  | { readonly kind: 'nest'; readonly at: number; readonly depth: number }

const secretKeys = new Set(['password', 'url', 'jdbcUrl'])

export function treeOf(value: unknown): JobTree {
  if (Array.isArray(value)) return { kind: 'list', items: value.map(treeOf) }
  if (typeof value === 'object' && value !== null) {
    return {
      kind: 'object',
      entries: Object.entries(value).map(([key, child]) => [key, treeOf(child)]),
    }
  }
  return { kind: 'literal', text: JSON.stringify(value) }
}

export function textOf(tree: JobTree, indent = ''): string {
  const inner = `${indent}  `
  switch (tree.kind) {
    case 'literal':
      return tree.text
    case 'list':
      if (tree.items.length === 0) return '[]'
      return `[\n${tree.items.map((item) => inner + textOf(item, inner)).join(',\n')}\n${indent}]`
    case 'object': {
      if (tree.entries.length === 0) return '{}'
      const lines = tree.entries.map(
        ([key, value]) => `${inner}${JSON.stringify(key)}: ${textOf(value, inner)}`,
      )
      return `{\n${lines.join(',\n')}\n${indent}}`
    }
  }
}

/** A place in a tree: an entry of an object or an item of a list. */
interface Place {
  readonly key: string | undefined
  readonly value: JobTree
  /** Puts values in its stead; none removes it. */
  put(...values: JobTree[]): void
  rename(key: string): void
}

/** Applies the edits to the tree, in place, one after the other. */
export function applyEdits(tree: JobTree, edits: readonly TreeEdit[]): void {
  for (const edit of edits) {
    const places = placesOf(tree)
    const place = places[edit.at % places.length]
    if (place !== undefined) applyEdit(edit, place, places)
  }
}

function applyEdit(edit: TreeEdit, place: Place, places: readonly Place[]): void {
  switch (edit.kind) {
    case 'delete':
      return place.put()
    case 'duplicate':
      return place.put(place.value, place.value)
    case 'retype':
      return place.put(retyped(place.value))
    case 'rename':
      // A secret has to stay under a name that tells it is one: nothing else can be hidden from messages.
      return isSecret(place) ? undefined : place.rename(edit.key)
    case 'replace':
      return place.put({ kind: 'literal', text: edit.text })
    case 'add':
      return place.put(place.value, { kind: 'literal', text: edit.text })
    case 'swap':
      return swap(place, places[edit.other % places.length] ?? place)
    case 'nest':
      return place.put({
        kind: 'literal',
        text: '['.repeat(edit.depth) + textOf(place.value) + ']'.repeat(edit.depth),
      })
  }
}

function swap(one: Place, other: Place): void {
  const [first, second] = [one.value, other.value]
  if (holdsSecret(one) || holdsSecret(other) || contains(first, second) || contains(second, first))
    return
  one.put(second)
  other.put(first)
}

function contains(tree: JobTree, part: JobTree): boolean {
  return tree === part || placesOf(tree).some((place) => place.value === part)
}

function isSecret({ key }: Place): boolean {
  return key !== undefined && secretKeys.has(key)
}

function holdsSecret(place: Place): boolean {
  return isSecret(place) || placesOf(place.value).some(isSecret)
}

/** The same content in another type: a text as a number, a list as an object, and so on. */
function retyped(tree: JobTree): JobTree {
  switch (tree.kind) {
    case 'list':
      return { kind: 'object', entries: tree.items.map((item, at) => [String(at), item]) }
    case 'object':
      return { kind: 'list', items: tree.entries.map(([, value]) => value) }
    case 'literal':
      return {
        kind: 'literal',
        text: tree.text.startsWith('"') ? `[${tree.text}]` : JSON.stringify(tree.text),
      }
  }
}

/** Everything in a tree, parents before their children. */
function placesOf(tree: JobTree): Place[] {
  if (tree.kind === 'literal') return []
  const own: Place[] =
    tree.kind === 'list'
      ? tree.items.map((value) => itemPlace(tree.items, value))
      : tree.entries.map((entry) => entryPlace(tree.entries, entry))
  return own.flatMap((place) => [place, ...placesOf(place.value)])
}

function itemPlace(items: JobTree[], value: JobTree): Place {
  return {
    key: undefined,
    value,
    put: (...values) => void items.splice(items.indexOf(value), 1, ...values),
    rename: () => {},
  }
}

function entryPlace(
  entries: (readonly [string, JobTree])[],
  entry: readonly [string, JobTree],
): Place {
  const [key, value] = entry
  const at = () => entries.indexOf(entry)
  return {
    key,
    value,
    put: (...values) =>
      void entries.splice(at(), 1, ...values.map((one): [string, JobTree] => [key, one])),
    rename: (name) => void entries.splice(at(), 1, [name, value]),
  }
}
