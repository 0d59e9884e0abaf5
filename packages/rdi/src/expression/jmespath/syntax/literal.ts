import { ExpressionSyntaxError, type RdiValue } from '../../../model/expression.ts'
import { parseJson } from '../values/json-text.ts'

/**
 * The value of a literal between back-ticks: JSON, else the text itself (`` `invoice:events` ``), in which escapes are
 * those of JSON.
 *
 * @param content what stands between the back-ticks, as written
 * @param offset of the opening back-tick
 * @throws ExpressionSyntaxError
 */
export function literalValue(content: string, offset: number): RdiValue {
  const text = content.replaceAll('\\`', '`')
  try {
    return parseJson(text)
  } catch {
    // Not JSON: text without quotes.
  }
  try {
    return JSON.parse(`"${text.trimStart()}"`) as string
  } catch {
    throw new ExpressionSyntaxError(
      `the literal \`${content}\` is neither JSON nor plain text: write text with quotes or backslashes as '…'`,
      offset,
    )
  }
}
