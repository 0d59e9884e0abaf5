import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  byteLengthOfCell,
  TextBatchBuilder,
  type Cell,
  type LogicalType,
  type TextBatch,
} from '@millrace/core/record'
import { ResultDecoder, type CellDecoder, type ColumnHeader } from './result-decoder.ts'

const maxPayload = 0xff_ffff
type Wire = readonly (Uint8Array | null)[]

/** Packets of a payload, split at 16 MiB. */
function packets(payload: Buffer, sequence = 0): Buffer {
  const parts: Buffer[] = []
  for (let start = 0; ; start += maxPayload) {
    const part = payload.subarray(start, start + maxPayload)
    const header = Buffer.alloc(4)
    header.writeUIntLE(part.length, 0, 3)
    header[3] = sequence & 0xff
    parts.push(header, part)
    if (part.length < maxPayload) return Buffer.concat(parts)
  }
}

function lengthCoded(bytes: Uint8Array | null): Buffer {
  if (bytes === null) return Buffer.from([0xfb])
  const length = bytes.length
  if (length < 0xfb) return Buffer.concat([Buffer.from([length]), bytes])
  const head = Buffer.alloc(9)
  if (length < 0x1_0000) {
    head[0] = 0xfc
    head.writeUInt16LE(length, 1)
    return Buffer.concat([head.subarray(0, 3), bytes])
  }
  if (length < 0x100_0000) {
    head[0] = 0xfd
    head.writeUIntLE(length, 1, 3)
    return Buffer.concat([head.subarray(0, 4), bytes])
  }
  head[0] = 0xfe
  head.writeBigUInt64LE(BigInt(length), 1)
  return Buffer.concat([head, bytes])
}

const eof = packets(Buffer.from([0xfe, 0, 0, 2, 0]))
const okAtEnd = packets(Buffer.from([0xfe, 0, 0, 2, 0, 0, 0, 3, 0x61, 0x62, 0x63]))

function columnDefinition(type: number, charset: number): Buffer {
  const texts = ['def', 'db', 't', 't', 'c', 'c'].map((text) => lengthCoded(Buffer.from(text)))
  const fixed = Buffer.alloc(13)
  fixed[0] = 0x0c
  fixed.writeUInt16LE(charset, 1)
  fixed[7] = type
  return packets(Buffer.concat([...texts, fixed]))
}

function errorPacket(errno: number, state: string, message: string): Buffer {
  const head = Buffer.from([0xff, errno & 0xff, errno >> 8])
  return packets(Buffer.concat([head, Buffer.from(`#${state}${message}`)]))
}

function answer(columnCount: number, rows: readonly Wire[], end: Buffer): Buffer {
  return Buffer.concat([
    packets(lengthCoded(Buffer.alloc(0)).fill(columnCount)),
    ...Array.from({ length: columnCount }, (_, index) => columnDefinition(253, 45 + index)),
    eof,
    ...rows.map((row) => packets(Buffer.concat(row.map((cell) => lengthCoded(cell))))),
    end,
  ])
}

/** A column: its logical type, and how its cells are decoded. */
interface Column {
  readonly type: LogicalType
  readonly decoder: CellDecoder
}

const text: Column = { type: 'string', decoder: 'copied' }
const binary: Column = { type: 'bytes', decoder: 'copied' }

/** What the decoder should give, the plain way. */
function plainCell(bytes: Uint8Array | null, { type, decoder }: Column): Cell {
  if (bytes === null) return null
  if (typeof decoder === 'function') return decoder(Buffer.from(bytes), 0, bytes.length)
  if (type === 'bytes') return new Uint8Array(bytes)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return new Uint8Array(bytes)
  }
}

function decode(columns: readonly Column[], chunks: readonly Buffer[]) {
  const fields = columns.map(({ type }, at) => ({
    name: `c${at}`,
    type,
    nullable: true,
    nativeType: type,
  }))
  const schema = { table: 't', version: 1, fields, key: [] }
  const builder = new TextBatchBuilder(schema, { maxRows: 5, maxBytes: 1000 })
  const batches: TextBatch[] = []
  let headers: readonly ColumnHeader[] = []
  const ends: unknown[] = []
  const decodersFor = (found: readonly ColumnHeader[]) => {
    headers = [...found]
    return columns.map(({ decoder }) => decoder)
  }
  const decoder = new ResultDecoder(decodersFor, {
    builder,
    beforeRow: (byteSize) => {
      if (builder.mustFlushBefore(byteSize)) batches.push(builder.take())
    },
    end: (error) => ends.push(error),
  })
  for (const chunk of chunks) decoder.push(chunk)
  batches.push(builder.take())
  const byteSize = batches.reduce((sum, batch) => sum + batch.byteSize, 0)
  return { rows: batches.flatMap((batch) => batch.rows), headers, byteSize, ends }
}

/** Pieces of `bytes` cut at the given places, which wrap around its length. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...new Set(places.map((place) => place % bytes.length))].sort((a, b) => a - b)
  const bounds = [0, ...sorted, bytes.length]
  return bounds.slice(1).map((end, index) => Buffer.from(bytes.subarray(bounds[index], end)))
}

const reversed: Column = {
  type: 'string',
  decoder: (chunk, start, end) =>
    chunk.toString('latin1', start, end).split('').reverse().join('').repeat(2),
}
const truth: Column = { type: 'bool', decoder: (chunk, start) => chunk[start] === 0x31 }
const anyBytes = fc
  .oneof(
    { weight: 4, arbitrary: fc.uint8Array({ maxLength: 20 }) },
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 240, maxLength: 300 }) },
  )
  .map((bytes) => Buffer.from(bytes))
const anyText = fc.string({ unit: 'binary', maxLength: 30 }).map((text) => Buffer.from(text))
const asciiText = fc.string({ unit: 'grapheme-ascii', maxLength: 260 }).map((t) => Buffer.from(t))
const columns: readonly Column[] = [text, text, text, binary, reversed, truth]
const nullable = (cell: fc.Arbitrary<Buffer>) => fc.option(cell, { nil: null, freq: 4 })
const wireRow = fc.tuple(
  nullable(asciiText),
  nullable(anyText),
  nullable(anyBytes),
  nullable(anyBytes),
  nullable(asciiText),
  nullable(fc.constantFrom(Buffer.from('0'), Buffer.from('1'))),
)

describe('ResultDecoder', () => {
  it('gives what a plain implementation gives, wherever the chunks end', () => {
    fc.assert(
      fc.property(
        fc.array(wireRow, { maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 30 }),
        fc.constantFrom(eof, okAtEnd),
        (rows, places, end) => {
          const bytes = answer(columns.length, rows, end)
          const found = decode(columns, cut(bytes, places))
          const wanted = rows.map((row) =>
            row.map((cell, index) => plainCell(cell, columns[index]!)),
          )
          expect(found.rows).toEqual(wanted)
          expect(found.ends).toEqual([undefined])
          const size = wanted.flat().reduce<number>((sum, cell) => sum + byteLengthOfCell(cell), 0)
          expect(found.byteSize).toBe(size)
        },
      ),
    )
  })

  it('works on single bytes', () => {
    const bytes = answer(1, [[Buffer.from('ü')], [null], [Buffer.alloc(300, 'x')]], eof)
    const found = decode(
      [text],
      [...bytes].map((byte) => Buffer.from([byte])),
    )
    expect(found.rows).toEqual([['ü'], [null], ['x'.repeat(300)]])
    expect(found.headers).toEqual([{ type: 253, charset: 45 }])
  })

  it.each([maxPayload - 4 - 1, maxPayload - 4, maxPayload - 3, maxPayload, 2 * maxPayload + 5])(
    'joins packets around 16 MiB: a cell of %i bytes',
    (length) => {
      const big = Buffer.alloc(length, 'a')
      const bytes = answer(
        2,
        [
          [big, Buffer.from('1')],
          [Buffer.from('b'), null],
        ],
        eof,
      )
      const { rows, ends } = decode([text, text], cut(bytes, [70_000, 9_000_000, 17_000_000]))
      expect(rows).toHaveLength(2)
      expect(String(rows[0]?.[0]).length).toBe(length)
      expect(rows[0]?.[1]).toBe('1')
      expect(rows[1]).toEqual(['b', null])
      expect(ends).toEqual([undefined])
    },
  )

  it('tells an error before the first row and among rows', () => {
    const error = errorPacket(1317, '70100', 'Query execution was interrupted')
    const wanted = { errno: 1317, sqlState: '70100', message: 'Query execution was interrupted' }
    expect(decode([text], [error]).ends).toEqual([wanted])
    const late = decode([text], [answer(1, [[Buffer.from('a')]], error)])
    expect(late.rows).toEqual([['a']])
    expect(late.ends).toEqual([wanted])
  })

  it('ignores what follows the end', () => {
    const bytes = Buffer.concat([answer(1, [[Buffer.from('a')]], eof), answer(1, [], eof)])
    expect(decode([text], [bytes])).toMatchObject({ rows: [['a']], ends: [undefined] })
  })

  it('does not keep hold of the chunk in bytes', () => {
    const bytes = answer(1, [[Buffer.from([1, 2, 3])]], eof)
    const { rows } = decode([binary], [bytes])
    bytes.fill(0)
    expect(rows).toEqual([[new Uint8Array([1, 2, 3])]])
  })
})
