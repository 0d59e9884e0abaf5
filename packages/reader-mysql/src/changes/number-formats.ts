import { floatTextOf } from '../types/float-text.ts'
import { fixedFormat, unsignedAt, type CellFormat } from './cell-reader.ts'
import { doubleTextOf, fixedDoubleText } from './double-text.ts'
import { decimalByteLength, decimalTextAt } from './decimal-text.ts'

/** Integers of one to eight bytes, little-endian. */
export function integerFormat(length: 1 | 2 | 3 | 4 | 8, isUnsigned: boolean): CellFormat {
  if (length === 8) return fixedFormat(8, isUnsigned ? unsignedBigintText : bigintText)
  if (isUnsigned) return fixedFormat(length, (bytes, at) => String(unsignedAt(bytes, at, length)))
  const unusedBits = 32 - length * 8
  return fixedFormat(length, (bytes, at) =>
    String((unsignedAt(bytes, at, length) << unusedBits) >> unusedBits),
  )
}

function unsignedBigintText(bytes: Buffer, at: number): string {
  const high = unsignedAt(bytes, at + 4, 4)
  const low = unsignedAt(bytes, at, 4)
  if (high < 0x20_0000) return String(high * 0x1_0000_0000 + low)
  return String((BigInt(high) << 32n) | BigInt(low))
}

function bigintText(bytes: Buffer, at: number): string {
  const high = unsignedAt(bytes, at + 4, 4) | 0
  const low = unsignedAt(bytes, at, 4)
  if (high < 0x20_0000 && high >= -0x20_0000) return String(high * 0x1_0000_0000 + low)
  return String((BigInt(high) << 32n) | BigInt(low))
}

/** FLOAT, as the snapshot has it: the server adds 0e0, so that there is no negative zero. */
export const floatFormat: CellFormat = fixedFormat(4, (bytes, at) => {
  const number = bytes.readFloatLE(at)
  return number === 0 ? '0' : floatTextOf(String(number))
})

/** @param decimals - places after the point where the column declares them */
export function doubleFormat(decimals: number | undefined): CellFormat {
  if (decimals === undefined)
    return fixedFormat(8, (bytes, at) => doubleTextOf(bytes.readDoubleLE(at)))
  return fixedFormat(8, (bytes, at) => fixedDoubleText(bytes.readDoubleLE(at), decimals))
}

export function decimalFormat(precision: number, scale: number): CellFormat {
  const length = decimalByteLength(precision, scale)
  return fixedFormat(length, (bytes, at) => decimalTextAt(bytes, at, precision, scale))
}

export const yearFormat: CellFormat = fixedFormat(1, (bytes, at) => {
  const year = bytes[at]!
  return year === 0 ? '0' : String(1900 + year)
})

/** BIT(n): most significant byte first; BIT(1) is a boolean. */
export function bitFormat(bitCount: number): CellFormat {
  const length = (bitCount + 7) >> 3
  if (bitCount === 1) return fixedFormat(1, (bytes, at) => (bytes[at]! & 1) === 1)
  return fixedFormat(length, (bytes, at) => new Uint8Array(bytes.subarray(at, at + length)))
}
