import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { startRedis, type PrivateRedis } from './redis-server.ts'
import { openWriter } from './write-rows.ts'

const call = { signal: new AbortController().signal }

async function openCheckpoint({ port }: PrivateRedis) {
  const session = await openWriter({}, { hosts: [{ host: '127.0.0.1', port }] })
  const checkpoint = await session.checkpoint?.('job', call)
  if (checkpoint?.confirm === undefined) throw new Error('nothing is confirmed')
  await checkpoint.acquire({ run: 'r1', host: 'h', pid: 1 }, call)
  await checkpoint.begin({ state: 'running' }, call)
  await checkpoint.update({ split: 's', expected: 0, sequence: 1, record: 1 }, call)
  const confirm = async () => await checkpoint.confirm?.(call)
  const close = async () => {
    await checkpoint[Symbol.asyncDispose]()
    await session[Symbol.asyncDispose]()
  }
  return { confirm, close }
}

async function whenOnline(redis: Redis): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (/state=online/.test(await redis.info('replication'))) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the replica did not come')
}

it('writes are confirmed by a replica, and no longer when it hangs', async () => {
  await using primary = await startRedis(['--repl-diskless-sync-delay', '0'])
  await using replica = await startRedis(['--replicaof', '127.0.0.1', String(primary.port)])
  const redis = new Redis({ port: primary.port })
  await whenOnline(redis)
  const { confirm, close } = await openCheckpoint(primary)
  expect(await confirm()).toBe('replica')
  replica.signal('SIGSTOP')
  expect(await confirm()).toBe('memory')
  replica.signal('SIGCONT')
  expect(await confirm()).toBe('replica')
  expect(Object.keys(await redis.hgetall('millrace:{job}')).sort()).toEqual(
    ['format', 'header', 'owner', 'split:s', 'run', 'sequence:s'].sort(),
  )
  expect(await redis.ttl('millrace:{job}')).toBe(-1)
  await close()
  redis.disconnect()
})

it('writes are confirmed by the append-only file where the server can tell', async () => {
  await using server = await startRedis(['--appendonly', 'yes'])
  const redis = new Redis({ port: server.port })
  const knows = ((await redis.call('COMMAND', 'INFO', 'WAITAOF')) as unknown[])[0] !== null
  const { confirm, close } = await openCheckpoint(server)
  expect(await confirm()).toBe(knows ? 'disk' : 'memory')
  await close()
  redis.disconnect()
})

it('a server that is gone is an error', async () => {
  const server = await startRedis()
  const { confirm, close } = await openCheckpoint(server)
  expect(await confirm()).toBe('memory')
  await server[Symbol.asyncDispose]()
  await expect(confirm()).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE', isRetryable: true })
  await close()
})
