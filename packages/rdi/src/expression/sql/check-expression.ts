import { ExpressionSyntaxError } from '../../model/expression.ts'
import { sqlTokens } from './sql-tokens.ts'

/**
 * Makes sure that a text cannot end the brackets it is put into, or begin a statement of its own: it is one expression, or
 * SQLite refuses it.
 *
 * @throws {ExpressionSyntaxError}
 */
export function checkExpression(text: string): void {
  const tokens = sqlTokens(text)
  if (tokens.length === 0) throw new ExpressionSyntaxError('the expression is empty', 0)
  const open: number[] = []
  for (const { kind, value, offset } of tokens) {
    if (kind === 'parameter') {
      throw new ExpressionSyntaxError(
        `"${value}" has no meaning here: fields are named as they are, without a sign before them`,
        offset,
      )
    }
    if (kind !== 'sign') continue
    if (value === ';') {
      throw new ExpressionSyntaxError('only one expression is allowed here, without ";"', offset)
    }
    if (value === '(') open.push(offset)
    if (value === ')' && open.pop() === undefined) {
      throw new ExpressionSyntaxError('")" closes nothing', offset)
    }
  }
  const last = open.pop()
  if (last !== undefined) throw new ExpressionSyntaxError('"(" is never closed', last)
}
