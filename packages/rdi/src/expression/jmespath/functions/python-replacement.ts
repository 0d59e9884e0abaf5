import { PatternError } from './python-pattern.ts'

/** Texts, and numbers of the groups whose match stands between them. */
export type Replacement = readonly (string | number)[]

const escapes: ReadonlyMap<string, string> = new Map([
  ['a', '\u0007'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ['\\', '\\'],
])

/** `\g<name>`, an octal character, `\1`, any other escape. */
const references = /\\(?:g<([^>]*)>|(0[0-7]{0,2}|[1-3][0-7]{2})|([1-9][0-9]?)|([^]))/gu

/**
 * Reads the replacement of Python's `re.sub`: `\1`, `\g<1>`, `\g<name>`, and the usual escapes.
 *
 * @throws PatternError for groups that the pattern does not have and escapes that are none
 */
export function translateReplacement(
  text: string,
  groupCount: number,
  groupNames: ReadonlyMap<string, number>,
): Replacement {
  const parts: (string | number)[] = []
  let position = 0
  for (const match of text.matchAll(references)) {
    const [all, named, octal, numbered, escaped] = match
    parts.push(text.slice(position, match.index))
    position = match.index + all.length
    if (octal !== undefined) parts.push(String.fromCharCode(parseInt(octal, 8)))
    else if (escaped !== undefined) parts.push(escapedText(escaped))
    else parts.push(groupNumber(named ?? numbered ?? '', groupCount, groupNames))
  }
  const rest = text.slice(position)
  if (rest.endsWith('\\')) throw new PatternError('it ends with a backslash')
  parts.push(rest)
  return parts.filter((part) => part !== '')
}

function groupNumber(
  reference: string,
  groupCount: number,
  groupNames: ReadonlyMap<string, number>,
): number {
  const group = /^\d+$/.test(reference) ? Number(reference) : groupNames.get(reference)
  if (group !== undefined && group <= groupCount) return group
  throw new PatternError(`the pattern has no group "${reference}"`)
}

function escapedText(character: string): string {
  const text = escapes.get(character)
  if (text !== undefined) return text
  if (/[A-Za-z]/.test(character)) throw new PatternError(`\\${character} has no meaning`)
  return `\\${character}`
}
