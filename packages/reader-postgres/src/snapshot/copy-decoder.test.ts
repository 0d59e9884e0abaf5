import { isUtf8 } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  byteLengthOfCell,
  TextBatchBuilder,
  type Cell,
  type LogicalType,
  type Row,
  type TextBatch,
} from '@millrace/core/record'
import { cellFormOf } from '../types/cell-form.ts'
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
function plainRows(bytes: Uint8Array, types: readonly LogicalType[]): Row[] {
  const rows: Row[] = []
  let row: Row = []
  let cell: number[] = []
  let isNull = false
  const endCell = () => {
    row.push(isNull ? null : plainCell(Buffer.from(cell), types[row.length]))
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

function plainCell(bytes: Buffer, type: LogicalType | undefined): Cell {
  if (!isUtf8(bytes)) return new Uint8Array(bytes)
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  if (type === 'bool') return text === 't'
  if (type === 'bytes') return new Uint8Array(Buffer.from(text.slice(2), 'hex'))
  return type === 'timestamptz' ? text.replace(/\+00(?= BC$|$)/, '') : text
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

function message(type: string, payload: Uint8Array): Buffer {
  const head = Buffer.from([type.charCodeAt(0), 0, 0, 0, 0])
  head.writeInt32BE(4 + payload.length, 1)
  return Buffer.concat([head, payload])
}

/** A row of cells as they stand in COPY's text. */
function textOf(cells: readonly (Uint8Array | null)[]): Buffer {
  const bytes = cells.flatMap((cell, index) => [...(index > 0 ? [0x09] : []), ...encoded(cell)])
  return Buffer.from([...bytes, 0x0a])
}

/** An answer of the server that holds these rows of text. */
function answer(rows: readonly Uint8Array[]): Buffer {
  return Buffer.concat([
    message('H', Buffer.from([0, 0, 0])),
    ...rows.map((row) => message('d', row)),
    message('c', Buffer.alloc(0)),
    message('C', Buffer.from('COPY 1\0')),
    message('Z', Buffer.from('I')),
  ])
}

/** Pieces of `bytes` cut at the given places, which wrap around its length. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...new Set(places.map((place) => place % (bytes.length + 1)))]
  const bounds = [0, ...sorted.toSorted((left, right) => left - right), bytes.length]
  return bounds.slice(1).map((end, index) => bytes.subarray(bounds[index], end))
}

function decode(types: readonly LogicalType[], chunks: readonly Buffer[], maxRows = 5) {
  const fields = types.map((type, at) => ({
    name: `c${at}`,
    type,
    nullable: true,
    nativeType: type,
  }))
  const schema = { table: 't', version: 1, fields, key: [] }
  const builder = new TextBatchBuilder(schema, { maxRows, maxBytes: 200 })
  const batches: TextBatch[] = []
  const ends: unknown[] = []
  const decoder = new CopyDecoder(types.map(cellFormOf), {
    builder,
    beforeRow: (byteSize) => {
      if (builder.mustFlushBefore(byteSize)) batches.push(builder.take())
    },
    end: (error) => ends.push(error),
  })
  for (const chunk of chunks) decoder.push(chunk)
  batches.push(builder.take())
  return { batches, ends, rows: batches.flatMap((batch) => batch.rows) }
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

const types: readonly LogicalType[] = ['int', 'string', 'bytes', 'timestamptz', 'bool']
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
        const texts = rows.map((row) => textOf(row))
        const found = decode(types, cut(answer(texts), places))
        const wanted = plainRows(Buffer.concat(texts), types)
        expect(comparable(found.rows)).toEqual(comparable(wanted))
        for (const { rows: made, byteSize } of found.batches)
          expect(byteSize).toBe(made.reduce((sum, row) => sum + byteSizeOf(row), 0))
        expect(found.ends).toEqual([undefined])
      }),
      { numRuns: 300 },
    )
  })

  it('works on single bytes', () => {
    const text = Buffer.from('a\\tb\t\\N\n')
    const bytes = answer([text, Buffer.from('ü\\\\\t\n')])
    const found = decode(
      ['string', 'string'],
      [...bytes].map((byte) => Buffer.from([byte])),
    )
    expect(found.rows).toEqual([
      ['a\tb', null],
      ['ü\\', ''],
    ])
    expect(found.ends).toEqual([undefined])
  })

  it('grows for rows larger than its memory', () => {
    const long = 'x'.repeat(300_000)
    const bytes = answer([Buffer.from('1\n'), Buffer.from(`${long}\n`), Buffer.from('2\n')])
    const places = Array.from({ length: 10 }, (_, at) => at * 30_011)
    expect(decode(['string'], cut(bytes, places)).rows).toEqual([['1'], [long], ['2']])
  })

  it('tells the error of the server', () => {
    const fields = Buffer.from('SERROR\0VERROR\0C57014\0Mcancelled\0\0')
    const bytes = Buffer.concat([message('E', fields), message('Z', Buffer.from('I'))])
    const [error] = decode(['string'], [bytes]).ends
    expect(error).toMatchObject({ message: 'cancelled', code: '57014', severity: 'ERROR' })
  })

  it('refuses a row of another number of columns', () => {
    expect(() => decode(['string'], [answer([Buffer.from('1\t2\n')])])).toThrow(/row of/)
    expect(() => decode(['int', 'int'], [answer([Buffer.from('1\n')])])).toThrow(/1 columns/)
  })

  it('gives empty rows for a table without columns', () => {
    const found = decode([], [answer([Buffer.from('\n'), Buffer.from('\n')])])
    expect(found.rows).toEqual([[], []])
  })
})
