import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CellFormat } from './cell-reader.ts'
import { dateFormat, datetimeFormat, timeFormat, timestampFormat } from './temporal-formats.ts'

function cellOf(format: CellFormat, bytes: Buffer): unknown {
  const cursor = { bytes, offset: 0, byteSize: 0 }
  const cell = format.read(cursor)
  expect(cursor.offset).toBe(bytes.length)
  return cell
}

function bigEndian(value: bigint, length: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value))
  return bytes.subarray(8 - length)
}

const two = (value: number) => String(value).padStart(2, '0')
const clock = fc.tuple(fc.nat(23), fc.nat(59), fc.nat(59))
const fractions = fc.integer({ min: 0, max: 6 })
const micros = fc.nat(999_999)

/** A fraction as stored: in hundredths, ten-thousandths or millionths, by the digits declared. */
function stored(
  microseconds: number,
  digits: number,
): { bytes: number; units: number; text: string } {
  const bytes = Math.ceil(digits / 2)
  const kept = Math.floor(microseconds / 10 ** (6 - digits))
  const units = kept * (digits % 2 === 1 ? 10 : 1)
  return { bytes, units, text: digits === 0 ? '' : `.${String(kept).padStart(digits, '0')}` }
}

describe('dates and times', () => {
  it('are read with every fraction', () => {
    fc.assert(
      fc.property(
        fc.tuple(fc.nat(9999), fc.nat(12), fc.nat(31)),
        clock,
        micros,
        fractions,
        ([year, month, day], [hour, minute, second], fraction, digits) => {
          const { bytes, units, text } = stored(fraction, digits)
          const date = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`
          const time = `${two(hour)}:${two(minute)}:${two(second)}`
          const days = BigInt((year * 13 + month) * 32 + day)
          const packed = (days << 17n) | BigInt((hour << 12) | (minute << 6) | second)
          const whole = bigEndian(packed + 0x80_0000_0000n, 5)
          const rest = bigEndian(BigInt(units), bytes)
          const cell = cellOf(datetimeFormat(digits), Buffer.concat([whole, rest]))
          expect(cell).toBe(`${date} ${time}${text}`)
          const dateBytes = Buffer.alloc(3)
          dateBytes.writeUIntLE((year << 9) | (month << 5) | day, 0, 3)
          expect(cellOf(dateFormat, dateBytes)).toBe(date)
        },
      ),
    )
  })

  it('may be negative, and of more than a day', () => {
    fc.assert(
      fc.property(
        fc.tuple(fc.nat(838), fc.nat(59), fc.nat(59)),
        micros,
        fractions,
        fc.boolean(),
        ([hour, minute, second], fraction, digits, isNegative) => {
          const { bytes, units, text } = stored(fraction, digits)
          const scale = 256n ** BigInt(bytes)
          const size = BigInt((hour << 12) | (minute << 6) | second) * scale + BigInt(units)
          const packed = 0x80_0000n * scale + (isNegative ? -size : size)
          const sign = isNegative && size > 0n ? '-' : ''
          expect(cellOf(timeFormat(digits), bigEndian(packed, 3 + bytes))).toBe(
            `${sign}${two(hour)}:${two(minute)}:${two(second)}${text}`,
          )
        },
      ),
    )
  })

  it('are instants in UTC', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0xffff_ffff }), (seconds) => {
        const wanted = new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')
        expect(cellOf(timestampFormat(0), bigEndian(BigInt(seconds), 4))).toBe(wanted)
      }),
    )
    expect(cellOf(timestampFormat(0), Buffer.alloc(4))).toBe('0000-00-00 00:00:00')
  })
})
