import { sqlTokens, type SqlToken } from './sql-tokens.ts'

/** Words of SQL that are no fields where an expression may stand. */
const words = new Set(
  `all and as asc between by case collate cross current_date current_time current_timestamp desc distinct else end escape except
  exists false filter from glob group having in inner intersect is isnull join left like limit match natural not notnull null
  nulls offset on or order outer over partition regexp right select then true union using values when where with`.split(
    /\s+/,
  ),
)
/** The name after one of these is a type, an order or a name that the expression gives. */
const namesSomethingElse = new Set(['as', 'collate', 'from', 'join', 'over'])

/**
 * The fields an expression reads, each once, nested ones with dots (`after.name`). Made for warnings: it knows words, not the
 * grammar, and gives nothing for a text that SQLite would refuse.
 */
export function sqlReferences(text: string): readonly string[] {
  const tokens = tokensOf(text)
  const found = new Set<string>()
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index]
    const chain = nameChain(tokens, index)
    if (token === undefined || chain === undefined || !isName(token)) continue
    const { name, end } = chain
    if (isField(tokens, index, end)) found.add(name)
    index = end - 1
  }
  return [...found]
}

function tokensOf(text: string): readonly SqlToken[] {
  try {
    return sqlTokens(text)
  } catch {
    return []
  }
}

function isField(tokens: readonly SqlToken[], start: number, end: number): boolean {
  const isFunction = tokens[end]?.value === '(' && tokens[end]?.kind === 'sign'
  const before = tokens[start - 1]
  // Two names in a row are of a type: DOUBLE PRECISION.
  const isOfType = before !== undefined && isName(before)
  return !isFunction && !isOfType && !(before !== undefined && startsOther(before))
}

function startsOther({ kind, value }: SqlToken): boolean {
  return kind === 'name' && namesSomethingElse.has(value.toLowerCase())
}

/** Names joined by dots, from a place on. */
export function nameChain(
  tokens: readonly SqlToken[],
  start: number,
): { readonly name: string; readonly end: number } | undefined {
  const first = tokens[start]
  if (first?.kind !== 'name' && first?.kind !== 'quotedName') return undefined
  let name = first.value
  let index = start + 1
  while (tokens[index]?.value === '.' && tokens[index]?.kind === 'sign') {
    const next = tokens[index + 1]
    if (next === undefined || (next.kind !== 'name' && next.kind !== 'quotedName')) break
    name += `.${next.value}`
    index += 2
  }
  return { name, end: index }
}

function isName({ kind, value }: SqlToken): boolean {
  return kind === 'quotedName' || (kind === 'name' && !words.has(value.toLowerCase()))
}
