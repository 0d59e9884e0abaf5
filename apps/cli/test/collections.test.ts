import { describe, expect } from 'vitest'
import { redisJob, streamRows, type Parameters } from './support/jobs.ts'
import { test } from './support/redis-test.ts'

const hset = { writeMode: { type: 'hash', mode: 'hset' } }
const zadd = { writeMode: { type: 'zset', mode: 'zadd' } }
const sadd = { writeMode: { type: 'set', mode: 'sadd' } }
const rpush = { writeMode: { type: 'list', mode: 'rpush' } }

/** Rows of two columns, or of as many as the first row has. */
function texts(...rows: readonly (readonly (string | number | null)[])[]) {
  return streamRows(
    Array.from({ length: rows[0]?.length ?? 0 }, () => 'string' as const),
    rows,
  )
}

describe.concurrent('expiry', () => {
  test.for<[string, Parameters, readonly string[]]>([
    ['string', { writeMode: { type: 'string', mode: 'set' } }, ['k', 'v']],
    ['list', rpush, ['k', 'v']],
    ['set', sadd, ['k', 'v']],
    ['zset', zadd, ['k', '1', 'm']],
    ['hash', hset, ['k', 'f', 'v']],
  ])('case 8: %s keys expire after the seconds given', async ([type, writer, row], { target }) => {
    const job = redisJob({
      reader: texts(row),
      writer: { ...writer, expireTime: { seconds: '1000' } },
    })
    const { exitCode, stderr } = await target.folder().run(job)
    expect(exitCode, stderr).toBe(0)
    expect(await target.client.type('k')).toBe(type)
    const seconds = await target.client.ttl('k')
    expect(seconds).toBeGreaterThan(940)
    expect(seconds).toBeLessThanOrEqual(1000)
  })

  test('an expiry does not land on a key whose write was refused', async ({ target }) => {
    await target.client.set('k', 'old')
    const writer = { ...rpush, expireTime: { seconds: 1000 } }
    const job = redisJob({
      reader: texts(['k', 'a']),
      writer,
      setting: { errorLimit: { record: 1 } },
    })
    const { exitCode, stderr } = await target.folder().run(job)
    expect(exitCode, stderr).toBe(0)
    expect(await target.client.get('k')).toBe('old')
    expect(await target.client.ttl('k')).toBe(-1)
  })
})

describe.concurrent('lists', () => {
  const abc = texts(['k', 'a'], ['k', 'b'], ['k', 'c'])

  test.for([
    ['rpush', ['a', 'b', 'c']],
    ['lpush', ['c', 'b', 'a']],
  ])('case 17: %s', async ([mode, expected], { target }) => {
    const job = redisJob({ reader: abc, writer: { writeMode: { type: 'list', mode } } })
    await target.folder().run(job)
    expect(await target.client.lrange('k', 0, -1)).toEqual(expected)
  })

  test('case 17: several value columns are one element', async ({ target }) => {
    const writeMode = { type: 'list', mode: 'rpush', valueFieldDelimiter: ',' }
    await target.folder().run(redisJob({ reader: texts(['k', 'x', 'y']), writer: { writeMode } }))
    expect(await target.client.lrange('k', 0, -1)).toEqual(['x,y'])
  })

  test('case 17: a second run repeats the elements, and the report says so', async ({ target }) => {
    const folder = target.folder()
    await folder.run(redisJob({ reader: abc, writer: rpush }))
    const { report } = await folder.run(redisJob({ reader: abc, writer: rpush }))
    expect(await target.client.llen('k')).toBe(6)
    expect(report?.guarantee).toBe('exactly-once')
    expect(report?.guaranteeNote).toMatch(/list/)
    expect(report?.guaranteeNote).toMatch(/repeat/)
  })

  test.for([
    ['0', 1],
    ['1', 0],
  ])(
    'case 20: a key of another type makes the row dirty; with errorLimit %s the exit code is %i',
    async ([record, code], { target }) => {
      await target.client.set('k', 'old')
      const folder = target.folder()
      const job = redisJob({
        reader: texts(['k', 'a']),
        writer: rpush,
        setting: { errorLimit: { record } },
      })
      const { exitCode, report, stderr } = await folder.run(job)
      expect(exitCode, stderr).toBe(code)
      expect(report).toMatchObject({ recordsDirty: 1, recordsWritten: 0 })
      expect(report?.dirtyReasons[0]).toMatchObject({ code: 'WRONG_TYPE', count: 1 })
      expect(report?.dirtyReasons[0]?.reason).toContain('WRONGTYPE')
      expect(await target.client.get('k')).toBe('old')
    },
  )
})

describe.concurrent('sets', () => {
  test('case 18: members are unique, and a second run changes nothing', async ({ target }) => {
    const folder = target.folder()
    const job = redisJob({ reader: texts(['k', 'a'], ['k', 'a'], ['k', 'b']), writer: sadd })
    await folder.run(job)
    expect((await target.client.smembers('k')).sort()).toEqual(['a', 'b'])
    const { report } = await folder.run(job)
    expect((await target.client.smembers('k')).sort()).toEqual(['a', 'b'])
    expect(report).toMatchObject({ recordsRead: 3, recordsWritten: 3 })
  })

  test('case 18: several value columns are one member', async ({ target }) => {
    await target.folder().run(redisJob({ reader: texts(['k', 'x', 'y']), writer: sadd }))
    expect(await target.client.smembers('k')).toEqual(['x\u0001y'])
  })
})

describe.concurrent('keys of another type', () => {
  test('case 19: a set takes the place of a string', async ({ target }) => {
    await target.client.set('k', 'old')
    const job = redisJob({ reader: texts(['k', 'a'], ['k', 'b']), writer: sadd })
    const { exitCode, report, stderr } = await target.folder().run(job)
    expect(exitCode, stderr).toBe(0)
    expect(report).toMatchObject({ recordsDirty: 0, recordsWritten: 2 })
    expect((await target.client.smembers('k')).sort()).toEqual(['a', 'b'])
  })

  test('case 19: a zset takes the place of a hash', async ({ target }) => {
    await target.client.hset('k', 'old', '1')
    const job = redisJob({ reader: texts(['k', '1', 'a'], ['k', '2', 'b']), writer: zadd })
    const { report } = await target.folder().run(job)
    expect(report).toMatchObject({ recordsDirty: 0, recordsWritten: 2 })
    expect(await target.client.zrange('k', '0', '-1')).toEqual(['a', 'b'])
  })

  test('case 19: a hash takes the place of a list, and expires', async ({ target }) => {
    await target.client.rpush('k', 'old')
    const writer = { ...hset, expireTime: { seconds: 1000 } }
    const job = redisJob({ reader: texts(['k', 'f', '1'], ['k', 'g', '2']), writer })
    const { report } = await target.folder().run(job)
    expect(report).toMatchObject({ recordsDirty: 0, recordsWritten: 2 })
    expect(await target.client.hgetall('k')).toEqual({ f: '1', g: '2' })
    expect(await target.client.ttl('k')).toBeGreaterThan(900)
  })

  test('keys of the right type in the same batch keep what they held', async ({ target }) => {
    await target.client.sadd('right', 'old')
    await target.client.set('wrong', 'old')
    const job = redisJob({ reader: texts(['right', 'a'], ['wrong', 'b']), writer: sadd })
    await target.folder().run(job)
    expect((await target.client.smembers('right')).sort()).toEqual(['a', 'old'])
    expect(await target.client.smembers('wrong')).toEqual(['b'])
  })
})

describe.concurrent('zsets', () => {
  test('case 21: scores are decimals or exponents, a later row moves the member', async ({
    target,
  }) => {
    const rows = texts(['k', '1.5', 'm'], ['k', '1e3', 'n'])
    await target.folder().run(redisJob({ reader: rows, writer: zadd }))
    expect(await target.client.zscore('k', 'm')).toBe('1.5')
    expect(await target.client.zscore('k', 'n')).toBe('1000')
    await target.folder().run(redisJob({ reader: texts(['k', '2', 'm']), writer: zadd }))
    expect(await target.client.zscore('k', 'm')).toBe('2')
  })
})

describe.concurrent('hashes', () => {
  test('case 23: fields are added, null is an empty value, other fields stay', async ({
    target,
  }) => {
    await target.client.hset('k', 'f0', 'v0')
    const job = redisJob({ reader: texts(['k', 'f1', 'v1'], ['k', 'f2', null]), writer: hset })
    const { exitCode, stderr } = await target.folder().run(job)
    expect(exitCode, stderr).toBe(0)
    expect(await target.client.hgetall('k')).toEqual({ f0: 'v0', f1: 'v1', f2: '' })
  })

  test('case 23: with a composite key the next two columns are field and value', async ({
    target,
  }) => {
    const job = redisJob({
      reader: texts(['k', '1', 'f', 'v']),
      writer: { ...hset, keyIndexes: [0, 1] },
    })
    await target.folder().run(job)
    expect(await target.client.hgetall('k\u00011')).toEqual({ f: 'v' })
  })

  test('hmset is another name for hset', async ({ target }) => {
    const writer = { writeMode: { type: 'hash', mode: 'hmset' } }
    await target.folder().run(redisJob({ reader: texts(['k', 'f', 'v']), writer }))
    expect(await target.client.hgetall('k')).toEqual({ f: 'v' })
  })

  test.for<[string, readonly string[]]>([
    ['too few', ['k', 'f']],
    ['too many', ['k', 'f', 'v', 'w']],
  ])('case 24: %s columns make the row dirty', async ([, row], { target }) => {
    const job = redisJob({ reader: texts(row), writer: hset })
    const { exitCode, report } = await target.folder().run(job)
    expect(exitCode).toBe(1)
    expect(report).toMatchObject({ recordsRead: 1, recordsDirty: 1 })
    expect(report?.dirtyReasons[0]?.reason).toMatch(/hash needs exactly one field\/value pair/)
    expect(await target.isEmpty()).toBe(true)
  })

  describe('a whole row as one hash', () => {
    const reader = {
      stepType: 'stream',
      parameter: {
        column: [
          { type: 'long', name: 'id' },
          { type: 'string', name: 'name' },
          { type: 'string', name: 'city' },
        ],
        rows: [
          [1, 'Ann', 'Oslo'],
          [2, 'Bob', null],
        ],
      },
    }
    const writer = {
      writeMode: { type: 'hash', mode: 'row' },
      keyIndexes: undefined,
      keyTemplate: 'user:#{id}',
    }

    test('has a field for every column that is not part of the key; nulls leave it out', async ({
      target,
    }) => {
      const { exitCode, stderr } = await target.folder().run(redisJob({ reader, writer }))
      expect(exitCode, stderr).toBe(0)
      expect(await target.client.hgetall('user:1')).toEqual({ name: 'Ann', city: 'Oslo' })
      expect(await target.client.hgetall('user:2')).toEqual({ name: 'Bob' })
    })

    test('has exactly the fields that column lists', async ({ target }) => {
      const column = [
        { name: 'key', index: 0 },
        { name: 'town', index: '2' },
      ]
      await target.folder().run(redisJob({ reader, writer: { ...writer, column } }))
      expect(await target.client.hgetall('user:1')).toEqual({ key: '1', town: 'Oslo' })
      expect(await target.client.hgetall('user:2')).toEqual({ key: '2' })
    })
  })
})
