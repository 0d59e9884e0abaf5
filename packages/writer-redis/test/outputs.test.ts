import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { DataSource } from '@millrace/core/plugin'
import type { RecordBatch } from '@millrace/core/record'
import { changeBatch, readBatch, routed, type Change } from './change-batches.ts'
import { openWriter, TestLogger, writeBatch } from './write-rows.ts'

const url = new URL(process.env['MILLRACE_TEST_REDIS_URL'] ?? '')
const redis = new Redis(url.href)
const source: Partial<DataSource> = {
  hosts: [{ host: url.hostname, port: Number(url.port || 6379) }],
  database: url.pathname.slice(1),
  ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
  ...(url.username === '' ? {} : { user: decodeURIComponent(url.username) }),
}
let prefix = ''
const prefixes: string[] = []

beforeEach(() => {
  prefix = `millrace-test:${randomUUID()}:`
  prefixes.push(prefix)
})
afterAll(async () => {
  for (const one of prefixes) {
    const keys = await redis.keys(`${one}*`)
    if (keys.length > 0) await redis.del(...keys)
  }
  redis.disconnect()
})

/** Writes batches to the outputs of route `r`; gives what was dirty. */
async function write(
  outputs: readonly object[],
  batches: readonly RecordBatch[],
  logger = new TestLogger(),
): Promise<string[]> {
  await using session = await openWriter(
    { keyIndexes: undefined, outputs: { r: outputs } },
    source,
    { logger },
  )
  const dirty: string[] = []
  for (const batch of batches) {
    const result = await writeBatch(session, batch)
    dirty.push(
      ...[...result.admitted, ...result.rejected].map(({ row, error }) => `${row} ${error.code}`),
    )
    expect(result.written + result.admitted.length + result.rejected.length).toBe(batch.rows.length)
  }
  return dirty
}

/** A key template of this test. */
const keyed = (name: string) => ({ template: prefix + name })
const schema = routed('invoice', [
  ['id', 'int'],
  ['country', 'string'],
  ['total', 'decimal'],
  ['note', 'string'],
])
const invoice = (id: string, country: string, total: string | null, note: string | null = null) => [
  id,
  country,
  total,
  note,
]

/** Messages of a stream, without their ids. */
async function messages(name: string): Promise<string[][]> {
  return (await redis.xrange(prefix + name, '-', '+')).map(([, fields]) => fields)
}

describe('a stream', () => {
  it('gets a message for each change, the operation code last, and its expiry', async () => {
    const output = {
      type: 'stream',
      key: keyed('feed'),
      fields: [
        { column: 'id', name: 'message_id' },
        { column: 'country', name: 'country' },
        { column: 'total', name: 'Total' },
      ],
      expire: { seconds: 100 },
    }
    await write(
      [output],
      [
        readBatch(schema, [invoice('501', 'Norway', '14.85')]),
        changeBatch(schema, [
          { operation: 'u', row: ['501', 'Chad', undefined, null] },
          { operation: 'd', row: ['501', null, undefined, undefined] },
        ]),
      ],
    )
    expect(await messages('feed')).toEqual([
      ['message_id', '501', 'country', 'Norway', 'Total', '14.85', 'op_code', 'r'],
      ['message_id', '501', 'country', 'Chad', 'op_code', 'u'],
      ['message_id', '501', 'op_code', 'd'],
    ])
    const ttl = await redis.ttl(`${prefix}feed`)
    expect(ttl).toBeGreaterThan(90)
    expect(ttl).toBeLessThanOrEqual(100)
  })

  it('has all columns and a key of a column, and is trimmed when asked', async () => {
    const row = ['503', 'Chad', '1.98', null]
    await write(
      [{ type: 'stream', key: keyed('#{country}') }],
      [changeBatch(schema, [{ operation: 'c', row }])],
    )
    expect(await messages('Chad')).toEqual([
      ['id', '503', 'country', 'Chad', 'total', '1.98', 'op_code', 'c'],
    ])
    expect(await redis.ttl(`${prefix}Chad`)).toBe(-1)
    const rows = Array.from({ length: 1000 }, (_, at) => invoice(String(at), 'x', '1'))
    await write([{ type: 'stream', key: keyed('short'), maxLength: 10 }], [readBatch(schema, rows)])
    expect(await redis.xlen(`${prefix}short`)).toBeLessThan(200)
  })
})

describe('a hash', () => {
  const hash = () => ({ type: 'hash', key: keyed('#{id}') })

  it('loses the fields that become null, and keeps what was not sent', async () => {
    await redis.hset(`${prefix}1`, { note: 'old', foreign: 'x' })
    await write([hash()], [readBatch(schema, [invoice('1', 'Oslo', '2.00')])])
    expect(await redis.hgetall(`${prefix}1`)).toEqual({
      id: '1',
      country: 'Oslo',
      total: '2.00',
      foreign: 'x',
    })
    await write(
      [hash()],
      [changeBatch(schema, [{ operation: 'u', row: ['1', undefined, null, 'new'] }])],
    )
    expect(await redis.hgetall(`${prefix}1`)).toEqual({
      id: '1',
      country: 'Oslo',
      note: 'new',
      foreign: 'x',
    })
  })

  it('has the forms of RDI, or ISO 8601', async () => {
    const types = routed(`${prefix}sensor`, [
      ['id', 'int'],
      ['ok', 'bool', 'boolean'],
      ['data', 'bytes', 'bytea'],
      ['seen', 'timestamptz', 'timestamp with time zone'],
      ['at', 'datetime', 'timestamp without time zone'],
      ['born', 'date'],
      ['meta', 'json', 'jsonb'],
      ['$key', 'value', 'expression'],
    ])
    const row = [
      '1',
      true,
      new Uint8Array([255, 254]),
      '2026-01-02 03:04:05',
      '2026-01-02 03:04:05',
      '2026-01-02',
      '{"a":[1,2]}',
      'k',
    ]
    await write(
      [{ type: 'hash' }, { type: 'hash', key: keyed('iso'), temporal: 'iso' }],
      [readBatch(types, [row])],
    )
    const same = { id: '1', ok: '1', data: '//4=', meta: '{"a":[1,2]}' }
    expect(await redis.hgetall(`${prefix}sensor:id:1`)).toEqual({
      ...same,
      seen: '2026-01-02T03:04:05.000000Z',
      at: '1767323045000000',
      born: '20455',
    })
    expect(await redis.hgetall(`${prefix}iso`)).toEqual({
      ...same,
      seen: '2026-01-02T03:04:05Z',
      at: '2026-01-02T03:04:05',
      born: '2026-01-02',
    })
  })

  it('moves with its key; two rows that swap keys both survive', async () => {
    const move = (id: string, from: string, to: string): Change => ({
      operation: 'u',
      row: invoice(id, to, id),
      before: invoice(id, from, id),
      transaction: 7,
    })
    const output = { type: 'hash', key: keyed('#{country}') }
    await write([output], [readBatch(schema, [invoice('1', 'a', '1'), invoice('2', 'b', '2')])])
    await write([output], [changeBatch(schema, [move('1', 'a', 'b'), move('2', 'b', 'a')])])
    expect(await redis.hget(`${prefix}a`, 'id')).toBe('2')
    expect(await redis.hget(`${prefix}b`, 'id')).toBe('1')
    // The transaction in two batches.
    await write(
      [output],
      [changeBatch(schema, [move('1', 'b', 'a')]), changeBatch(schema, [move('2', 'a', 'b')])],
    )
    expect(await redis.hget(`${prefix}a`, 'id')).toBe('1')
    expect(await redis.hget(`${prefix}b`, 'id')).toBe('2')
    await write([output], [changeBatch(schema, [move('1', 'a', 'c'), move('1', 'c', 'd')])])
    expect((await redis.keys(`${prefix}*`)).sort()).toEqual([`${prefix}b`, `${prefix}d`])
  })

  it('takes along what was not sent of a row whose key changed, swapped ones too', async () => {
    const output = { type: 'hash', key: keyed('#{country}') }
    await write(
      [output],
      [readBatch(schema, [invoice('1', 'x', '1', 'long1'), invoice('2', 'y', '2', 'long2')])],
    )
    const move = (id: string, from: string, to: string): Change => ({
      operation: 'u',
      row: [id, to, '9', undefined],
      before: [id, from, undefined, undefined],
      transaction: 1,
    })
    const moves = [move('1', 'x', 'y'), move('2', 'y', 'x')]
    expect(await write([output], [changeBatch(schema, moves)])).toEqual([])
    const row = { total: '9' }
    expect(await redis.hgetall(`${prefix}x`)).toEqual({
      id: '2',
      country: 'x',
      note: 'long2',
      ...row,
    })
    expect(await redis.hgetall(`${prefix}y`)).toEqual({
      id: '1',
      country: 'y',
      note: 'long1',
      ...row,
    })
    expect(await redis.keys(`${prefix}*`)).toHaveLength(2)
  })

  it('is moved twice when a row of which only the key is known changes it twice', async () => {
    const rekey = (from: string, to: string, country: string): Change => ({
      operation: 'u',
      row: [to, country, '9', undefined],
      before: [from, undefined, undefined, undefined],
      transaction: 1,
    })
    const output = { type: 'hash', key: keyed('#{id}') }
    const batches = [
      readBatch(schema, [invoice('1', 'x', '1', 'long1')]),
      changeBatch(schema, [rekey('1', '2', 'y'), rekey('2', '1', 'z')]),
    ]
    expect(await write([output], batches)).toEqual([])
    expect(await redis.keys(`${prefix}*`)).toEqual([`${prefix}1`])
    expect(await redis.hmget(`${prefix}1`, 'country', 'note')).toEqual(['z', 'long1'])
  })

  it('of another type is a dirty row, and its expiry is left alone', async () => {
    await redis.set(`${prefix}1`, 'mine')
    const logger = new TestLogger()
    const output = { type: 'hash', key: keyed('#{id}'), expire: { seconds: 50 } }
    const rows = [invoice('1', 'x', '1'), invoice('2', 'y', '2')]
    expect(await write([output], [readBatch(schema, rows)], logger)).toEqual(['0 WRONG_TYPE'])
    expect(await redis.get(`${prefix}1`)).toBe('mine')
    expect(await redis.ttl(`${prefix}1`)).toBe(-1)
    expect(await redis.ttl(`${prefix}2`)).toBeGreaterThan(40)
    expect(logger.lines.join()).toMatch(
      /another type \(string, not hash\): their rows will be dirty/,
    )
  })

  it('is not written when something of its row is dirty', async () => {
    const outputs = [
      { type: 'hash', key: keyed('#{id}') },
      { type: 'zset', key: keyed('rank'), member: 'id', score: 'total' },
    ]
    const dirty = await write(outputs, [
      readBatch(schema, [invoice('1', 'x', null), invoice('2', 'é', '3.5')]),
    ])
    expect(dirty).toEqual(['0 NULL_VALUE'])
    expect(await redis.keys(`${prefix}*`)).toHaveLength(2)
    expect(await redis.zrange(`${prefix}rank`, '0', '-1')).toEqual(['2'])
    expect(await redis.hget(`${prefix}2`, 'country')).toBe('é')
  })
})

describe('expiries', () => {
  const token = routed('token', [
    ['id', 'int'],
    ['$expire', 'value', 'expression'],
  ])
  const output = () => ({ type: 'hash', key: keyed('#{id}'), expire: { column: '$expire' } })

  it('come from a column: floored, past, null, not sent, no number', async () => {
    await redis.hset(`${prefix}3`, 'id', '3')
    await redis.expire(`${prefix}3`, 999)
    await redis.hset(`${prefix}4`, 'id', '4')
    await redis.expire(`${prefix}4`, 999)
    const rows = [
      ['1', 90.5],
      ['2', -1],
      ['3', null],
      ['4', undefined],
      ['5', 'soon'],
      ['6', '1e99'],
    ]
    expect(await write([output()], [readBatch(token, rows)])).toEqual([
      '4 BAD_EXPIRE',
      '5 BAD_EXPIRE',
    ])
    const ttl = await redis.ttl(`${prefix}1`)
    expect(ttl).toBeGreaterThan(85)
    expect(ttl).toBeLessThanOrEqual(90)
    expect(await redis.exists(`${prefix}2`)).toBe(0)
    expect(await redis.ttl(`${prefix}3`)).toBe(-1)
    expect(await redis.ttl(`${prefix}4`)).toBeGreaterThan(900)
    expect(await redis.exists(`${prefix}5`)).toBe(0)
  })

  it('of a string go with it', async () => {
    await write(
      [{ type: 'string', key: keyed('#{id}'), value: 'id', expire: { seconds: 60 } }],
      [readBatch(token, [['1', null]])],
    )
    expect(await redis.get(`${prefix}1`)).toBe('1')
    expect(await redis.ttl(`${prefix}1`)).toBeGreaterThan(50)
  })
})

describe('sets, sorted sets and strings', () => {
  it('rank by score through changes', async () => {
    const output = { type: 'zset', key: keyed('rank'), member: 'id', score: 'total' }
    const dirty = await write(
      [output],
      [
        changeBatch(schema, [
          { operation: 'c', row: invoice('530', 'x', '3.10') },
          { operation: 'c', row: invoice('531', 'x', '20.00') },
          { operation: 'u', row: invoice('530', 'x', '25.50') },
          { operation: 'd', row: invoice('531', 'x', '20.00') },
          { operation: 'c', row: invoice('532', 'x', null) },
        ]),
      ],
    )
    expect(dirty).toEqual(['4 NULL_VALUE'])
    expect(await redis.zrevrange(`${prefix}rank`, 0, -1, 'WITHSCORES')).toEqual(['530', '25.5'])
  })

  it('leave the old set when the key changes', async () => {
    const output = { type: 'set', key: keyed('#{country}'), member: 'id' }
    await write(
      [output],
      [
        readBatch(schema, [invoice('1', 'a', '1'), invoice('2', 'a', '1')]),
        changeBatch(schema, [
          { operation: 'u', row: invoice('1', 'b', '1'), before: ['1', 'a', undefined, undefined] },
        ]),
      ],
    )
    expect(await redis.smembers(`${prefix}a`)).toEqual(['2'])
    expect(await redis.smembers(`${prefix}b`)).toEqual(['1'])
  })

  it('are set, kept when the value was not sent, and deleted with a null or the row', async () => {
    const output = { type: 'string', key: keyed('#{id}'), value: 'note' }
    const rows = ['1', '2', '3'].map((id) => invoice(id, 'x', '1', 'n'))
    await write(
      [output],
      [
        readBatch(schema, rows),
        changeBatch(schema, [
          { operation: 'u', row: ['1', 'x', '1', undefined] },
          { operation: 'u', row: invoice('2', 'x', '1', null) },
          { operation: 'd', row: ['3', undefined, undefined, undefined] },
        ]),
      ],
    )
    expect(await redis.mget(['1', '2', '3'].map((id) => prefix + id))).toEqual(['n', null, null])
  })
})

describe('keys', () => {
  it('that are null, or were not sent, make dirty rows', async () => {
    const output = { type: 'hash', key: keyed('#{country}') }
    const dirty = await write(
      [output],
      [
        changeBatch(schema, [
          { operation: 'c', row: ['1', null, '1', null] },
          { operation: 'd', row: ['1', undefined, '1', null] },
          { operation: 'c', row: ['1', '', '1', null] },
        ]),
      ],
    )
    expect(dirty).toEqual(['0 NULL_KEY', '1 CELL_NOT_SENT', '2 EMPTY_KEY'])
  })

  it('by default need a key of the table', async () => {
    const keyless = routed('t', [['a', 'int']], { key: [] })
    await using session = await openWriter(
      { keyIndexes: undefined, outputs: { r: [{ type: 'hash' }] } },
      source,
    )
    const [finding] = await session.check([keyless], { signal: new AbortController().signal })
    expect(finding).toMatchObject({ severity: 'error', path: ['outputs', 'r', 0, 'key'] })
    expect(finding?.hint).toMatch(/keys/)
  })
})

it('a server without RedisJSON is found out before the first row', async () => {
  await using session = await openWriter(
    { keyIndexes: undefined, outputs: { r: [{ type: 'json' }] } },
    source,
  )
  const check = session.check([schema], { signal: new AbortController().signal })
  await expect(check).rejects.toMatchObject({
    code: 'TARGET_UNFIT',
    message: expect.stringMatching(/no JSON\.SET/),
    hint: expect.stringMatching(/data_type: string/),
  })
})
