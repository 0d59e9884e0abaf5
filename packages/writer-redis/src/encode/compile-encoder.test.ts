import {
  TextBatchBuilder,
  type Cell,
  type LogicalType,
  type RecordBatch,
  type Row,
  type TableSchema,
  type TextBatch,
} from '@millrace/core/record'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redisWriterConfig } from '../config/schema.ts'
import type { RedisWriterConfig } from '../config/writer-config.ts'
import { expireScript } from './expiry.ts'
import { previewCommands } from '../preview-commands.ts'
import { BatchEncoder } from './compile-encoder.ts'

function configOf(parameters: Record<string, unknown>): RedisWriterConfig {
  return redisWriterConfig.parse({ datasource: 'r', keyIndexes: 0, ...parameters })
}

function schemaOf(types: Readonly<Record<string, LogicalType>>): TableSchema {
  return {
    table: 't',
    version: 1,
    key: [0],
    fields: Object.entries(types).map(([name, type]) => ({
      name,
      type,
      nullable: true,
      nativeType: type,
    })),
  }
}

const strings = (count: number) =>
  schemaOf(Object.fromEntries(Array.from({ length: count }, (_, at) => [`c${at}`, 'string'])))

function batchOf(schema: TableSchema, rows: Row[]): RecordBatch {
  return { schema, rows, byteSize: 0 }
}

function encode(
  parameters: Record<string, unknown>,
  rows: Row[],
  schema: TableSchema = strings(rows[0]?.length ?? 1),
  timeZone = 'Asia/Shanghai',
) {
  const config = configOf(parameters)
  expect(config.findings.filter((finding) => finding.severity === 'error')).toEqual([])
  const encoder = new BatchEncoder(config, schema, { timeZone })
  const encoded = encoder.encode(batchOf(schema, rows))
  return {
    encoder,
    encoded,
    commands: previewCommands(encoded.payload),
    codes: encoded.rejected.map(({ row, error }) => [row, error.code]),
  }
}

/** The plainest encoder there is: one Buffer per argument. */
function reference(commands: readonly (readonly (string | Uint8Array)[])[]): Buffer {
  return Buffer.concat(
    commands.flatMap((command) => [
      Buffer.from(`*${command.length}\r\n`),
      ...command.flatMap((argument) => {
        const bytes = Buffer.from(argument as string)
        return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]
      }),
    ]),
  )
}

const cell: fc.Arbitrary<Cell> = fc.oneof(
  { weight: 5, arbitrary: fc.string({ maxLength: 80 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 90 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 10 }) },
  // Halves of surrogate pairs alone.
  fc
    .array(fc.integer({ min: 0xd7f0, max: 0xe010 }), { maxLength: 70 })
    .map((codes) => String.fromCharCode(...codes)),
  fc.uint8Array({ maxLength: 40 }),
  fc.constant(null),
  fc.constant(undefined),
  fc.integer(),
  fc.bigInt(),
  fc.boolean(),
)

function argumentOf(value: Cell): string | Uint8Array | null {
  if (value === null || value === undefined) return null
  return typeof value === 'string' || value instanceof Uint8Array ? value : String(value)
}

/** Whether none of the cells holds half of a surrogate pair. */
function isText(row: Row): boolean {
  return row.every((value) => typeof value !== 'string' || value.isWellFormed())
}

/** The batch that a reader of text gives for cells of text, bytes or NULL. */
function textBatchOf(schema: TableSchema, rows: readonly Row[]): TextBatch {
  const builder = new TextBatchBuilder(schema, { maxRows: 1000, maxBytes: 1e9 })
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

describe('bytes on the wire', () => {
  const rowsOf = (columns: number) =>
    fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { maxLength: 12 })

  it('are those of the plain encoder for whole rows as hashes, batch after batch', () => {
    const schema = schemaOf({ id: 'string', a: 'string', 'é 名': 'string', b: 'string' })
    const asciiSchema = schemaOf({ id: 'string', a: 'string', name: 'string', b: 'string' })
    for (const current of [schema, asciiSchema]) {
      const config = configOf({ writeMode: { type: 'hash', mode: 'row' } })
      const encoder = new BatchEncoder(config, current, { timeZone: 'UTC' })
      fc.assert(
        fc.property(rowsOf(4), (rows) => {
          const expected = rows.flatMap((row) => {
            const key = argumentOf(row[0])
            const fields = row.slice(1).flatMap((value, at) => {
              const argument = argumentOf(value)
              return argument === null ? [] : [current.fields[at + 1]?.name ?? '', argument]
            })
            const isDirty = key === null || key.length === 0 || fields.length === 0
            return isDirty || !isText(row) ? [] : [['HSET', key, ...fields]]
          })
          const encoded = encoder.encode(batchOf(current, rows))
          expect(Buffer.concat(encoded.payload)).toEqual(reference(expected))
          expect(encoded.rows.length + encoded.rejected.length).toBe(rows.length)
          expect(encoded.byteLength).toBe(reference(expected).length)
        }),
      )
    }
  })

  const key = { datasource: 'r', keyTemplate: 'k:#{c0}:#{c1}' }
  it.each([
    { writeMode: { type: 'hash', mode: 'row' } },
    { ...key, writeMode: { type: 'hash', mode: 'row' } },
    { keyIndexes: [1, 0], keyFieldDelimiter: '|', writeMode: { type: 'hash', mode: 'row' } },
    { keyIndexes: [1, 0], strictDelimiter: true, writeMode: { type: 'hash', mode: 'row' } },
    { keyIndexes: [0, 1], writeMode: { type: 'hash', mode: 'hset' } },
    { writeMode: { type: 'string', mode: 'set', valueFieldDelimiter: '|' } },
    { writeMode: { type: 'string', mode: 'set' }, expireTime: { seconds: 60 } },
    { writeMode: { type: 'list', mode: 'rpush' }, expireTime: { seconds: 60 } },
    { keyIndexes: [0, 1, 2], writeMode: { type: 'set', mode: 'sadd' } },
    { keyIndexes: [0, 1], writeMode: { type: 'zset', mode: 'zadd' } },
    { writeMode: { type: 'hash', mode: 'row' }, expireTime: { seconds: 60 } },
  ])('are the same from text cells and from rows: %j', (parameters) => {
    const text = fc.oneof(
      { weight: 4, arbitrary: fc.string({ maxLength: 90 }) },
      { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 300 }) },
      { weight: 1, arbitrary: fc.constantFrom('', '|', '\u0001', '1.5', 'x'.repeat(1500)) },
      { weight: 1, arbitrary: fc.constant(null) },
    )
    // Halves of a character in cells next to each other are no text.
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 9 }),
      fc.constantFrom(Uint8Array.of(0xc2), Uint8Array.of(0x80)),
    )
    const value = fc.oneof({ weight: 12, arbitrary: text }, bytes)
    const schema = strings(4)
    const config = configOf(parameters)
    const ofText = new BatchEncoder(config, schema, { timeZone: 'UTC' })
    const ofRows = new BatchEncoder(config, schema, { timeZone: 'UTC' })
    const rowsOfFour = fc.array(fc.array(value, { minLength: 4, maxLength: 4 }), { maxLength: 9 })
    fc.assert(
      fc.property(rowsOfFour, (rows) => {
        const batch = textBatchOf(schema, rows)
        const found = ofText.encode(batch)
        const wanted = ofRows.encode(batchOf(schema, textBatchOf(schema, rows).rows))
        expect(Buffer.concat(found.payload)).toEqual(Buffer.concat(wanted.payload))
        expect(found).toMatchObject({
          byteLength: wanted.byteLength,
          rows: wanted.rows,
          rejected: wanted.rejected,
          writeCount: wanted.writeCount,
        })
        expect(ofText.delimiterHits).toBe(ofRows.delimiterHits)
        found.release()
        batch.release()
      }),
    )
  })

  it.each([
    {},
    { keyIndexes: null, keyTemplate: 'k:#{id}:#{blob}' },
    { dateFormat: 'yyyy-MM-dd HH:mm' },
    { dateFormat: 'yyyy年MM月dd日' },
    { column: ['at', 'id', 'blob'].map((name, index) => ({ name, index: 2 - index })) },
  ])('are the same from text cells and from rows of every type of cell: %j', (parameters) => {
    const schema = schemaOf({
      id: 'string',
      blob: 'bytes',
      at: 'timestamptz',
      due: 'datetime',
      day: 'date',
      isOpen: 'bool',
      note: 'string',
    })
    const pad = (value: number) => String(value).padStart(2, '0')
    const day = fc
      .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }))
      .map(([month, date]) => `2026-${pad(month)}-${pad(date)}`)
    const clock = fc
      .tuple(day, fc.nat(23), fc.constantFrom('', '.5', '.123456'))
      .map(([date, hour, fraction]) => `${date} ${pad(hour)}:30:59${fraction}`)
    const odd = fc.constantFrom(null, '', 'infinity', '0000-00-00 00:00:00', 'né', 'x'.repeat(300))
    const row = fc.tuple(
      fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom<Cell>(null, Uint8Array.of(0xff))),
      fc.oneof(fc.uint8Array({ maxLength: 90 }), fc.constant(null)),
      fc.oneof({ weight: 3, arbitrary: clock }, odd),
      fc.oneof({ weight: 3, arbitrary: clock }, odd),
      fc.oneof({ weight: 3, arbitrary: day }, odd),
      fc.constantFrom('true', 'false', null),
      fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom<Cell>(null, Uint8Array.of(0x80))),
    )
    const config = configOf({ writeMode: { type: 'hash', mode: 'row' }, ...parameters })
    const options = { timeZone: 'Asia/Shanghai' }
    const ofText = new BatchEncoder(config, schema, options)
    const ofRows = new BatchEncoder(config, schema, options)
    fc.assert(
      fc.property(fc.array(row, { maxLength: 9 }), (rows) => {
        const found = ofText.encode(textBatchOf(schema, rows))
        const wanted = ofRows.encode(batchOf(schema, textBatchOf(schema, rows).rows))
        expect(Buffer.concat(found.payload)).toEqual(Buffer.concat(wanted.payload))
        expect(found.rows).toEqual(wanted.rows)
        expect(found.rejected).toEqual(wanted.rejected)
        found.release()
      }),
    )
  })

  it('are made of text cells without a row for dates in another zone and for bytes', () => {
    const schema = schemaOf({ id: 'string', blob: 'bytes', at: 'timestamptz' })
    const config = configOf({ writeMode: { type: 'hash', mode: 'row' } })
    const encoder = new BatchEncoder(config, schema, { timeZone: 'Asia/Shanghai' })
    const batch = textBatchOf(schema, [['1', Uint8Array.of(0xff, 0x00), '2026-01-02 03:04:05']])
    const { payload } = encoder.encode(batch)
    expect(batch.text).toBeDefined()
    expect(Buffer.concat(payload)).toEqual(
      reference([['HSET', '1', 'blob', Uint8Array.of(0xff, 0x00), 'at', '2026-01-02 11:04:05']]),
    )
  })

  it('are the same when batches of every length use the same memory', () => {
    const schema = strings(2)
    const config = configOf({ writeMode: { type: 'hash', mode: 'row' } })
    const encoder = new BatchEncoder(config, schema, { timeZone: 'UTC' })
    for (const count of [3000, 1, 500, 4000, 2]) {
      const rows = Array.from({ length: count }, (_, at): Row => [`k${at}`, `v${count}-${at}`])
      const encoded = encoder.encode(textBatchOf(schema, rows))
      const expected = rows.map(([id, text]) => ['HSET', id as string, 'c1', text as string])
      expect(Buffer.concat(encoded.payload).equals(reference(expected))).toBe(true)
      encoded.release()
    }
  })

  it('are those of the plain encoder for keys and single values with expiries', () => {
    const schema = strings(2)
    const config = configOf({
      writeMode: { type: 'set', mode: 'sadd' },
      expireTime: { seconds: 60 },
    })
    fc.assert(
      fc.property(rowsOf(2), fc.constantFrom(0, 1, 2, 1000), (rows, keysPerScript) => {
        const encoder = new BatchEncoder(config, schema, { timeZone: 'UTC', keysPerScript })
        const keys = new Map<string, string | Uint8Array>()
        const writes = rows.flatMap((row) => {
          const key = argumentOf(row[0])
          if (key === null || key.length === 0 || !isText(row)) return []
          const id = `${typeof key} ${String(key)}`
          if (!keys.has(id)) keys.set(id, key)
          return [['SADD', key, argumentOf(row[1]) ?? '']]
        })
        const found = [...keys.values()]
        const expiries: (string | Uint8Array)[][] = []
        for (let from = 0; keysPerScript > 0 && from < found.length; from += keysPerScript) {
          const some = found.slice(from, from + keysPerScript)
          const count = String(some.length)
          expiries.push(['EVAL', expireScript, count, ...some, 'set', 'EXPIRE', '60'])
        }
        if (keysPerScript === 0) expiries.push(...found.map((key) => ['EXPIRE', key, '60']))
        const encoded = encoder.encode(batchOf(schema, rows))
        expect(Buffer.concat(encoded.payload)).toEqual(reference([...writes, ...expiries]))
        expect(encoded.writeCount).toBe(writes.length)
        expect(encoded.rows.length).toBe(writes.length + expiries.length)
      }),
    )
  })

  it('survive text larger than what is collected at once', () => {
    const long = 'x'.repeat(3_000_000)
    const rows = [
      ['a', long],
      ['b', long],
      ['c', `${long}é`],
      ['d', long],
    ]
    const { encoded } = encode({}, rows)
    expect(
      Buffer.concat(encoded.payload).equals(reference(rows.map((row) => ['SET', ...row]))),
    ).toBe(true)
  })

  it('can be made of some rows only, in their order', () => {
    const { encoder } = encode({}, [['x', 'y']])
    const batch = batchOf(encoder.schema, [
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
    ])
    const encoded = encoder.encode(batch, [2, 0])
    expect(previewCommands(encoded.payload)).toEqual([
      ['SET', 'c', '3'],
      ['SET', 'a', '1'],
    ])
    expect(encoded.rows).toEqual([2, 0])
  })
})

describe('keys', () => {
  it('joins columns in the order of keyIndexes', () => {
    const { commands } = encode({ keyIndexes: [1, 0], keyFieldDelimiter: '-' }, [['a', 'b', 'v']])
    expect(commands).toEqual([['SET', 'b-a', 'v']])
  })

  it('uses U+0001 by default, and broken escapes literally', () => {
    expect(encode({ keyIndexes: [0, 1] }, [['u', 7, 'v']]).commands).toEqual([
      ['SET', 'u\u00017', 'v'],
    ])
    expect(
      encode({ keyIndexes: [0, 1], keyFieldDelimiter: 'u0001' }, [['a', 'b', 'v']]).commands,
    ).toEqual([['SET', 'au0001b', 'v']])
  })

  it('makes rows with null or empty keys dirty', () => {
    expect(
      encode({}, [
        [null, 'v'],
        ['', 'v'],
        ['k', 'v'],
        [undefined, 'v'],
      ]).codes,
    ).toEqual([
      [0, 'NULL_KEY'],
      [1, 'EMPTY_KEY'],
      [3, 'NULL_KEY'],
    ])
    expect(encode({ keyIndexes: [0, 1] }, [['a', null, 'v']]).codes).toEqual([[0, 'NULL_KEY']])
  })

  it('and values with half of a surrogate pair make rows dirty, JSON escapes them', () => {
    const rows = [
      ['k\ud83d', 'v'],
      ['k1', 'x\ude00'],
      ['k2', '😀'],
      ['k3', '\ud83d'.repeat(20_000)],
    ]
    const { commands, codes } = encode({ writeMode: { type: 'hash', mode: 'row' } }, rows)
    expect(commands).toEqual([['HSET', 'k2', 'c1', '😀']])
    expect(codes).toEqual([0, 1, 3].map((row) => [row, 'INVALID_UTF16']))
    const column = [{ name: 'é', index: 1 }]
    expect(encode({ column }, [['k1', 'x\ude00']]).commands).toEqual([
      ['SET', 'k1', '{"é":"x\\ude00"}'],
    ])
  })

  it('fills templates', () => {
    const schema = schemaOf({ id: 'int', region: 'string', v: 'string' })
    const template = { keyIndexes: null, keyTemplate: '{#{region}}:##{x}:#{ id }' }
    const { commands, codes } = encode(
      template,
      [
        ['1', 'eu', 'v'],
        ['2', '', 'v'],
        [null, 'eu', 'v'],
      ],
      schema,
    )
    expect(commands).toEqual([['SET', '{eu}:#{x}:1', 'v']])
    expect(codes).toEqual([
      [1, 'EMPTY_KEY'],
      [2, 'NULL_KEY'],
    ])
  })

  it('takes bytes raw as a single key, and as UTF-8 in a joined one', () => {
    const bad = Uint8Array.of(0xff, 0x00)
    expect(encode({}, [[bad, 'v']]).commands).toEqual([['SET', bad, 'v']])
    const joined = encode({ keyIndexes: [0, 1] }, [
      [bad, 'a', 'v'],
      [Buffer.from('é'), 'a', 'v'],
    ])
    expect(joined.codes).toEqual([[0, 'INVALID_UTF8']])
    expect(joined.commands).toEqual([['SET', 'é\u0001a', 'v']])
  })
})

describe('values', () => {
  const joined = { writeMode: { type: 'string', mode: 'set', valueFieldDelimiter: '::' } }

  it('joins columns, nulls as empty text', () => {
    const { commands } = encode(joined, [
      ['k', 18, null, 'male'],
      ['k2', 18, 'x', 'male'],
    ])
    expect(commands).toEqual([
      ['SET', 'k', '18::::male'],
      ['SET', 'k2', '18::x::male'],
    ])
  })

  it('keeps types as text', () => {
    const schema = schemaOf({ id: 'int', b: 'bool', d: 'float', n: 'int' })
    const { commands } = encode(
      { writeMode: { type: 'string', valueFieldDelimiter: '|' } },
      [[1, true, '1.50', 18446744073709551615n]],
      schema,
    )
    expect(commands).toEqual([['SET', '1', 'true|1.50|18446744073709551615']])
  })

  it('minds delimiters inside the data', () => {
    const rows = [['k', 'a::b', 'c']]
    const loose = encode(joined, rows)
    expect(loose.codes).toEqual([])
    expect(loose.encoder.delimiterHits).toBe(1)
    expect(encode({ ...joined, strictDelimiter: 'true' }, rows).codes).toEqual([
      [0, 'DELIMITER_IN_DATA'],
    ])
  })

  it('takes bytes raw when they are the only value', () => {
    const bytes = Uint8Array.of(1, 0xff, 0x0d, 0x0a)
    expect(encode({}, [['k', bytes]]).commands).toEqual([['SET', 'k', bytes]])
    expect(
      encode({}, [
        ['k', bytes, 'x'],
        ['k', 'x', 'y'],
      ]).codes,
    ).toEqual([[0, 'INVALID_UTF8']])
  })

  it('writes expiries', () => {
    const seconds = { expireTime: { seconds: '60' } }
    expect(encode(seconds, [['k', 'v']]).commands).toEqual([['SET', 'k', 'v', 'EX', '60']])
    expect(encode({ expireTime: { unixtime: '4102444800' } }, [['k', 'v']]).commands).toEqual([
      ['SET', 'k', 'v', 'EXAT', '4102444800'],
    ])
    const list = encode({ ...seconds, writeMode: { type: 'list', mode: 'rpush' } }, [['k', 'v']])
    expect(list.commands[0]).toEqual([
      'EVAL',
      expect.any(String),
      '1',
      'k',
      'RPUSH',
      'v',
      'EXPIRE',
      '60',
    ])
  })
})

describe('zset and hash', () => {
  it('accepts only scores', () => {
    const scores: Cell[] = [
      '1.5',
      '1e3',
      '-inf',
      '+Infinity',
      '.5',
      7,
      '',
      'abc',
      'NaN',
      null,
      '0x10',
      ' 1',
      '1e999',
      '1e-999',
    ]
    const { commands, codes } = encode(
      { writeMode: { type: 'zset', mode: 'zadd' } },
      scores.map((score) => ['k', score, 'm']),
    )
    expect(commands.map((command) => command[2])).toEqual([
      '1.5',
      '1e3',
      '-inf',
      '+Infinity',
      '.5',
      '7',
    ])
    expect(codes).toEqual(
      [6, 7, 8, 9, 10, 11, 12, 13].map((row) => [row, row === 9 ? 'NULL_VALUE' : 'BAD_SCORE']),
    )
  })

  it('needs exactly a pair', () => {
    for (const writeMode of [{ type: 'zset' }, { type: 'hash' }]) {
      expect(encode({ writeMode }, [['k', '1']]).codes).toEqual([[0, 'WRONG_ARITY']])
      expect(encode({ writeMode }, [['k', '1', 'm', 'x']]).codes).toEqual([[0, 'WRONG_ARITY']])
    }
    expect(encode({ writeMode: { type: 'zset' } }, [['k', '1', null]]).codes).toEqual([
      [0, 'NULL_VALUE'],
    ])
  })

  it('writes fields, null values as empty text', () => {
    const { commands, codes } = encode(
      { keyIndexes: [0, 1], keyFieldDelimiter: ':', writeMode: { type: 'hash', mode: 'hmset' } },
      [
        ['k', 'x', 'f1', 'v1'],
        ['k', 'x', 'f2', null],
        ['k', 'x', null, 'v'],
      ],
    )
    expect(commands).toEqual([
      ['HSET', 'k:x', 'f1', 'v1'],
      ['HSET', 'k:x', 'f2', ''],
    ])
    expect(codes).toEqual([[2, 'NULL_VALUE']])
  })

  it('writes whole rows, or the fields that are listed', () => {
    const schema = schemaOf({ id: 'int', name: 'string', mail: 'string' })
    const rows: Row[] = [
      [1, 'a', null],
      [2, null, null],
    ]
    const whole = encode({ writeMode: { type: 'hash', mode: 'row' } }, rows, schema)
    expect(whole.commands).toEqual([['HSET', '1', 'name', 'a']])
    expect(whole.codes).toEqual([[1, 'NULL_VALUE']])
    const listed = encode(
      {
        writeMode: { type: 'hash', mode: 'row' },
        column: [
          { name: 'ID', index: '0' },
          { name: 'm', index: 2 },
        ],
      },
      rows,
      schema,
    )
    expect(listed.commands).toEqual([
      ['HSET', '1', 'ID', '1'],
      ['HSET', '2', 'ID', '2'],
    ])
  })
})

describe('JSON values', () => {
  const column = [
    { name: 'id', index: '0' },
    { name: 'name', index: '1' },
  ]

  it('quotes what has no type', () => {
    const { commands } = encode({ column }, [
      [1, 'John', 9],
      [2, null, 9],
    ])
    expect(commands).toEqual([
      ['SET', '1', '{"id":"1","name":"John"}'],
      ['SET', '2', '{"id":"2","name":null}'],
    ])
  })

  it('keeps digits of typed values', () => {
    const typed = [
      { name: 'id', index: 0, type: 'long' },
      { name: 'ok', index: 1, type: 'bool' },
      { name: 'd', index: 2, type: 'double' },
      { name: 's', index: 3 },
    ]
    const rows: Row[] = [
      ['9007199254740993', true, '1.5', 'é"x'],
      ['007', '0', '.50', ''],
      ['abc', true, '1', ''],
      ['1', 'maybe', '1', ''],
      ['1', true, 'NaN', ''],
      ['+-5', true, '1', ''],
      ['+5', true, '1', ''],
    ]
    const { commands, codes } = encode({ column: typed }, rows)
    expect(commands.map((command) => command[2])).toEqual([
      '{"id":9007199254740993,"ok":true,"d":1.5,"s":"é\\"x"}',
      '{"id":7,"ok":false,"d":0.50,"s":""}',
      '{"id":5,"ok":true,"d":1,"s":""}',
    ])
    expect(codes).toEqual([2, 3, 4, 5].map((row) => [row, 'BAD_JSON_VALUE']))
  })
})

describe('dates', () => {
  const schema = schemaOf({ id: 'int', d: 'date', t: 'time', w: 'datetime', i: 'timestamptz' })
  const row: Row = [
    1,
    '2026-02-02',
    '03:04:05.5',
    '2026-02-02 03:04:05.678',
    '2026-02-01 19:04:05.678901',
  ]
  const bar = { writeMode: { type: 'string', valueFieldDelimiter: '|' } }

  it('have the text of DataX by default', () => {
    expect(encode(bar, [row], schema).commands[0]?.[2]).toBe(
      '2026-02-02|03:04:05|2026-02-02 03:04:05|2026-02-02 03:04:05',
    )
  })

  it('keep their fraction in whole rows', () => {
    expect(encode({ writeMode: { type: 'hash', mode: 'row' } }, [row], schema).commands).toEqual([
      [
        'HSET',
        '1',
        'd',
        '2026-02-02',
        't',
        '03:04:05.5',
        'w',
        '2026-02-02 03:04:05.678',
        'i',
        '2026-02-02 03:04:05.678901',
      ],
    ])
  })

  it('follow dateFormat, instants in the zone of the job', () => {
    expect(
      encode({ ...bar, dateFormat: 'yyyyMMddHHmmssSSS' }, [row], schema).commands[0]?.[2],
    ).toBe('20260202000000000|19700101030405500|20260202030405678|20260202030405678')
  })

  it('pass what has no place on the calendar as text', () => {
    const odd: Row = [1, '0000-00-00', '-838:59:59', '0000-00-00 00:00:00', 'infinity']
    expect(encode({ ...bar, dateFormat: 'yyyyMMdd' }, [odd], schema).commands[0]?.[2]).toBe(
      '0000-00-00|-838:59:59|0000-00-00 00:00:00|infinity',
    )
  })
})
