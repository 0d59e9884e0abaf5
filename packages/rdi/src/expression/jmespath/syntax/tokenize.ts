import { ExpressionSyntaxError } from '../../../model/expression.ts'
import { literalValue } from './literal.ts'
import { punctuation, type Punctuation, type Token } from './token.ts'

const blank = /[ \t\r\n]*/y
const identifier = /[A-Za-z_][A-Za-z0-9_]*/y
const integer = /-?[0-9]+/y

/** What may stand right before a sign that subtracts. */
const operandEnds: ReadonlySet<Token['kind']> = new Set([
  'identifier',
  'literal',
  'number',
  ')',
  ']',
  '[]',
  '}',
  '@',
])

/**
 * Cuts an expression into tokens, the last of which is `end`.
 *
 * @throws ExpressionSyntaxError
 */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  let position = skipBlank(text, 0)
  while (position < text.length) {
    const [token, end] = readToken(text, position, tokens.at(-1))
    tokens.push(token)
    position = skipBlank(text, end)
  }
  tokens.push({ kind: 'end', offset: text.length })
  return tokens
}

function skipBlank(text: string, position: number): number {
  return position + (matchAt(blank, text, position) ?? '').length
}

function matchAt(pattern: RegExp, text: string, position: number): string | undefined {
  pattern.lastIndex = position
  return pattern.exec(text)?.[0]
}

/** @returns the token, and where it ends */
function readToken(text: string, offset: number, previous: Token | undefined): [Token, number] {
  const name = matchAt(identifier, text, offset)
  if (name !== undefined) {
    return [{ kind: 'identifier', name, isQuoted: false, offset }, offset + name.length]
  }
  const digits = matchAt(integer, text, offset)
  const isSubtraction = digits?.startsWith('-') && previous && operandEnds.has(previous.kind)
  if (digits !== undefined && !isSubtraction) {
    return [{ kind: 'number', value: Number(digits), offset }, offset + digits.length]
  }
  const isQuote = '"\'`'.includes(text.charAt(offset))
  return isQuote ? readQuoted(text, offset) : readPunctuation(text, offset)
}

function readQuoted(text: string, offset: number): [Token, number] {
  const quote = text.charAt(offset)
  let end = offset + 1
  while (end < text.length && text[end] !== quote) end += text[end] === '\\' ? 2 : 1
  if (end >= text.length) {
    throw new ExpressionSyntaxError(`the ${quote} that opens here is never closed`, offset)
  }
  const content = text.slice(offset + 1, end)
  if (quote === '"') {
    return [
      { kind: 'identifier', name: quotedName(content, offset), isQuoted: true, offset },
      end + 1,
    ]
  }
  const value = quote === "'" ? content.replaceAll("\\'", "'") : literalValue(content, offset)
  return [{ kind: 'literal', value, offset }, end + 1]
}

function quotedName(content: string, offset: number): string {
  try {
    return JSON.parse(`"${content}"`) as string
  } catch {
    throw new ExpressionSyntaxError(
      `the name "${content}" holds an escape or a character that JSON text may not have`,
      offset,
    )
  }
}

function readPunctuation(text: string, offset: number): [Token, number] {
  const kind = punctuation.find((candidate) => text.startsWith(candidate, offset))
  if (kind === undefined) {
    const character = String.fromCodePoint(text.codePointAt(offset) ?? 0)
    throw new ExpressionSyntaxError(unexpected(character), offset)
  }
  return [{ kind, offset } as { kind: Punctuation; offset: number }, offset + kind.length]
}

function unexpected(character: string): string {
  if (character === '=') return 'unexpected `=`: equality is written `==`'
  return `unexpected character \`${character}\`: names that hold it are written "…", text '…'`
}
