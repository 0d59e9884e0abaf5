import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DataSource } from '@millrace/core/plugin'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LookupRetries } from '../src/lookup/lookup-patience.ts'
import { openRedisLookup } from '../src/lookup/redis-lookup.ts'

const url = new URL(process.env['MILLRACE_TEST_REDIS_URL'] ?? '')
const key = `millrace-test:lookup:${process.pid}:${Date.now()}`
const logged: string[] = []
const retries: LookupRetries = {
  timeoutMs: 200,
  logger: { debug: () => {}, info: () => {}, warn: (message) => logged.push(message) },
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

/** Where nobody listens. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

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
    const port = await deadPort()
    const lookup = openRedisLookup({ ...target, hosts: [{ host: '127.0.0.1', port }] }, retries)
    await expect(lookup.send([['GET', 'x']])).rejects.toMatchObject({
      code: 'TARGET_UNREACHABLE',
      message: expect.stringMatching(/Redis target .*ECONNREFUSED/),
    })
    await lookup.close()
  })

  it('wait for a server as long as the run does', async () => {
    const port = await deadPort()
    const hosts = [{ host: '127.0.0.1', port }]
    logged.length = 0
    const lookup = openRedisLookup({ ...target, hosts }, { ...retries, timeoutMs: Infinity })
    const replies = lookup.send([['HGET', `${key}:hash`, 'city']])
    await sleep(500)
    const server = createServer((socket) => {
      socket.pipe(connect(Number(url.port), url.hostname)).pipe(socket)
    }).listen(port, '127.0.0.1')
    expect(await replies).toEqual([{ value: 'Tromsø' }])
    expect(logged).toEqual([expect.stringMatching(/ECONNREFUSED.*tried again until the run/)])
    await lookup.close()
    server.close()
  })

  it('end with the run, also while nobody answers', async () => {
    const silent = createServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    for (const port of [(silent.address() as AddressInfo).port, await deadPort()]) {
      const hosts = [{ host: '127.0.0.1', port }]
      const end = new AbortController()
      const lasting = { ...retries, timeoutMs: Infinity, signal: end.signal }
      const lookup = openRedisLookup({ ...target, hosts }, lasting)
      const replies = lookup.send([['GET', 'x']])
      setTimeout(() => end.abort(new Error('the job was stopped')), 100)
      await expect(replies).rejects.toThrow()
      await lookup.close()
    }
    silent.close()
  })

  it('are tried once before the first row', async () => {
    const reached = openRedisLookup(target, retries)
    await reached.probe()
    await reached.close()
    const hosts = [{ host: '127.0.0.1', port: await deadPort() }]
    const lasting = { ...retries, timeoutMs: Infinity }
    const away = openRedisLookup({ ...target, hosts }, lasting)
    await expect(away.probe()).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' })
    const refused = openRedisLookup({ ...target, user: 'nobody', password: 'wrong' }, lasting)
    await expect(refused.probe()).rejects.toMatchObject({ code: 'TARGET_NOT_PERMITTED' })
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
