import { createServer } from 'node:net'
import { once } from 'node:events'
import type { DataSource } from '@millrace/core/plugin'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openRedisLookup } from '../src/lookup/redis-lookup.ts'

const url = new URL(process.env['MILLRACE_TEST_REDIS_URL'] ?? '')
const key = `millrace-test:lookup:${process.pid}:${Date.now()}`
const retries = {
  retryMaxAttempts: 2,
  retryInitialDelayMs: 10,
  retryMaxDelayMs: 50,
  signal: new AbortController().signal,
}
const target: DataSource = {
  name: 'target',
  type: 'redis',
  hosts: [{ host: url.hostname, port: Number(url.port) }],
  ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
  database: url.pathname.slice(1),
  properties: {},
}
const client = new Redis(url.href)

beforeAll(async () => {
  await client.hset(`${key}:hash`, { name: 'Ida', city: 'Tromsø' })
  await client.rpush(`${key}:list`, 'a', 'b')
})

afterAll(async () => {
  await client.del(`${key}:hash`, `${key}:list`)
  client.disconnect()
})

describe('lookups in a Redis', () => {
  it('give the replies in their order, errors for their command alone', async () => {
    const lookup = openRedisLookup(target, retries)
    const replies = await lookup.send([
      ['HGET', `${key}:hash`, 'city'],
      ['hgetall', `${key}:hash`],
      ['GET', `${key}:hash`],
      ['LRANGE', `${key}:list`, '0', '-1'],
      ['HGET', `${key}:hash`, 'none'],
      ['LLEN', `${key}:list`],
      ['HGETALL', `${key}:none`],
    ])
    await lookup.close()
    expect(replies).toEqual([
      { value: 'Tromsø' },
      { value: { name: 'Ida', city: 'Tromsø' } },
      { error: expect.stringContaining('WRONGTYPE') },
      { value: ['a', 'b'] },
      { value: null },
      { value: 2 },
      { value: {} },
    ])
  })

  it('go on over a new connection when one is lost', async () => {
    const lookup = openRedisLookup(target, retries)
    const [id] = await lookup.send([['CLIENT', 'ID']])
    expect(id).toEqual({ value: expect.any(Number) })
    const number = (id as { value: number }).value
    await client.call('CLIENT', 'KILL', 'ID', String(number))
    const [length, other] = await lookup.send([
      ['LLEN', `${key}:list`],
      ['CLIENT', 'ID'],
    ])
    await lookup.close()
    expect(length).toEqual({ value: 2 })
    expect(other).not.toEqual(id)
  })

  it('give up on a server that stays away', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    server.close()
    await once(server, 'close')
    const lookup = openRedisLookup({ ...target, hosts: [{ host: '127.0.0.1', port }] }, retries)
    await expect(lookup.send([['GET', 'x']])).rejects.toMatchObject({
      code: 'TARGET_UNREACHABLE',
      message: expect.stringMatching(/Redis target .*ECONNREFUSED/),
    })
    await lookup.close()
  })

  it('say what is not permitted or not there', async () => {
    const refused = openRedisLookup({ ...target, user: 'nobody', password: 'wrong' }, retries)
    await expect(refused.send([['GET', 'x']])).rejects.toMatchObject({
      code: 'TARGET_NOT_PERMITTED',
    })
    await refused.close()
    const unknown = openRedisLookup(target, retries)
    await expect(unknown.send([['NOSUCHCOMMAND', 'x']])).rejects.toMatchObject({
      code: 'TARGET_UNFIT',
    })
    await unknown.close()
  })
})
