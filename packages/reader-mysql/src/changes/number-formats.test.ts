import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Cell } from '@millrace/core/record'
import type { CellFormat, RowCursor } from './cell-reader.ts'
import { bitFormat, decimalFormat, integerFormat } from './number-formats.ts'

/** The cell of these bytes, which have to be used up, by reading as by skipping. */
function cellOf(format: CellFormat, bytes: Buffer): Cell {
  const cursor: RowCursor = {
    bytes: Buffer.concat([Buffer.from('ab'), bytes]),
    offset: 2,
    byteSize: 0,
  }
  const cell = format.read(cursor)
  expect(cursor.offset).toBe(cursor.bytes.length)
  expect(cursor.byteSize).toBe(typeof cell === 'string' ? cell.length : cursor.byteSize)
  cursor.offset = 2
  format.skip(cursor)
  expect(cursor.offset).toBe(cursor.bytes.length)
  return cell
}

function littleEndian(value: bigint, length: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value))
  return bytes.subarray(0, length)
}

const digitsPerGroup = 9
const bytesPerDigits = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4]

/** The server's binary form of a decimal, written down plainly from its description. */
function decimalBytes(text: string, precision: number, scale: number): Buffer {
  const isNegative = text.startsWith('-')
  const [whole = '', fraction = ''] = text.replace('-', '').split('.')
  const padded = precision === scale ? '' : whole.padStart(precision - scale, '0')
  const groups: string[] = []
  const first = padded.length % digitsPerGroup
  if (first > 0) groups.push(padded.slice(0, first))
  for (let at = first; at < padded.length; at += 9) groups.push(padded.slice(at, at + 9))
  for (let at = 0; at < fraction.length; at += 9) groups.push(fraction.slice(at, at + 9))
  const bytes = Buffer.concat(
    groups.map((digits) => {
      const part = Buffer.alloc(bytesPerDigits[digits.length]!)
      part.writeUIntBE(Number(digits), 0, part.length)
      return part
    }),
  )
  bytes[0]! ^= 0x80
  return isNegative ? Buffer.from(bytes.map((byte) => byte ^ 0xff)) : bytes
}

describe('integers', () => {
  it('are read at every size, with and without sign', () => {
    for (const length of [1, 2, 3, 4, 8] as const) {
      const bits = length * 8
      fc.assert(
        fc.property(fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n }), (value) => {
          const bytes = littleEndian(value, length)
          expect(cellOf(integerFormat(length, true), bytes)).toBe(value.toString())
          const signed = BigInt.asIntN(bits, value).toString()
          expect(cellOf(integerFormat(length, false), bytes)).toBe(signed)
        }),
      )
    }
  })
})

describe('decimals', () => {
  it('are read at every precision and scale', () => {
    const shapes = fc
      .tuple(fc.integer({ min: 1, max: 65 }), fc.integer({ min: 0, max: 30 }))
      .filter(([precision, scale]) => scale <= precision)
    fc.assert(
      fc.property(
        shapes,
        fc.bigInt({ min: 0n, max: 10n ** 65n - 1n }),
        fc.boolean(),
        (shape, value, isNegative) => {
          const [precision, scale] = shape
          const digits = (value % 10n ** BigInt(precision)).toString().padStart(scale + 1, '0')
          const whole = digits.slice(0, digits.length - scale)
          const plain = scale === 0 ? whole : `${whole}.${digits.slice(-scale)}`
          const text = isNegative && /[1-9]/.test(plain) ? `-${plain}` : plain
          expect(
            cellOf(decimalFormat(precision, scale), decimalBytes(text, precision, scale)),
          ).toBe(text)
        },
      ),
    )
  })
})

describe('bits', () => {
  it('are a boolean alone and bytes together', () => {
    expect(cellOf(bitFormat(1), Buffer.from([1]))).toBe(true)
    expect(cellOf(bitFormat(1), Buffer.from([0]))).toBe(false)
    expect(cellOf(bitFormat(9), Buffer.from([1, 2]))).toEqual(new Uint8Array([1, 2]))
  })
})
