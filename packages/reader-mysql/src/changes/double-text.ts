/** Digits up to which a server writes a whole number without an exponent, and zeros behind a point. */
const plainDigits = 15

/**
 * The text a server prints for a DOUBLE: the fewest digits that name the number, in the form of its `my_gcvt`, which takes the
 * exponent form for whole numbers above 10^15 and for numbers below 10^-15.
 */
export function doubleTextOf(number: number): string {
  if (number === 0) return Object.is(number, -0) ? '-0' : '0'
  const sign = number < 0 ? '-' : ''
  // Shortest digits with the exponent apart: d[.ddd]e±x.
  const [mantissa = '', exponent = ''] = Math.abs(number).toExponential().split('e')
  const digits = mantissa.replace('.', '')
  const point = Number(exponent) + 1
  const isPlain = point > -plainDigits && (point <= plainDigits || digits.length > point)
  return sign + (isPlain ? plainText(digits, point) : exponentText(digits, point - 1))
}

/** The text of a DOUBLE with declared places after the point: the fewest digits, rounded where they are too many. */
export function fixedDoubleText(number: number, decimals: number): string {
  const [mantissa = '', exponent = ''] = Math.abs(number).toExponential().split('e')
  const digits = mantissa.replace('.', '')
  const point = Number(exponent) + 1
  // So many places are only there in numbers that `toFixed` takes.
  if (digits.length - point > decimals) return number.toFixed(decimals)
  const [whole = '', fraction = ''] = plainText(digits, point).split('.')
  const text = decimals === 0 ? whole : `${whole}.${fraction.padEnd(decimals, '0')}`
  return number < 0 ? `-${text}` : text
}

function plainText(digits: string, point: number): string {
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`
  if (point >= digits.length) return digits + '0'.repeat(point - digits.length)
  return `${digits.slice(0, point)}.${digits.slice(point)}`
}

function exponentText(digits: string, exponent: number): string {
  const mantissa = digits.length === 1 ? digits : `${digits[0]}.${digits.slice(1)}`
  return `${mantissa}e${exponent}`
}
