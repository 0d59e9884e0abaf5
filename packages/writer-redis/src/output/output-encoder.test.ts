import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  TextBatchBuilder,
  type RecordBatch,
  type Row,
  type TableSchema,
  type TextBatch,
} from '@millrace/core/record'
import { CommandList } from '../cluster/command-list.ts'
import { previewCommands } from '../preview-commands.ts'
import { OutputEncoder } from './output-encoder.ts'
import type { WriterOutput } from './writer-output.ts'

const names = ['id', 'a', 'b', 'é 名']
const schema: TableSchema = {
  table: 't',
  version: 1,
  key: [0],
  fields: names.map((name) => ({ name, type: 'string', nullable: true, nativeType: 'text' })),
}

function encoderOf(outputs: readonly WriterOutput[], isCluster = false): OutputEncoder {
  return new OutputEncoder(outputs, schema, { isCluster })
}

/** The batch that a reader of text gives. */
function textBatchOf(rows: readonly Row[], of: TableSchema = schema): TextBatch {
  const builder = new TextBatchBuilder(of, { maxRows: 1000, maxBytes: 1e9 })
  for (const row of rows) {
    builder.reserve(0)
    for (const value of row) {
      if (value instanceof Uint8Array) {
        builder.reserve(value.length + 1)
        builder.addCell(value, 0, value.length)
      } else if (typeof value === 'string') builder.addText(value)
      else builder.addNull()
    }
    builder.endRow(1)
  }
  return builder.take()
}

const rowBatch = (rows: readonly Row[]): RecordBatch => ({ schema, rows: [...rows], byteSize: 0 })

/** The commands of a hash, as plainly as they can be made. */
function hashCommands(rows: readonly Row[], keyOf: (row: Row) => string | undefined) {
  return rows.flatMap((row) => {
    const key = keyOf(row)
    if (key === undefined) return []
    const sent = row.flatMap((cell, at) => (cell === null ? [] : [names[at] ?? '', String(cell)]))
    const nulls = row.flatMap((cell, at) => (cell === null ? [names[at] ?? ''] : []))
    return [
      ...(sent.length > 0 ? [['HSET', key, ...sent]] : []),
      ...(nulls.length > 0 ? [['HDEL', key, ...nulls]] : []),
    ]
  })
}

const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 90 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 300 }) },
  { weight: 1, arbitrary: fc.constantFrom('', 'x'.repeat(1500)) },
  { weight: 2, arbitrary: fc.constant(null) },
)
const rowsOfFour = fc.array(fc.array(text, { minLength: 4, maxLength: 4 }), { maxLength: 9 })

describe('hashes of text cells', () => {
  const constantKey: WriterOutput = { type: 'hash', key: { template: 'k' } }
  it.each<[WriterOutput, (row: Row) => string | undefined]>([
    [{ type: 'hash' }, ([id]) => (typeof id === 'string' && id !== '' ? `t:id:${id}` : undefined)],
    [constantKey, () => 'k'],
    [
      { type: 'hash', key: { column: 'a' } },
      ([, a]) => (typeof a === 'string' && a !== '' ? a : undefined),
    ],
  ])('are the same as those of rows, and as they are made plainly: %j', (output, keyOf) => {
    const ofText = encoderOf([output])
    const ofRows = encoderOf([output])
    fc.assert(
      fc.property(rowsOfFour, (rows) => {
        const found = ofText.encode(textBatchOf(rows))
        const wanted = ofRows.encode(rowBatch(rows))
        expect(Buffer.concat(found.payload)).toEqual(Buffer.concat(wanted.payload))
        expect(found.rows).toEqual(wanted.rows)
        expect(found.rejected).toEqual(wanted.rejected)
        expect(previewCommands(found.payload)).toEqual(hashCommands(rows, keyOf))
        found.release()
      }),
    )
  })
})

describe('hashes of text cells of every type', () => {
  const types = ['string', 'bytes', 'timestamptz', 'datetime', 'date', 'time', 'bool'] as const
  const typed: TableSchema = {
    ...schema,
    fields: types.map((type) => ({
      name: type === 'string' ? 'id' : type,
      type,
      nullable: true,
      nativeType: type,
    })),
  }
  const cells: Row = [
    '1',
    Uint8Array.of(0xff, 0x80),
    '2026-01-02 03:04:05.5',
    '2026-01-02 03:04:05',
    '2026-01-02',
    '03:04:05',
    'true',
  ]
  const odd = fc.constantFrom(null, '', 'infinity', 'né', Uint8Array.of(0x80))
  const row = fc.tuple(
    ...types.map((type, at) =>
      fc.oneof(
        { weight: 3, arbitrary: fc.constant(cells[at]) },
        type === 'bool' ? fc.constantFrom('false', null) : odd,
      ),
    ),
  )

  it.each<WriterOutput>([
    { type: 'hash' },
    { type: 'hash', temporal: 'iso' },
    { type: 'hash', key: { template: 'k:#{id}' } },
  ])('are the same as those of rows: %j', (output) => {
    const ofText = new OutputEncoder([output], typed, { isCluster: false })
    const ofRows = new OutputEncoder([output], typed, { isCluster: false })
    fc.assert(
      fc.property(fc.array(row, { maxLength: 6 }), (rows) => {
        const found = ofText.encode(textBatchOf(rows, typed))
        const wanted = ofRows.encode({ ...rowBatch(textBatchOf(rows, typed).rows), schema: typed })
        expect(Buffer.concat(found.payload)).toEqual(Buffer.concat(wanted.payload))
        expect(found.rows).toEqual(wanted.rows)
        expect(found.rejected).toEqual(wanted.rejected)
        found.release()
      }),
    )
  })

  it('are made without a row', () => {
    const batch = textBatchOf([cells], typed)
    const { payload } = new OutputEncoder([{ type: 'hash' }], typed, { isCluster: false }).encode(
      batch,
    )
    expect(batch.text).toBeDefined()
    expect(previewCommands(payload)).toEqual([
      'HSET t:id:1 id 1 bytes /4A= timestamptz 2026-01-02T03:04:05.500000Z datetime 1767323045000 date 20455 time 11045000000 bool 1'.split(
        ' ',
      ),
    ])
  })
})

describe('commands', () => {
  it('of every output are as many as rows are told for, and have their keys where a cluster looks', () => {
    const outputs: readonly WriterOutput[] = [
      { type: 'hash', expire: { seconds: 9 } },
      { type: 'json', key: { template: 'j:#{id}' }, onUpdate: 'merge' },
      { type: 'json', key: { template: 'n:#{id}' }, onUpdate: 'merge', nativeMerge: false },
      { type: 'stream', key: { template: 's' }, maxLength: 5, expire: { seconds: 9 } },
      { type: 'set', key: { template: 'm:#{id}' }, member: 'a' },
    ]
    const encoder = encoderOf(outputs, true)
    fc.assert(
      fc.property(rowsOfFour, (rows) => {
        const { payload, rows: owners, rejected } = encoder.encode(rowBatch(rows))
        const commands = previewCommands(payload)
        expect(commands).toHaveLength(owners.length)
        const list = new CommandList(payload, owners.length)
        for (const [at, [name, ...args]] of commands.entries())
          expect(list.key(at).toString()).toBe(name === 'EVAL' ? args[2] : args[0])
        const dirty = rows.flatMap(([id, a], at) =>
          id === null || id === '' || a === null ? [at] : [],
        )
        expect(rejected.map(({ row }) => row)).toEqual(dirty)
      }),
    )
  })

  it('on a cluster never touch keys of two slots', () => {
    const changes = (row: Row, before: Row): RecordBatch => ({
      ...rowBatch([row]),
      changes: {
        operations: ['u'],
        before: [before],
        transactions: [1],
        committedAtMs: [0],
      },
    })
    const moved = changes(['2', 'x', undefined, 'y'], ['1', 'x', undefined, 'y'])
    const { payload, rejected } = encoderOf([{ type: 'hash' }], true).encode(moved)
    expect(payload).toEqual([])
    expect(rejected.map(({ error }) => error.code)).toEqual(['CROSS_SLOT'])
    const tagged = encoderOf([{ type: 'hash', key: { template: '{t}#{id}' } }], true).encode(moved)
    expect(previewCommands(tagged.payload).map(([name]) => name)).toEqual(['EVAL', 'HSET'])
    const single = encoderOf([{ type: 'hash' }]).encode(moved)
    expect(previewCommands(single.payload).map(([name]) => name)).toEqual(['EVAL', 'HSET'])
  })

  it('set the expiry of a key once for a batch, with one command on one server', () => {
    const rows = ['1', '2', '1'].map((id) => [id, 'a', 'b', 'c'])
    const outputs: WriterOutput[] = [{ type: 'hash', expire: { seconds: 5 } }]
    const names = (isCluster: boolean) =>
      previewCommands(encoderOf(outputs, isCluster).encode(rowBatch(rows)).payload).map(
        ([name]) => name,
      )
    expect(names(false)).toEqual(['HSET', 'HSET', 'HSET', 'EVAL'])
    expect(names(true)).toEqual(['HSET', 'HSET', 'HSET', 'EVAL', 'EVAL'])
  })

  it('are the same when all rows that were not taken go again', () => {
    const encoder = encoderOf([{ type: 'hash', key: { column: 'a' } }, { type: 'stream' }])
    const earlier = { operations: ['c' as const], before: [null], committedAtMs: [0] }
    encoder.encode({
      ...rowBatch([['0', 'a', 'b', 'c']]),
      changes: { ...earlier, transactions: [0] },
    })
    const swap: RecordBatch = {
      ...rowBatch([
        ['1', 'y', 'b', 'c'],
        ['2', 'x', 'b', null],
        ['3', 'z', 'b', 'c'],
      ]),
      changes: {
        operations: ['u', 'u', 'c'],
        before: [['1', 'x', 'b', 'c'], ['2', 'y', 'b', null], null],
        transactions: [1, 1, 2],
        committedAtMs: [0, 0, 0],
      },
    }
    const first = encoder.encode(swap)
    const commands = previewCommands(first.payload)
    expect(commands.map(([name]) => name)).toEqual(
      'DEL DEL HSET XADD HSET HDEL XADD HSET XADD'.split(' '),
    )
    const again = encoder.encode(swap, first.rows.toReversed())
    expect(previewCommands(again.payload)).toEqual(commands)
    expect(again.rows).toEqual(first.rows)
  })

  it('are not sent for half of a character', () => {
    const { payload, rejected } = encoderOf([{ type: 'stream' }]).encode(
      rowBatch([['1', '\ud83d', 'b', 'c']]),
    )
    expect(payload).toEqual([])
    expect(rejected.map(({ error }) => error.code)).toEqual(['INVALID_UTF16'])
    const json = encoderOf([{ type: 'json', fields: [{ column: 'a', name: 'a' }] }])
    expect(previewCommands(json.encode(rowBatch([['1', '\ud83d', 'b', 'c']])).payload)).toEqual([
      ['JSON.SET', 't:id:1', '$', '{"a":"\\ud83d"}'],
    ])
  })
})
