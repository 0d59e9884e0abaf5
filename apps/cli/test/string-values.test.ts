import { describe, expect } from 'vitest'
import { watchFlushes } from './support/flushes.ts'
import { redisJob, streamRows, type Parameters } from './support/jobs.ts'
import { test } from './support/redis-test.ts'
import { dataKeys } from './support/data-keys.ts'

describe.concurrent('keys', () => {
  test('case 1: a job without writeMode sets strings that never expire', async ({ target }) => {
    const reader = streamRows(['long', 'string'], [[1, 'a']])
    const { exitCode, stderr } = await target.folder().run(redisJob({ reader }))
    expect(exitCode, stderr).toBe(0)
    expect(await target.client.get('1')).toBe('a')
    expect(await target.client.ttl('1')).toBe(-1)
  })

  test('case 2: the columns of a composite key are joined with U+0001', async ({ target }) => {
    const reader = streamRows(['string', 'long', 'string'], [['u', 7, 'v']])
    await target.folder().run(redisJob({ reader, writer: { keyIndexes: [0, 1] } }))
    expect(await dataKeys(target.client)).toEqual(['u\u00017'])
    expect(await target.client.get('u\u00017')).toBe('v')
  })

  test('case 3: custom delimiters join key and values, null as empty text', async ({ target }) => {
    const writer = {
      keyIndexes: [0],
      keyFieldDelimiter: ':',
      writeMode: { type: 'string', mode: 'set', valueFieldDelimiter: '::' },
    }
    const three = streamRows(['string', 'long', 'string', 'string'], [['k', 18, null, 'male']])
    const two = streamRows(['string', 'long', 'string'], [['k2', 18, 'male']])
    await target.folder().run(redisJob({ reader: three, writer }))
    await target.folder().run(redisJob({ reader: two, writer }))
    expect(await target.client.get('k')).toBe('18::::male')
    expect(await target.client.get('k2')).toBe('18::male')
  })

  test('case 4: the key follows the order of keyIndexes', async ({ target }) => {
    const reader = streamRows(['string', 'string', 'string'], [['a', 'b', 'v']])
    const writer = { keyIndexes: [1, 0], keyFieldDelimiter: '-' }
    await target.folder().run(redisJob({ reader, writer }))
    expect(await dataKeys(target.client)).toEqual(['b-a'])
  })

  test('case 5: the delimiter "u0001" is taken literally, with a warning', async ({ target }) => {
    const reader = streamRows(['string', 'string', 'string'], [['a', 'b', 'v']])
    const writer = { keyIndexes: [0, 1], keyFieldDelimiter: 'u0001' }
    const { exitCode, stderr } = await target.folder().run(redisJob({ reader, writer }))
    expect(exitCode, stderr).toBe(0)
    expect(await dataKeys(target.client)).toEqual(['au0001b'])
    expect(stderr).toMatch(/warn.*keyFieldDelimiter.*\\u0001/)
  })

  test.for<[string, Parameters]>([
    ['quoted', { keyIndexes: '0', batchSize: '2', expireTime: { seconds: '60' }, timeout: '1000' }],
    ['plain', { keyIndexes: 0, batchSize: 2, expireTime: { seconds: 60 }, timeout: 1000 }],
  ])('case 6: %s numbers are read alike', async ([, writer], { target }) => {
    const reader = streamRows(
      ['long', 'string'],
      [
        [1, 'a'],
        [2, 'b'],
        [3, 'c'],
      ],
    )
    const flushes = await watchFlushes(target.client)
    const { exitCode, stderr } = await target.folder().run(redisJob({ reader, writer }))
    expect(exitCode, stderr).toBe(0)
    expect(await flushes()).toEqual([2, 1])
    expect(await dataKeys(target.client)).toEqual(['1', '2', '3'])
    for (const key of ['1', '2', '3']) {
      const seconds = await target.client.ttl(key)
      expect(seconds).toBeGreaterThan(50)
      expect(seconds).toBeLessThanOrEqual(60)
    }
  })

  test('keyTemplate builds the key from column names', async ({ target }) => {
    const reader = streamRows(['string', 'string', 'string'], [['7', 'x', 'v']])
    const named = {
      ...reader,
      parameter: {
        ...reader.parameter,
        column: [
          { type: 'string', name: 'id' },
          { type: 'string', name: 'kind' },
          { type: 'string', name: 'text' },
        ],
      },
    }
    const writer = { keyIndexes: undefined, keyTemplate: '{#{kind}}:##{id}:#{id}' }
    const { exitCode, stderr } = await target.folder().run(redisJob({ reader: named, writer }))
    expect(exitCode, stderr).toBe(0)
    expect(await dataKeys(target.client)).toEqual(['{x}:#{id}:7'])
    expect(await target.client.get('{x}:#{id}:7')).toBe('v')
  })
})

describe.concurrent('values', () => {
  test('case 7: a string replaces a key of any type and its expiry', async ({ target }) => {
    await target.client.lpush('k', 'x')
    await target.client.expire('k', 999)
    const reader = streamRows(['string', 'string'], [['k', 'n']])
    const { report } = await target.folder().run(redisJob({ reader }))
    expect(report?.recordsDirty).toBe(0)
    expect(await target.client.type('k')).toBe('string')
    expect(await target.client.get('k')).toBe('n')
    expect(await target.client.ttl('k')).toBe(-1)
  })

  test.for([
    ['yyyy-MM-dd HH:mm:ss', '2026-02-02 03:04:05'],
    ['yyyyMMddHHmmssSSS', '20260202030405678'],
  ])('case 11: dateFormat %s', async ([dateFormat, expected], { target }) => {
    const reader = streamRows(['long', 'date'], [[1, '2026-02-02T03:04:05.678+08:00']])
    const { exitCode, stderr } = await target
      .folder()
      .run(redisJob({ reader, writer: { dateFormat } }))
    expect(exitCode, stderr).toBe(0)
    expect(await target.client.get('1')).toBe(expected)
  })

  test('case 13: every type has its text, digits untouched', async ({ target }) => {
    const reader = streamRows(
      ['long', 'bool', 'double', 'long'],
      [[1, true, '1.50', '18446744073709551615']],
    )
    const writer = { writeMode: { type: 'string', mode: 'set', valueFieldDelimiter: '|' } }
    await target.folder().run(redisJob({ reader, writer }))
    expect(await target.client.get('1')).toBe('true|1.50|18446744073709551615')
  })

  test('case 14: untyped JSON fields are strings, columns not listed are left out', async ({
    target,
  }) => {
    const reader = streamRows(['long', 'string', 'long'], [[1, 'John', 9]])
    const column = [
      { name: 'id', index: '0' },
      { name: 'name', index: '1' },
    ]
    await target.folder().run(redisJob({ reader, writer: { column } }))
    expect(await target.client.get('1')).toBe('{"id":"1","name":"John"}')
  })

  test('case 15: typed JSON fields keep every digit, text is escaped', async ({ target }) => {
    const reader = streamRows(
      ['long', 'bool', 'double', 'string'],
      [['9007199254740993', true, 1.5, 'é"x']],
    )
    const column = [
      { name: 'id', index: '0', type: 'long' },
      { name: 'ok', index: '1', type: 'bool' },
      { name: 'd', index: '2', type: 'double' },
      { name: 's', index: '3' },
    ]
    await target.folder().run(redisJob({ reader, writer: { column } }))
    expect(await target.client.get('9007199254740993')).toBe(
      String.raw`{"id":9007199254740993,"ok":true,"d":1.5,"s":"é\"x"}`,
    )
  })

  test('case 16: null is a JSON null', async ({ target }) => {
    const reader = streamRows(['long', 'string'], [[1, null]])
    const column = [{ name: 'name', index: 1 }]
    await target.folder().run(redisJob({ reader, writer: { column } }))
    expect(await target.client.get('1')).toBe('{"name":null}')
  })

  test('case 16: a text that is no integer makes the row dirty and ends the job', async ({
    target,
  }) => {
    const reader = streamRows(['string', 'string'], [['k', 'abc']])
    const column = [{ name: 'id', index: 1, type: 'long' }]
    const folder = target.folder()
    const { exitCode, report } = await folder.run(redisJob({ reader, writer: { column } }))
    expect(exitCode).toBe(1)
    expect(report).toMatchObject({ code: 'DIRTY_LIMIT_PASSED', recordsDirty: 1, recordsWritten: 0 })
    expect(await target.isEmpty()).toBe(true)
  })
})

describe.concurrent('expiry of strings', () => {
  test('case 9: unixtime sets the instant', async ({ target }) => {
    const reader = streamRows(['string', 'string'], [['k', 'v']])
    const writer = { expireTime: { unixtime: '4102444800' } }
    await target.folder().run(redisJob({ reader, writer }))
    expect(await target.client.call('EXPIRETIME', 'k')).toBe(4_102_444_800)
  })

  test.for([
    ['zero seconds', { seconds: '0' }],
    ['the plain 0 of "never"', 0],
    ['a quoted plain 0', '0'],
  ])('case 10: %s never expires', async ([, expireTime], { target }) => {
    const reader = streamRows(['string', 'string'], [['k', 'v']])
    const { exitCode, stderr } = await target
      .folder()
      .run(redisJob({ reader, writer: { expireTime } }))
    expect(exitCode, stderr).toBe(0)
    expect(await target.client.ttl('k')).toBe(-1)
  })

  test('case 10: more than 30 days of seconds stay seconds', async ({ target }) => {
    const reader = streamRows(['string', 'string'], [['k', 'v']])
    const writer = { expireTime: { seconds: '2592001' } }
    await target.folder().run(redisJob({ reader, writer }))
    expect(await target.client.ttl('k')).toBeGreaterThan(2_591_900)
    expect(await target.client.ttl('k')).toBeLessThanOrEqual(2_592_001)
  })
})
