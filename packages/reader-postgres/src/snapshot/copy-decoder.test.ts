import { isUtf8 } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { byteLengthOfCell, type Cell, type Row } from '@millrace/core/record'
import { cellConversionOf, type CellConversion } from '../types/cell-conversion.ts'
import { CopyDecoder } from './copy-decoder.ts'

const letters = new Map([
  [0x62, 0x08],
  [0x66, 0x0c],
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
  [0x76, 0x0b],
])

/** Reads COPY's text format the plain way, byte by byte, as its documentation says. */
function plainRows(bytes: Uint8Array, conversions: readonly (CellConversion | undefined)[]): Row[] {
  const rows: Row[] = []
  let row: Row = []
  let cell: number[] = []
  let isNull = false
  const endCell = () => {
    row.push(isNull ? null : plainCell(Buffer.from(cell), conversions[row.length]))
    cell = []
    isNull = false
  }
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] ?? 0
    if (byte === 0x09 || byte === 0x0a) {
      endCell()
      if (byte === 0x09) continue
      rows.push(row)
      row = []
    } else if (byte === 0x5c) {
      index += 1
      const letter = bytes[index] ?? 0
      if (letter === 0x4e) isNull = true
      else cell.push(letters.get(letter) ?? letter)
    } else {
      cell.push(byte)
    }
  }
  return rows
}

function plainCell(bytes: Buffer, convert: CellConversion | undefined): Cell {
  if (!isUtf8(bytes)) return new Uint8Array(bytes)
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  return convert === undefined ? text : convert(text)
}

const escapes = new Map([...letters].map(([letter, byte]) => [byte, letter]))

/** A cell as the server writes it. */
function encoded(bytes: Uint8Array | null): number[] {
  if (bytes === null) return [0x5c, 0x4e]
  return [...bytes].flatMap((byte) => {
    if (byte === 0x5c) return [0x5c, 0x5c]
    const letter = escapes.get(byte)
    return letter === undefined ? [byte] : [0x5c, letter]
  })
}

function copyText(rows: readonly (readonly (Uint8Array | null)[])[]): Buffer {
  return Buffer.concat(
    rows.map((cells) => {
      const bytes = cells.flatMap((cell, index) => [...(index > 0 ? [0x09] : []), ...encoded(cell)])
      return Buffer.from([...bytes, 0x0a])
    }),
  )
}

/** Pieces of `bytes` cut at the given places, which wrap around its length. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...new Set(places.map((place) => place % (bytes.length + 1)))]
  const bounds = [0, ...sorted.toSorted((left, right) => left - right), bytes.length]
  return bounds.slice(1).map((end, index) => bytes.subarray(bounds[index], end))
}

function decode(
  conversions: readonly (CellConversion | undefined)[],
  chunks: readonly Buffer[],
): { rows: Row[]; byteSizes: number[]; isInsideRow: boolean } {
  const rows: Row[] = []
  const byteSizes: number[] = []
  const decoder = new CopyDecoder(conversions)
  for (const chunk of chunks) {
    decoder.push(chunk, (row, byteSize) => {
      rows.push(row)
      byteSizes.push(byteSize)
    })
  }
  return { rows, byteSizes, isInsideRow: decoder.isInsideRow }
}

const byteSizeOf = (row: Row) => row.reduce<number>((sum, cell) => sum + byteLengthOfCell(cell), 0)
const comparable = (rows: readonly Row[]) =>
  rows.map((row) => row.map((cell) => (cell instanceof Uint8Array ? [...cell] : cell)))

const bytesOf = (text: fc.Arbitrary<string>) => text.map((value) => Buffer.from(value))
const nullable = (cell: fc.Arbitrary<Buffer>) => fc.option(cell, { nil: null, freq: 5 })
const awkward = fc.constantFrom(
  '\\N',
  '\\',
  '\t',
  '\n',
  '\\.',
  '',
  'a\tb\\\nc',
  '\r\n\b\f\v',
  '😀\\n',
)
const plain = bytesOf(fc.string({ unit: 'grapheme-ascii', maxLength: 12 }))
const anyText = bytesOf(fc.oneof(awkward, fc.string({ unit: 'binary', maxLength: 12 })))
const anyBytes = fc
  .uint8Array({ maxLength: 8 })
  .map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0)))
const hex = bytesOf(
  fc.uint8Array({ maxLength: 8 }).map((bytes) => `\\x${Buffer.from(bytes).toString('hex')}`),
)
const instant = bytesOf(
  fc.constantFrom('2026-02-03 04:05:06+00', '0044-03-15 10:00:00.5+00 BC', 'infinity'),
)
const truth = bytesOf(fc.constantFrom('t', 'f'))

const conversions = [
  undefined,
  undefined,
  cellConversionOf('bytes'),
  cellConversionOf('timestamptz'),
  cellConversionOf('bool'),
]
const rowOf = (text: fc.Arbitrary<Buffer>) =>
  fc.tuple(nullable(plain), nullable(text), nullable(hex), nullable(instant), nullable(truth))

describe('CopyDecoder', () => {
  it.each([
    ['ASCII', plain],
    ['any text', anyText],
    ['bytes of no encoding', anyBytes],
  ])('gives what a plain implementation gives, wherever the chunks end: %s', (_, text) => {
    const rowsAndCuts = fc.tuple(
      fc.array(rowOf(text), { maxLength: 12 }),
      fc.array(fc.nat(), { maxLength: 20 }),
    )
    fc.assert(
      fc.property(rowsAndCuts, ([rows, places]) => {
        const bytes = copyText(rows)
        const found = decode(conversions, cut(bytes, places))
        const wanted = plainRows(bytes, conversions)
        expect(comparable(found.rows)).toEqual(comparable(wanted))
        expect(found.byteSizes).toEqual(wanted.map(byteSizeOf))
        expect(found.isInsideRow).toBe(false)
      }),
      { numRuns: 300 },
    )
  })

  it('works on single bytes', () => {
    const bytes = Buffer.from('a\\tb\t\\N\nü\\\\\t\n')
    const found = decode(
      [undefined, undefined],
      [...bytes].map((byte) => Buffer.from([byte])),
    )
    expect(found.rows).toEqual([
      ['a\tb', null],
      ['ü\\', ''],
    ])
  })

  it('tells when it ends inside a row', () => {
    expect(decode([undefined], [Buffer.from('a\nb')])).toMatchObject({
      rows: [['a']],
      isInsideRow: true,
    })
  })

  it('gives empty rows for a table without columns', () => {
    expect(decode([], [Buffer.from('\n\n')])).toMatchObject({ rows: [[], []], byteSizes: [0, 0] })
  })
})
