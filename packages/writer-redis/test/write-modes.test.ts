import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { DataSource } from '@millrace/core/plugin'
import type { Row } from '@millrace/core/record'
import { openWriter, TestLogger, textBatch, writeBatch, writeRows } from './write-rows.ts'

const url = new URL(process.env['MILLRACE_TEST_REDIS_URL'] ?? '')
const redis = new Redis(url.href)
const source: Partial<DataSource> = {
  hosts: [{ host: url.hostname, port: Number(url.port || 6379) }],
  database: url.pathname.slice(1),
  ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
  ...(url.username === '' ? {} : { user: decodeURIComponent(url.username) }),
}
const used = new Set<string>()
let prefix = ''

beforeEach(() => {
  prefix = `millrace-test:${randomUUID()}:`
})
afterAll(async () => {
  if (used.size > 0) await redis.del(...used)
  redis.disconnect()
})

/** A key that only this test has. */
function key(name: string): string {
  used.add(prefix + name)
  return prefix + name
}

/** Rows whose first column becomes a key of this test. */
function keyed(rows: readonly Row[]): Row[] {
  return rows.map(([name, ...rest]) => [typeof name === 'string' ? key(name) : name, ...rest])
}

const write = async (
  parameters: Record<string, unknown>,
  rows: readonly Row[],
  logger = new TestLogger(),
) => await writeRows(parameters, source, keyed(rows), { logger })

describe('strings', () => {
  it('are set by default and never expire', async () => {
    const result = await write({}, [['1', 'a']])
    expect(result).toMatchObject({ sent: true, written: 1, dirty: [] })
    // Of the server it may be said that it keeps nothing on disk.
    expect(result.findings.filter(({ path }) => path[0] !== 'datasource')).toEqual([])
    expect(result.bytesWritten).toBeGreaterThan(10)
    expect(await redis.get(key('1'))).toBe('a')
    expect(await redis.ttl(key('1'))).toBe(-1)
  })

  it('replace any type, its expiry included', async () => {
    await redis.lpush(key('k'), 'x')
    await redis.expire(key('k'), 999)
    await write({}, [['k', 'n']])
    expect(await redis.get(key('k'))).toBe('n')
    expect(await redis.ttl(key('k'))).toBe(-1)
  })

  it('keep the last value of a key, over batches too', async () => {
    await using session = await openWriter({}, source)
    const batches = Array.from({ length: 6 }, (_, batch) =>
      textBatch(Array.from({ length: 50 }, (_, at) => [key('k'), `${batch}-${at}`])),
    )
    await Promise.all(batches.map(async (batch) => await writeBatch(session, batch)))
    expect(await redis.get(key('k'))).toBe('5-49')
  })

  it('pass bytes and any text untouched', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, at) => at))
    const text = 'é 名 😀 \r\n$5\r\n\0'
    await write({}, [
      ['b', bytes],
      ['t', text],
      ['e', ''],
      ['l', 'x'.repeat(5_000_000)],
    ])
    expect(await redis.getBuffer(key('b'))).toEqual(bytes)
    expect(await redis.get(key('t'))).toBe(text)
    expect(await redis.get(key('e'))).toBe('')
    expect(await redis.strlen(key('l'))).toBe(5_000_000)
  })

  it('are JSON when columns are listed', async () => {
    await write(
      {
        column: [
          { name: 'name', index: '1' },
          { name: 'n', index: 2, type: 'long' },
        ],
      },
      [
        ['1', 'é"x', '9007199254740993'],
        ['2', null, 'abc'],
      ],
    )
    expect(await redis.get(key('1'))).toBe('{"name":"é\\"x","n":9007199254740993}')
    expect(await redis.exists(key('2'))).toBe(0)
  })
})

describe('expiries', () => {
  const modes = [
    [{ type: 'string' }, ['v']],
    [{ type: 'set' }, ['v']],
    [{ type: 'zset' }, ['1', 'm']],
    [{ type: 'hash' }, ['f', 'v']],
    [{ type: 'hash', mode: 'row' }, ['x', 'y']],
    [{ type: 'list', mode: 'rpush' }, ['v']],
  ] as const

  it.each(modes)('%j: seconds and unixtime', async (writeMode, values) => {
    await write({ writeMode, expireTime: { seconds: '1000' } }, [['k', ...values]])
    const ttl = await redis.ttl(key('k'))
    expect(ttl).toBeGreaterThan(990)
    expect(ttl).toBeLessThanOrEqual(1000)
    await write({ writeMode, expireTime: { unixtime: '4102444800' } }, [['u', ...values]])
    expect(await redis.call('EXPIRETIME', key('u'))).toBe(4_102_444_800)
    await write({ writeMode, expireTime: { seconds: '0' } }, [['z', ...values]])
    expect(await redis.ttl(key('z'))).toBe(-1)
  })
})

describe('lists', () => {
  it('are appended to at either end, one element per row', async () => {
    for (const [mode, expected] of [
      ['rpush', ['a', 'b', 'c']],
      ['lpush', ['c', 'b', 'a']],
    ] as const) {
      const rows = ['a', 'b', 'c'].map((value) => [mode, value])
      await write({ writeMode: { type: 'list', mode } }, rows)
      expect(await redis.lrange(key(mode), 0, -1)).toEqual(expected)
      await write({ writeMode: { type: 'list', mode } }, rows)
      expect(await redis.llen(key(mode))).toBe(6)
    }
    await write({ writeMode: { type: 'list', mode: 'rpush', valueFieldDelimiter: ',' } }, [
      ['j', 'x', 'y'],
    ])
    expect(await redis.lrange(key('j'), 0, -1)).toEqual(['x,y'])
  })

  it.each([{}, { expireTime: { seconds: 1000 } }])(
    'leave keys of another type as they are (%j)',
    async (extra) => {
      await redis.set(key('k'), 'old')
      const result = await write({ writeMode: { type: 'list', mode: 'rpush' }, ...extra }, [
        ['k', 'a'],
        ['other', 'b'],
        ['k', 'c'],
      ])
      expect(result).toMatchObject({ written: 1, dirty: ['0 WRONG_TYPE', '2 WRONG_TYPE'] })
      expect(result.rejected[0]?.error.message).toContain('WRONGTYPE')
      expect(await redis.get(key('k'))).toBe('old')
      expect(await redis.ttl(key('k'))).toBe(-1)
      expect(await redis.lrange(key('other'), 0, -1)).toEqual(['b'])
    },
  )

  it('keep the order of batches written at once', async () => {
    await using session = await openWriter({ writeMode: { type: 'list', mode: 'rpush' } }, source)
    const values = Array.from({ length: 300 }, (_, at) => String(at))
    const batches = Array.from({ length: 6 }, (_, at) =>
      textBatch(values.slice(at * 50, at * 50 + 50).map((value) => [key('k'), value])),
    )
    await Promise.all(batches.map(async (batch) => await writeBatch(session, batch)))
    expect(await redis.lrange(key('k'), 0, -1)).toEqual(values)
  })
})

describe('sets, sorted sets, hashes', () => {
  it('sets hold each member once', async () => {
    const rows = [
      ['k', 'a'],
      ['k', 'a'],
      ['k', 'b'],
    ]
    await write({ writeMode: { type: 'set', mode: 'sadd' } }, rows)
    await write({ writeMode: { type: 'set', mode: 'sadd' } }, rows)
    expect((await redis.smembers(key('k'))).toSorted()).toEqual(['a', 'b'])
    await write({ writeMode: { type: 'set' } }, [['j', 'x', 'y']])
    expect(await redis.smembers(key('j'))).toEqual(['x\u0001y'])
  })

  it('sorted sets take the last score; bad scores are dirty, good rows beside them written', async () => {
    const bad = ['', 'abc', 'NaN', null].map((score) => ['k', score, 'bad'])
    const result = await write({ writeMode: { type: 'zset', mode: 'zadd' } }, [
      ['k', '1.5', 'm'],
      ...bad,
      ['k', '1e3', 'n'],
      ['k', '1', null],
      ['k', '2', 'm'],
    ])
    expect(result.written).toBe(3)
    expect(result.dirty).toEqual([
      '1 BAD_SCORE',
      '2 BAD_SCORE',
      '3 BAD_SCORE',
      '4 NULL_VALUE',
      '6 NULL_VALUE',
    ])
    expect(await redis.zrange(key('k'), '0', '-1', 'WITHSCORES')).toEqual(['m', '2', 'n', '1000'])
  })

  it('hashes keep their other fields', async () => {
    await redis.hset(key('k'), 'f0', 'v0')
    await write({ writeMode: { type: 'hash', mode: 'hset' } }, [
      ['k', 'f1', 'v1'],
      ['k', 'f2', null],
    ])
    expect(await redis.hgetall(key('k'))).toEqual({ f0: 'v0', f1: 'v1', f2: '' })
  })

  it('hashes of whole rows leave out nulls', async () => {
    await write({ writeMode: { type: 'hash', mode: 'row' } }, [
      ['k', 'x', null, 'z'],
      ['n', null, null, null],
    ])
    expect(await redis.hgetall(key('k'))).toEqual({ c1: 'x', c3: 'z' })
    expect(await redis.exists(key('n'))).toBe(0)
  })

  it.each([
    [{ type: 'set' }, [['a'], ['b']], 'set'],
    [
      { type: 'zset' },
      [
        ['1', 'a'],
        ['2', 'b'],
      ],
      'zset',
    ],
    [
      { type: 'hash' },
      [
        ['f', 'a'],
        ['g', 'b'],
      ],
      'hash',
    ],
    [
      { type: 'hash', mode: 'row' },
      [
        ['a', 'x'],
        ['b', 'y'],
      ],
      'hash',
    ],
  ])('%j overwrite keys of another type', async (writeMode, values, type) => {
    await redis.set(key('k'), 'old')
    await redis.set(key('k2'), 'old', 'EX', 5)
    const logger = new TestLogger()
    const rows = values.flatMap((value) => [
      ['k', ...value],
      ['fresh', ...value],
      ['k2', ...value],
    ])
    const result = await write({ writeMode, expireTime: { seconds: 1000 } }, rows, logger)
    expect(result).toMatchObject({ written: 6, dirty: [] })
    for (const name of ['k', 'k2', 'fresh']) {
      expect(await redis.type(key(name))).toBe(type)
      expect(await redis.ttl(key(name))).toBeGreaterThan(990)
    }
    const whole = type === 'set' ? await redis.smembers(key('k')) : []
    if (type === 'set') expect(whole.toSorted()).toEqual(['a', 'b'])
    expect(logger.lines).toEqual([
      `2 of the first 3 keys of the job hold a value of another type (string, not ${type}): they will be overwritten`,
      '2 keys held a value of another type and were overwritten',
    ])
  })

  it('tells of keys of another type among the first 1,000 rows, whatever the batches', async () => {
    const foreign = [150, 450, 999, 1000]
    for (const at of foreign) await redis.set(key(`n${at}`), 'old')
    const logger = new TestLogger()
    await using session = await openWriter({ writeMode: { type: 'set' } }, source, { logger })
    for (let from = 0; from < 1100; from += 100) {
      const rows = Array.from({ length: 100 }, (_, at) => [key(`n${from + at}`), 'v'])
      await writeBatch(session, textBatch(rows))
    }
    const told = (count: number, looked: number) =>
      `${count} of the first ${looked} keys of the job hold a value of another type (string, not set): they will be overwritten`
    expect(logger.lines).toEqual([told(1, 200), told(3, 1000)])
  })

  it('overwrites keys of another type in the order of batches under way', async () => {
    await redis.set(key('k'), 'old')
    await using session = await openWriter({ writeMode: { type: 'hash' } }, source)
    const batches = Array.from({ length: 6 }, (_, at) =>
      textBatch([
        [key('k'), 'last', String(at)],
        [key('k'), `f${at}`, 'x'],
        [key(`o${at}`), 'f', 'v'],
      ]),
    )
    const results = await Promise.all(
      batches.map(async (batch) => await writeBatch(session, batch)),
    )
    expect(results.map((result) => result.written)).toEqual([3, 3, 3, 3, 3, 3])
    expect(await redis.hgetall(key('k'))).toEqual({
      last: '5',
      f0: 'x',
      f1: 'x',
      f2: 'x',
      f3: 'x',
      f4: 'x',
      f5: 'x',
    })
  })
})

describe('dirty rows', () => {
  it('are told before anything is sent, and nothing is sent when the limit is passed', async () => {
    await using session = await openWriter({}, source)
    let told = 0
    const result = await session.write(
      textBatch([
        [key('k'), 'v'],
        [null, 'v'],
        ['', 'v'],
      ]),
      {
        signal: new AbortController().signal,
        progress: { split: 's', sequence: 1, fence: 'f' },
        admit: (rejected) => {
          told = rejected.length
          return false
        },
      },
    )
    expect(result).toEqual({ sent: false, written: 0, rejected: [], bytesWritten: 0 })
    expect(told).toBe(2)
    expect(await redis.exists(key('k'))).toBe(0)
  })

  it('may be all of a batch', async () => {
    expect(await write({}, [[null, 'v']])).toMatchObject({
      sent: true,
      written: 0,
      dirty: ['0 NULL_KEY'],
    })
  })
})

describe('preview', () => {
  it('gives the commands and sends nothing', async () => {
    await using session = await openWriter(
      { expireTime: { seconds: 5 } },
      { hosts: [{ host: '127.0.0.1', port: 1 }] },
    )
    const { commands, rejected } = session.preview(
      textBatch([
        ['k', 'é'],
        [null, 'v'],
      ]),
    )
    expect(commands).toEqual([['SET', 'k', 'é', 'EX', '5']])
    expect(rejected.map((one) => one.error.code)).toEqual(['NULL_KEY'])
  })
})
