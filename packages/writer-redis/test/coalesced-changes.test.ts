import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import { changeBatch, routed, type Change } from './change-batches.ts'
import { openWriter, writeBatch } from './write-rows.ts'

const url = new URL(process.env['MILLRACE_TEST_REDIS_URL'] ?? '')
const redis = new Redis(url.href)
const source = {
  hosts: [{ host: url.hostname, port: Number(url.port || 6379) }],
  database: url.pathname.slice(1),
  ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
  ...(url.username === '' ? {} : { user: decodeURIComponent(url.username) }),
}
afterAll(() => redis.disconnect())

const schema = routed('t', [
  ['id', 'int'],
  ['a', 'string'],
  ['b', 'string'],
])
const update = (...row: Change['row']): Change => ({ operation: 'u', row })
const changes = [
  update('1', 'a1', 'b1'),
  update('2', 'a1', 'b1'),
  update('1', 'a2', undefined),
  update('1', undefined, null),
  update('2', 'a2', 'b2'),
]

describe('repeated changes of a key in one batch', () => {
  it('all count as written, and a stream has each of them', async () => {
    const prefix = `millrace-test:${randomUUID()}:`
    const outputs = [
      { type: 'hash', key: { template: `${prefix}#{id}` } },
      { type: 'stream', key: { template: `${prefix}log` } },
    ]
    await using session = await openWriter(
      { keyIndexes: undefined, outputs: { r: outputs } },
      source,
    )
    const result = await writeBatch(session, changeBatch(schema, changes))
    expect(result).toMatchObject({ written: 5, rejected: [], admitted: [] })
    expect(await redis.hgetall(`${prefix}1`)).toEqual({ id: '1', a: 'a2' })
    expect(await redis.hgetall(`${prefix}2`)).toEqual({ id: '2', a: 'a2', b: 'b2' })
    const log = (await redis.xrange(`${prefix}log`, '-', '+')).map(([, fields]) => fields.join(' '))
    expect(log).toEqual([
      'id 1 a a1 b b1 op_code u',
      'id 2 a a1 b b1 op_code u',
      'id 1 a a2 op_code u',
      'id 1 op_code u',
      'id 2 a a2 b b2 op_code u',
    ])
    await redis.del(`${prefix}1`, `${prefix}2`, `${prefix}log`)
  })

  it('are all dirty when their key cannot be written', async () => {
    const prefix = `millrace-test:${randomUUID()}:`
    const outputs = [{ type: 'hash', key: { template: `${prefix}#{id}` } }]
    await using session = await openWriter(
      { keyIndexes: undefined, outputs: { r: outputs } },
      source,
    )
    await redis.set(`${prefix}1`, 'x')
    const batch = changeBatch(schema, changes)
    const result = await writeBatch(session, batch)
    expect(result.written).toBe(2)
    expect(result.rejected.map(({ row, error }) => `${row} ${error.code}`)).toEqual([
      '0 WRONG_TYPE',
      '2 WRONG_TYPE',
      '3 WRONG_TYPE',
    ])
    expect(await redis.hget(`${prefix}2`, 'b')).toBe('b2')
    await redis.del(`${prefix}1`, `${prefix}2`)
  })
})
