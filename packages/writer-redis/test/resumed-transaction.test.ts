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
  ['code', 'int'],
  ['name', 'string'],
])
type Row = readonly [string, string, string | null]
const update = (before: Row, row: Row): Change => ({
  operation: 'u',
  row: [...row],
  before: [...before],
  transaction: 7,
})
const insert = (row: Row): Change => ({ operation: 'c', row: [...row], transaction: 1 })

/** Writes each change as a batch of its own; `sessions` says when a new process goes on. */
async function write(changes: readonly Change[], outputs: readonly object[], isResumed: boolean) {
  let session = await openWriter({ keyIndexes: undefined, outputs: { r: outputs } }, source)
  for (const change of changes) {
    if (isResumed) {
      await session[Symbol.asyncDispose]()
      session = await openWriter({ keyIndexes: undefined, outputs: { r: outputs } }, source)
    }
    const { admitted, rejected } = await writeBatch(session, changeBatch(schema, [change]))
    expect([...admitted, ...rejected]).toEqual([])
  }
  await session[Symbol.asyncDispose]()
}

async function hashes(prefix: string) {
  const keys = (await redis.keys(`${prefix}*`)).sort()
  const found = await Promise.all(
    keys.map(async (key) => [key.slice(prefix.length), Object.values(await redis.hgetall(key))]),
  )
  if (keys.length > 0) await redis.del(...keys)
  return Object.fromEntries(found) as Record<string, string[]>
}

const start = [insert(['1', '5', 'Ida']), insert(['2', '6', 'Odd']), insert(['3', '7', null])]

describe.each([
  ['in one process', false],
  ['with a new process for every change', true],
])(
  'keys that rows of one transaction take from one another, in batches of one, %s',
  (_, resumed) => {
    it('are left to those who have them at the end', async () => {
      const prefix = `millrace-test:${randomUUID()}:`
      const output = { type: 'hash', key: { template: `${prefix}#{code}` } }
      await write(start, [output], resumed)
      const swap = [
        update(['1', '5', 'Ida'], ['1', '6', 'Ida']),
        update(['2', '6', 'Odd'], ['2', '7', 'Odd']),
        update(['3', '7', null], ['3', '5', null]),
      ]
      await write(swap, [output], resumed)
      expect(await hashes(prefix)).toEqual({
        5: ['3', '5'],
        6: ['1', '6', 'Ida'],
        7: ['2', '7', 'Odd'],
      })
    })

    it('are removed when a row leaves what it took', async () => {
      const prefix = `millrace-test:${randomUUID()}:`
      const output = { type: 'hash', key: { template: `${prefix}#{code}` } }
      await write(start, [output], resumed)
      const through = [
        update(['1', '5', 'Ida'], ['1', '9', 'Ida']),
        update(['1', '9', 'Ida'], ['1', '8', 'Eva']),
        update(['3', '7', null], ['3', '9', 'x']),
        { operation: 'd', row: ['3', '9', 'x'], transaction: 7 } as Change,
      ]
      await write(through, [output], resumed)
      expect(await hashes(prefix)).toEqual({ 6: ['2', '6', 'Odd'], 8: ['1', '8', 'Eva'] })
    })

    it('are removed whole where the source says no more than the key', async () => {
      const prefix = `millrace-test:${randomUUID()}:`
      const output = { type: 'hash', key: { template: `${prefix}#{id}` } }
      await write(start, [output], resumed)
      const gone: Change = { operation: 'd', row: ['1', undefined, undefined], transaction: 7 }
      const moved: Change = {
        operation: 'u',
        row: ['8', '6', undefined],
        before: ['2', undefined, undefined],
        transaction: 7,
      }
      await write([gone, moved], [output], resumed)
      expect(await hashes(prefix)).toEqual({ 3: ['3', '7'], 8: ['8', '6', 'Odd'] })
    })

    it('are those of strings, too', async () => {
      const prefix = `millrace-test:${randomUUID()}:`
      const output = { type: 'string', key: { template: `${prefix}#{code}` }, value: 'name' }
      await write(start.slice(0, 2), [output], resumed)
      await write(
        [
          update(['1', '5', 'Ida'], ['1', '6', 'Ida']),
          update(['2', '6', 'Odd'], ['2', '5', 'Odd']),
        ],
        [output],
        resumed,
      )
      expect(await redis.mget(`${prefix}5`, `${prefix}6`)).toEqual(['Odd', 'Ida'])
      await redis.del(`${prefix}5`, `${prefix}6`)
    })
  },
)

it('a row is removed though the target holds it otherwise, when nothing of its transaction came before', async () => {
  const prefix = `millrace-test:${randomUUID()}:`
  const output = { type: 'hash', key: { template: `${prefix}#{id}` } }
  const outputs = { keyIndexes: undefined, outputs: { r: [output] } }
  // What a renamed column held stands under its former name.
  await redis.hset(`${prefix}1`, { id: '1', former: 'x' })
  await redis.hset(`${prefix}2`, { id: '2', former: 'x' })
  const gone = (id: string): Change => ({ operation: 'd', row: [id, '5', 'x'], transaction: 7 })
  await using first = await openWriter(outputs, source)
  await writeBatch(first, changeBatch(schema, [gone('1')]))
  await using second = await openWriter(outputs, source)
  await writeBatch(second, changeBatch(schema, [gone('2')], true))
  expect(Object.keys(await hashes(prefix))).toEqual(['1'])
})
