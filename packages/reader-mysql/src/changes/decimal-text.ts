/** Digits that one full group of four bytes holds. */
const groupDigits = 9
/** Bytes of a group of fewer digits. */
const bytesOfDigits = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4]

/** Bytes that a DECIMAL of this declaration takes. */
export function decimalByteLength(precision: number, scale: number): number {
  return partLength(precision - scale) + partLength(scale)
}

function partLength(digits: number): number {
  return Math.floor(digits / groupDigits) * 4 + bytesOfDigits[digits % groupDigits]!
}

/**
 * The text of a DECIMAL in the server's binary form: groups of nine digits, big-endian, the first one short before the point, the
 * last one short behind it; the highest bit is set for numbers that are not negative, and all bits are turned for negative ones.
 */
export function decimalTextAt(
  bytes: Buffer,
  start: number,
  precision: number,
  scale: number,
): string {
  const isNegative = (bytes[start]! & 0x80) === 0
  const mask = isNegative ? 0xff : 0
  let at = start
  let text = ''
  const group = (digits: number): number => {
    const length = bytesOfDigits[digits]!
    let value = 0
    for (let index = 0; index < length; index += 1, at += 1) {
      const byte = at === start ? bytes[at]! ^ 0x80 : bytes[at]!
      value = value * 256 + (byte ^ mask)
    }
    return value
  }
  const wholeDigits = precision - scale
  for (let left = wholeDigits; left > 0;) {
    const digits = left % groupDigits === 0 ? groupDigits : left % groupDigits
    const value = group(digits)
    if (text !== '') text += padded(value, digits)
    else if (value > 0) text = String(value)
    left -= digits
  }
  if (text === '') text = '0'
  if (scale > 0) text += '.'
  for (let left = scale; left > 0;) {
    const digits = Math.min(left, groupDigits)
    text += padded(group(digits), digits)
    left -= digits
  }
  return isNegative ? `-${text}` : text
}

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, '0')
}
