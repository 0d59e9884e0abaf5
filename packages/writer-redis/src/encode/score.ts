const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const infinite = /^[+-]?inf(?:inity)?$/i
const hasDigit = /^[+-]?[0.]*[1-9]/

/**
 * Whether Redis takes a text as the score of a sorted set: a decimal number, with an exponent or not, or an infinity.
 * Hexadecimal, NaN, blanks and what a double cannot hold are no scores.
 */
export function isScore(text: string): boolean {
  if (!decimal.test(text)) return infinite.test(text)
  const value = Number(text)
  if (!Number.isFinite(value)) return false
  return value !== 0 || !hasDigit.test(text)
}
