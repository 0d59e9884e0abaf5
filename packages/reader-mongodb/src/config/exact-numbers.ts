/** A number of the shell that its type cannot hold. */
export class NumberRangeError extends Error {
  override readonly name = 'NumberRangeError'
}

const leastLong = -(2n ** 63n)
const mostLong = 2n ** 63n - 1n

/** What begins a value: digits behind anything else are part of a calculation. */
const before = String.raw`(?<=[:,([]\s*)`

/**
 * Strings and regular expressions, which stay as they are; then numbers that a double may not hold: of 64 bits in their wrappers,
 * decimals, names of fields, and values.
 */
const tokens = new RegExp(
  [
    String.raw`(?:\b(?:NumberLong|Int64|Long)\s*\(|(["']?)\$numberLong\1\s*:)\s*(?:"(?<text>[+-]?\d+)"|'(?<quoted>[+-]?\d+)'|(?<long>[+-]?\d{16,}(?![\w.])))`,
    String.raw`"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'`,
    String.raw`${before}/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\[])+/`,
    String.raw`\b(?:NumberDecimal|Decimal128)\s*\(\s*(?<decimal>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?=\s*[,)])`,
    String.raw`(?<=[{,]\s*)(?<name>\d{16,})(?=\s*:)`,
    String.raw`${before}(?<sign>[+-]?)\s*(?<whole>\d{16,})(?=\s*[,)\]}])`,
  ].join('|'),
  'gs',
)

/**
 * The text of a document of the shell with every number that JavaScript would round in a form that keeps all its digits. Beyond 64 bits
 * a whole number is a double, as it is to the server.
 *
 * @throws NumberRangeError where a number is said to have 64 bits, and does not fit
 */
export function withExactNumbers(text: string): string {
  return text.replaceAll(tokens, (token: string, ...matched: unknown[]) => {
    const found = matched.at(-1) as Readonly<Record<string, string | undefined>>
    const { long, decimal, name, whole, sign = '' } = found
    const given = found['text'] ?? found['quoted'] ?? long
    if (given !== undefined && !fitsLong(given))
      throw new NumberRangeError(`${given} does not fit a long of 64 bits`)
    const inner = long ?? decimal ?? name
    if (inner !== undefined) return `${token.slice(0, token.length - inner.length)}"${inner}"`
    if (whole === undefined) return token
    const digits = `${sign === '-' ? '-' : ''}${whole}`
    if (Number.isSafeInteger(Number(digits))) return token
    return fitsLong(digits) ? `NumberLong("${digits}")` : `Double(${digits})`
  })
}

function fitsLong(digits: string): boolean {
  const value = BigInt(digits.replace(/^\+/, ''))
  return value >= leastLong && value <= mostLong
}
