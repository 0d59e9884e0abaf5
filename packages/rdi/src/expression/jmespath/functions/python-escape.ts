import { PatternError } from './pattern-error.ts'

/** What an escape becomes in JavaScript, and how many characters after its backslash it has. */
export interface Escape {
  readonly source: string
  readonly length: number
}

/** One character that stands for itself, in and outside of `[]`. */
export function literal(character: string): string {
  if (/[A-Za-z0-9]/.test(character)) return character
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}

/** `\d`, `\s`, `\w` and their opposites, each in brackets. */
export function characterSet(letter: string, isAscii: boolean): string {
  const content = setContents.get(letter.toLowerCase())
  const sign = letter === letter.toLowerCase() ? '' : '^'
  return `[${sign}${(isAscii ? content?.ascii : content?.unicode) ?? ''}]`
}

const setContents: ReadonlyMap<string, { readonly unicode: string; readonly ascii: string }> =
  new Map([
    ['d', { unicode: String.raw`\p{Nd}`, ascii: '0-9' }],
    ['s', { unicode: String.raw`\s`, ascii: String.raw`\t-\r\u{20}` }],
    ['w', { unicode: String.raw`\p{L}\p{N}_`, ascii: 'A-Za-z0-9_' }],
  ])

/** `\0`, `\012`: a character by its number. Absent: the digits are no such escape. */
export function octalEscape(text: string, position: number): Escape | undefined {
  const pattern = /0[0-7]{0,2}|[1-3][0-7]{2}/y
  pattern.lastIndex = position
  const digits = pattern.exec(text)?.[0]
  if (digits === undefined) return undefined
  return { source: literal(String.fromCharCode(parseInt(digits, 8))), length: digits.length }
}

const controls: ReadonlyMap<string, string> = new Map([
  ['a', '\u0007'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
])

/**
 * An escape that stands for one character.
 *
 * @param position right after the backslash
 * @throws PatternError
 */
export function plainEscape(text: string, position: number): Escape {
  const pattern = /x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U(00[01][0-9A-Fa-f]{5})|([^])/uy
  pattern.lastIndex = position
  const match = pattern.exec(text)
  if (!match) throw new PatternError('it ends with a backslash')
  const [all, two, four, eight, character = ''] = match
  const digits = two ?? four ?? eight
  if (digits !== undefined) {
    return { source: literal(String.fromCodePoint(parseInt(digits, 16))), length: all.length }
  }
  const control = controls.get(character)
  if (control === undefined && /[A-Za-z0-9]/.test(character)) {
    throw new PatternError(`\\${character} has no meaning`)
  }
  return { source: literal(control ?? character), length: all.length }
}
