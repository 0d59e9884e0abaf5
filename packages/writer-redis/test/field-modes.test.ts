import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { LogicalType, Row } from '@millrace/core/record'
import { JsonServer } from './json-server.ts'
import { startRedis, type PrivateRedis } from './redis-server.ts'
import { writeRows } from './write-rows.ts'

let server: PrivateRedis
let redis: Redis
beforeAll(async () => {
  server = await startRedis()
  redis = new Redis({ port: server.port })
})
afterAll(async () => {
  redis.disconnect()
  await server[Symbol.asyncDispose]()
})
const types: readonly LogicalType[] = ['string', 'int', 'bool', 'datetime', 'json', 'decimal']
const rows: Row[] = [
  ['k', '9007199254740993', true, '2026-01-02 03:04:05.5', '{"a": 1.0}', null],
  ['w', '1', false, null, null, '2.50'],
]

it('a stream gets the fields that have a value, and expires only where it was written', async () => {
  await redis.set('w', 'mine')
  const write = async () =>
    await writeRows(
      { writeMode: { type: 'stream', mode: 'xadd' }, expireTime: { seconds: 100 } },
      { hosts: [{ host: '127.0.0.1', port: server.port }] },
      rows,
      { types },
    )
  expect((await write()).dirty).toEqual(['1 WRONG_TYPE'])
  await write()
  const messages = (await redis.xrange('k', '-', '+')).map(([, fields]) => fields)
  const message = [
    'c1',
    '9007199254740993',
    'c2',
    'true',
    'c3',
    '2026-01-02 03:04:05.5',
    'c4',
    '{"a": 1.0}',
  ]
  expect(messages).toEqual([message, message])
  expect(await redis.ttl('k')).toBeGreaterThan(50)
  expect(await redis.ttl('w')).toBe(-1)
})

it('the type stream alone means xadd, and columns name the fields', async () => {
  await writeRows(
    { writeMode: { type: 'stream' }, column: [{ name: 'n', index: 1 }] },
    { hosts: [{ host: '127.0.0.1', port: server.port }] },
    [['named', '1', 'x']],
  )
  const [entry] = await redis.xrange('named', '-', '+')
  expect(entry?.[1]).toEqual(['n', '1'])
})

it('a document has numbers, booleans and JSON as they are', async () => {
  await using documents = new JsonServer()
  const source = { hosts: [{ host: '127.0.0.1', port: await documents.listen() }] }
  const write = async (mode: string, column?: object[]) =>
    await writeRows({ writeMode: { type: 'json', mode }, column }, source, rows.slice(0, 1), {
      types,
    })
  await write('set')
  await write('merge')
  await write('set', [{ name: 'id', index: 1, type: 'long' }])
  const whole =
    '{"c1":9007199254740993,"c2":true,"c3":"2026-01-02 03:04:05.5","c4":{"a": 1.0},"c5":null}'
  expect(documents.writes).toEqual([
    ['JSON.SET', 'k', '$', whole],
    ['JSON.MERGE', 'k', '$', whole],
    ['JSON.SET', 'k', '$', '{"id":9007199254740993}'],
  ])
  documents.unknown.add('JSON.SET')
  await expect(write('set')).rejects.toMatchObject({ code: 'TARGET_UNFIT' })
})
