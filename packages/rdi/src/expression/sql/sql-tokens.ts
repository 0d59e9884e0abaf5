import { ExpressionSyntaxError } from '../../model/expression.ts'

/** A part of an expression. `value` of a name is without quotes; `offset` counts characters. */
export interface SqlToken {
  readonly kind: 'name' | 'quotedName' | 'text' | 'number' | 'parameter' | 'sign'
  readonly value: string
  readonly offset: number
  readonly end: number
}

const space = /(?:[ \t\n\f\r]|--[^\n]*|\/\*(?:[^*]|\*(?!\/))*(?:\*\/|$))+/y
const shapes: readonly (readonly [SqlToken['kind'], RegExp])[] = [
  ['text', /[xX]?'(?:[^']|'')*'/y],
  ['quotedName', /"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]/y],
  ['number', /0[xX][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?/y],
  ['parameter', /[?:@#$](?:[\w$\u0080-\uffff]|::)*/y],
  ['name', /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y],
  ['sign', /[^'"`[]/y],
]

/**
 * The parts of an expression as SQLite sees them, without spaces and comments.
 *
 * @throws {ExpressionSyntaxError} where a quote is never closed
 */
export function sqlTokens(text: string): readonly SqlToken[] {
  const tokens: SqlToken[] = []
  let offset = 0
  while (offset < text.length) {
    const afterSpace = endOfMatch(space, text, offset)
    if (afterSpace === undefined) {
      const token = tokenAt(text, offset)
      tokens.push(token)
      offset = token.end
    } else {
      offset = afterSpace
    }
  }
  return tokens
}

/** A name as it is meant: without its quotes. */
export function unquoted(name: string): string {
  const quote = name.charAt(0)
  if (quote === '[') return name.slice(1, -1)
  if (quote !== '"' && quote !== '`') return name
  return name.slice(1, -1).replaceAll(quote + quote, quote)
}

function tokenAt(text: string, offset: number): SqlToken {
  for (const [kind, shape] of shapes) {
    const end = endOfMatch(shape, text, offset)
    if (end !== undefined) {
      const found = text.slice(offset, end)
      return { kind, value: kind === 'quotedName' ? unquoted(found) : found, offset, end }
    }
  }
  const quote = text.charAt(offset)
  throw new ExpressionSyntaxError(`${quote} is never closed`, offset)
}

function endOfMatch(shape: RegExp, text: string, offset: number): number | undefined {
  shape.lastIndex = offset
  return shape.test(text) ? shape.lastIndex : undefined
}
