import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, expect, it } from 'vitest'
import type { DirtyRecord } from '@millrace/core/plugin'
import { openWriter } from './write-rows.ts'

const url = new URL(process.env['MILLRACE_TEST_REDIS_URL'] ?? '')
const redis = new Redis(url.href)
const source = {
  hosts: [{ host: url.hostname, port: Number(url.port || 6379) }],
  database: url.pathname.slice(1),
  ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
  ...(url.username === '' ? {} : { user: decodeURIComponent(url.username) }),
}
afterAll(() => redis.disconnect())

const call = { signal: new AbortController().signal }
const record = (table: string, id: number): DirtyRecord => ({
  time: new Date(5),
  table,
  namespace: 'public',
  code: 'NULL_KEY',
  reason: 'column "é" of the key is null',
  row: { id, é: null },
  isTransformed: true,
})

it('failed records stand in a capped stream of their table', async () => {
  const table = `millrace-test-${randomUUID()}`
  await using session = await openWriter({ maxDeadLetters: 100 }, source)
  const records = Array.from({ length: 450 }, (_, at) => record(table, at))
  await session.keepDirty?.(records, call)
  const key = `dlq:${table}`
  const count = await redis.xlen(key)
  expect(count).toBeGreaterThanOrEqual(100)
  // Trimmed by whole nodes of a hundred messages.
  expect(count).toBeLessThan(300)
  const [last] = await redis.xrevrange(key, '+', '-', 'COUNT', 1)
  expect(last?.[1]).toEqual([
    'timestamp',
    '5',
    'schema',
    'public',
    'table',
    table,
    'code',
    'NULL_KEY',
    'reason_rejected',
    'column "é" of the key is null',
    'transformed',
    '1',
    'row',
    '{"id":449,"é":null}',
  ])
  await redis.del(key)
})

it('a key of another type is told, and without the parameter nothing is kept', async () => {
  const table = `millrace-test-${randomUUID()}`
  await redis.set(`dlq:${table}`, 'x')
  await using session = await openWriter({ maxDeadLetters: 100 }, source)
  await expect(session.keepDirty?.([record(table, 1)], call)).rejects.toThrow('WRONGTYPE')
  await redis.del(`dlq:${table}`)
  await using without = await openWriter({}, source)
  expect(typeof without.keepDirty).toBe('undefined')
})
