import { uint32At } from './bson-types.ts'
import { safeLongAt } from './number-text.ts'

/** Bits of a Decimal128, IEEE 754-2008, with the coefficient as a binary integer. */
const signBit = 1n << 127n
const exponentBias = 6176
const largestCoefficient = 10n ** 34n - 1n

/**
 * The digits of the Decimal128 at `offset`, scale kept: `1.50`, `1E+3`, `-0`, `NaN`, `Infinity`. The rules are those of
 * MongoDB's "BSON Decimal128" specification (to-scientific-string of General Decimal Arithmetic).
 */
export function decimalText(source: Buffer, offset: number): string {
  const usual = usualText(source, offset)
  if (usual !== undefined) return usual
  const bits = (source.readBigUInt64LE(offset + 8) << 64n) | source.readBigUInt64LE(offset)
  const sign = (bits & signBit) === 0n ? '' : '-'
  const combination = Number((bits >> 122n) & 31n)
  if (combination === 31) return 'NaN'
  if (combination === 30) return `${sign}Infinity`
  // A coefficient that begins with 100 in binary has more than 34 digits: it stands for 0.
  const isLarge = combination >> 3 === 3
  const exponent = Number((bits >> (isLarge ? 111n : 113n)) & 0x3fffn) - exponentBias
  const stored = isLarge ? 0n : bits & ((1n << 113n) - 1n)
  const coefficient = stored > largestCoefficient ? 0n : stored
  return sign + scientificText(coefficient.toString(), exponent)
}

/** The same for a coefficient that a number holds, which nearly all are, without a `bigint`. */
function usualText(source: Buffer, offset: number): string | undefined {
  const high = uint32At(source, offset + 12)
  const coefficient = safeLongAt(source, offset)
  const isUsual =
    (high & 0x6000_0000) !== 0x6000_0000 &&
    (high & 0x1_ffff) === 0 &&
    uint32At(source, offset + 8) === 0 &&
    coefficient !== undefined &&
    coefficient >= 0
  if (!isUsual) return undefined
  const exponent = ((high >>> 17) & 0x3fff) - exponentBias
  return (high >= 0x8000_0000 ? '-' : '') + scientificText(String(coefficient), exponent)
}

function scientificText(digits: string, exponent: number): string {
  const adjusted = exponent + digits.length - 1
  if (exponent > 0 || adjusted < -6) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : ''
    return `${digits[0]}${fraction}E${adjusted < 0 ? '' : '+'}${adjusted}`
  }
  if (exponent === 0) return digits
  const point = digits.length + exponent
  if (point > 0) return `${digits.slice(0, point)}.${digits.slice(point)}`
  return `0.${'0'.repeat(-point)}${digits}`
}

/** Whether the text of a Decimal128 is a number in JSON too. */
export function isJsonNumber(decimal: string): boolean {
  return !/[NI]/.test(decimal)
}
