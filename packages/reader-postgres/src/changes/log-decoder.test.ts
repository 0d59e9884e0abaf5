import { isUtf8 } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { byteLengthOfCell, type Cell, type LogicalType, type Row } from '@millrace/core/record'
import { cellFormOf } from '../types/cell-form.ts'
import { LogDecoder, type LogSink } from './log-decoder.ts'
import type { RelationBinding } from './relation-binding.ts'
import { relationMessageOf } from './relation-message.ts'

/** A cell as the server writes it: text, NULL, or not sent since it did not change. */
type WrittenCell = Uint8Array | null | 'unchanged'
type Tuple = readonly WrittenCell[]

type Event =
  | { readonly kind: 'begin'; readonly lsn: bigint; readonly timeMs: number }
  | { readonly kind: 'commit'; readonly lsn: bigint }
  | { readonly kind: 'insert'; readonly row: Tuple }
  | { readonly kind: 'update'; readonly old?: Tuple; readonly key?: Tuple; readonly row: Tuple }
  | { readonly kind: 'delete'; readonly old?: Tuple; readonly key?: Tuple }
  | { readonly kind: 'truncate'; readonly oids: readonly number[] }
  | { readonly kind: 'relation' }
  | { readonly kind: 'other' }
  | { readonly kind: 'keepAlive'; readonly lsn: bigint; readonly wantsReply: boolean }

const oid = 4_000_000_000
const types: readonly LogicalType[] = ['int', 'string', 'bool', 'bytes', 'timestamptz', 'json']
/** The second column is not read; the fields stand in another order than the columns. */
const targets = [2, -1, 0, 3, 1, 4]
const isIdentity = [1, 0, 0, 0, 1, 0]
const quoted = (text: string) => `"${text}"`

const binding: RelationBinding = {
  schema: { table: 't', version: 1, fields: [], key: [] },
  isPart: false,
  targets: Int32Array.from(targets),
  forms: types.map((type) => (type === 'json' ? quoted : cellFormOf(type))),
  isConverted: Uint8Array.from(types, (type) => (type === 'int' || type === 'string' ? 0 : 1)),
  isIdentity: Uint8Array.from(isIdentity),
  fieldCount: 6,
  isWhole: false,
}

const u8 = (value: number) => Buffer.from([value])
const letter = (text: string) => Buffer.from(text)
const i16 = (value: number) => Buffer.from([value >> 8, value & 0xff])
function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(value)
  return bytes
}

function tupleBytes(tuple: Tuple): Buffer {
  const cells = tuple.map((cell) => {
    if (cell === null) return letter('n')
    if (cell === 'unchanged') return letter('u')
    return Buffer.concat([letter('t'), u32(cell.length), cell])
  })
  return Buffer.concat([i16(tuple.length), ...cells])
}

const microseconds = (timeMs: number) => BigInt(timeMs - Date.UTC(2000, 0, 1)) * 1000n + 999n

function logBytes(event: Event): Buffer[] {
  const old = (change: { readonly old?: Tuple; readonly key?: Tuple }) => [
    ...(change.old === undefined ? [] : [letter('O'), tupleBytes(change.old)]),
    ...(change.key === undefined ? [] : [letter('K'), tupleBytes(change.key)]),
  ]
  switch (event.kind) {
    case 'begin': {
      const time = BigInt.asUintN(64, microseconds(event.timeMs))
      return [letter('B'), u64(event.lsn), u64(time), u32(77)]
    }
    case 'commit':
      return [letter('C'), u8(0), u64(1n), u64(event.lsn), u64(0n)]
    case 'insert':
      return [letter('I'), u32(oid), letter('N'), tupleBytes(event.row)]
    case 'update':
      return [letter('U'), u32(oid), ...old(event), letter('N'), tupleBytes(event.row)]
    case 'delete':
      return [letter('D'), u32(oid), ...old(event)]
    case 'truncate':
      return [letter('T'), u32(event.oids.length), u8(3), ...event.oids.map(u32)]
    case 'relation':
      return relation
    case 'other':
      return [letter('Y'), u32(1), letter('a\0b\0')]
    case 'keepAlive':
      return []
  }
}

const relation = [
  letter('R'),
  u32(oid),
  letter('shöp\0t"x\0f'),
  i16(2),
  u8(1),
  letter('id\0'),
  u32(20),
  u32(0xffff_ffff),
  u8(0),
  letter('größe\0'),
  u32(1700),
  u32(655_366),
]

function message(event: Event): Buffer {
  const payload =
    event.kind === 'keepAlive'
      ? [letter('k'), u64(event.lsn), u64(0n), u8(event.wantsReply ? 1 : 0)]
      : [letter('w'), u64(5n), u64(6n), u64(7n), ...logBytes(event)]
  return framed('d', Buffer.concat(payload))
}

function framed(type: string, payload: Uint8Array): Buffer {
  return Buffer.concat([letter(type), u32(4 + payload.length), payload])
}

/** Reads a tuple the plain way. */
function plainRow(tuple: Tuple, previous?: Row): Row {
  const row: Row = Array.from({ length: 6 }, () => undefined)
  for (const [column, cell] of tuple.entries()) {
    const field = targets[column] ?? -1
    if (field < 0) continue
    row[field] = cell === 'unchanged' ? previous?.[field] : plainCell(cell, types[column])
  }
  return row
}

function plainCell(bytes: Uint8Array | null, type: LogicalType | undefined): Cell {
  if (bytes === null) return null
  const text = Buffer.from(bytes).toString('utf8')
  if (type === 'bool') return text === 't'
  if (type === 'bytes') return new Uint8Array(Buffer.from(text.slice(2), 'hex'))
  if (type === 'timestamptz') return text.replace(/\+00(?= BC$|$)/, '')
  if (!isUtf8(bytes)) {
    const quote = type === 'json' ? [0x22] : []
    return new Uint8Array([...quote, ...bytes, ...quote])
  }
  return type === 'json' ? quoted(text) : text
}

function keyRow(tuple: Tuple): Row {
  const sent = tuple.map((cell, column) => (isIdentity[column] === 1 ? cell : 'unchanged'))
  return plainRow(sent)
}

/** What a sink is told of an event, the plain way. */
function plainCalls(event: Event): unknown[][] {
  switch (event.kind) {
    case 'begin':
      return [['begin', event.lsn, event.timeMs]]
    case 'commit':
      return [['commit', event.lsn]]
    case 'insert':
      return [change('c', plainRow(event.row), null)]
    case 'update': {
      const old = event.old === undefined ? undefined : plainRow(event.old)
      const before = old ?? (event.key === undefined ? null : keyRow(event.key))
      return [change('u', plainRow(event.row, old), before)]
    }
    case 'delete': {
      const before = event.old === undefined ? keyRow(event.key ?? []) : plainRow(event.old)
      return [change('d', before, null)]
    }
    case 'truncate':
      return event.oids.map((number) => ['truncate', number])
    case 'relation':
      return [['relation', oid]]
    case 'keepAlive':
      return [['keepAlive', event.lsn, event.wantsReply]]
    case 'other':
      return []
  }
}

function change(operation: string, row: Row, before: Row | null): unknown[] {
  return ['change', operation, row, before]
}

/** Feeds the bytes in chunks; goes on after a relation only when the next chunk is there. */
function decoded(bytes: Buffer, cuts: readonly number[]): { calls: unknown[][]; sizes: number[] } {
  const calls: unknown[][] = []
  const sizes: number[] = []
  let isHeld = false
  const sink: LogSink = {
    started: () => calls.push(['started']),
    begin: (lsn, timeMs) => calls.push(['begin', lsn, timeMs]),
    commit: (lsn) => calls.push(['commit', lsn]),
    relation({ oid: number }) {
      calls.push(['relation', number])
      isHeld = true
      return false
    },
    isWanted: () => !isHeld,
    change(found, operation, row, before, byteSize) {
      expect(found).toBe(binding)
      calls.push(change(operation, row, before))
      sizes.push(byteSize - row.reduce<number>((sum, cell) => sum + byteLengthOfCell(cell), 0))
    },
    truncate: (number) => calls.push(['truncate', number]),
    keepAlive: (lsn, wantsReply) => calls.push(['keepAlive', lsn, wantsReply]),
    ended: (error) => calls.push(['ended', error]),
  }
  const decoder = new LogDecoder(sink, new Map([[oid, binding]]))
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b)
  const goOn = () => {
    while (isHeld) {
      isHeld = false
      decoder.resume()
    }
  }
  let from = 0
  for (const to of [...places, bytes.length]) {
    decoder.push(Buffer.from(bytes.subarray(from, to)))
    if (to % 2 === 0) goOn()
    from = to
  }
  goOn()
  return { calls, sizes }
}

const instants = ['2026-02-03 04:05:06.000007+00', '0044-03-15 10:00:00+00 BC', 'infinity']
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }).map((text) => Buffer.from(text, 'utf8')),
  fc.uint8Array({ maxLength: 12 }),
  fc.string({ minLength: 190, maxLength: 260 }).map((text) => Buffer.from(text, 'utf8')),
)
const cellOf: Partial<Record<LogicalType, fc.Arbitrary<Uint8Array>>> = {
  int: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => letter(String(value))),
  string: anyText,
  bool: fc.boolean().map((value) => letter(value ? 't' : 'f')),
  bytes: fc
    .uint8Array({ maxLength: 20 })
    .map((b) => letter(`\\x${Buffer.from(b).toString('hex')}`)),
  timestamptz: fc.constantFrom(...instants).map(letter),
  json: anyText,
}
const tuple: fc.Arbitrary<Tuple> = fc.tuple(
  ...types.map((type) =>
    fc.oneof(
      { weight: 6, arbitrary: cellOf[type] ?? anyText },
      { weight: 1, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.constant('unchanged' as const) },
    ),
  ),
)
/** Of the columns outside of the replica identity the server sends NULL. */
const keyTuple = tuple.map((cells) =>
  cells.map((cell, column) => (isIdentity[column] === 1 ? cell : null)),
)
const lsn = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    kind: fc.constant('begin' as const),
    lsn,
    timeMs: fc.integer({ min: Date.UTC(1990), max: Date.UTC(2200) }),
  }),
  fc.record({ kind: fc.constant('commit' as const), lsn }),
  fc.record({ kind: fc.constant('insert' as const), row: tuple }),
  fc.record({ kind: fc.constant('update' as const), row: tuple }),
  fc.record({ kind: fc.constant('update' as const), old: tuple, row: tuple }),
  fc.record({ kind: fc.constant('update' as const), key: keyTuple, row: tuple }),
  fc.record({ kind: fc.constant('delete' as const), old: tuple }),
  fc.record({ kind: fc.constant('delete' as const), key: keyTuple }),
  fc.record({
    kind: fc.constant('truncate' as const),
    oids: fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('keepAlive' as const), lsn, wantsReply: fc.boolean() }),
  fc.constantFrom({ kind: 'relation' as const }, { kind: 'other' as const }),
)

describe('the decoder of the log', () => {
  it('tells what a plain one does, however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (events, cuts) => {
          const { calls, sizes } = decoded(Buffer.concat(events.map(message)), cuts)
          expect(calls).toEqual(events.flatMap(plainCalls))
          expect(sizes.every((difference) => difference === 0)).toBe(true)
        },
      ),
      { numRuns: 400 },
    )
  })

  it('tells the begin and the end of the stream, and passes over the rest', () => {
    const error = Buffer.from('SERROR\0C55006\0Mslot "s" is active\0\0')
    const bytes = Buffer.concat([
      framed('N', Buffer.from('SNOTICE\0\0')),
      framed('W', Buffer.from([0, 0, 0])),
      framed('c', Buffer.alloc(0)),
      framed('E', error),
      framed('Z', letter('I')),
    ])
    const { calls } = decoded(bytes, [])
    expect(calls[0]).toEqual(['started'])
    expect(calls[1]?.[1]).toMatchObject({ code: '55006', message: 'slot "s" is active' })
    expect(calls[2]).toEqual(['ended', undefined])
  })

  it('reads descriptions of relations', () => {
    expect(relationMessageOf(Buffer.concat([u8(9), ...relation]), 1)).toEqual({
      oid,
      namespace: 'shöp',
      name: 't"x',
      replicaIdentity: 'f',
      columns: [
        { name: 'id', typeOid: 20, typeModifier: -1, isIdentity: true },
        { name: 'größe', typeOid: 1700, typeModifier: 655_366, isIdentity: false },
      ],
    })
  })

  it('refuses what is not as described', () => {
    const insert = (...parts: Buffer[]) =>
      framed(
        'd',
        Buffer.concat([
          letter('w'),
          Buffer.alloc(24),
          letter('I'),
          u32(oid),
          letter('N'),
          ...parts,
        ]),
      )
    expect(() => decoded(insert(i16(1), letter('n')), [])).toThrow('1 columns, expected 6')
    expect(() => decoded(insert(i16(6), letter('b')), [])).toThrow('expected text')
  })
})
