import { setTimeout as sleep } from 'node:timers/promises'
import type { Checkpoint, DataSource } from '@millrace/core/plugin'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startRedis, type PrivateRedis } from './redis-server.ts'
import { openWriter, textBatch } from './write-rows.ts'

let server: PrivateRedis
let redis: Redis

beforeEach(async () => {
  server = await startRedis()
  redis = new Redis({ port: server.port })
})
afterEach(async () => {
  redis.disconnect()
  await server[Symbol.asyncDispose]()
})

const call = { signal: new AbortController().signal }
const owner = { run: 'r1', host: 'h', pid: 1 }
const key = 'millrace:{job}'

async function open(
  parameters: Record<string, unknown> = {},
  login: Pick<DataSource, 'user' | 'password'> = {},
) {
  const session = await openWriter(
    { timeout: 500, retryTimeout: 20_000, ...parameters },
    { hosts: [{ host: '127.0.0.1', port: server.port }], ...login },
  )
  const checkpoint = await session.checkpoint?.('job', call)
  if (checkpoint === undefined) throw new Error('no checkpoint')
  return { session, checkpoint }
}

async function advance(checkpoint: Checkpoint, split: string, sequence: number): Promise<void> {
  await checkpoint.update({ split, expected: sequence - 1, sequence, record: { sequence } }, call)
}

it('calls wait for a server that freezes while the job runs', async () => {
  const { session, checkpoint } = await open()
  await checkpoint.acquire(owner, call)
  await checkpoint.begin({ state: 'running' }, call)
  await advance(checkpoint, 's', 1)
  server.signal('SIGSTOP')
  const thaw = sleep(2000).then(() => server.signal('SIGCONT'))
  const content = await checkpoint.read(call)
  expect(content?.splits.get('s')).toEqual({ sequence: 1, record: { sequence: 1 } })
  await thaw
  server.signal('SIGSTOP')
  const thawAgain = sleep(2000).then(() => server.signal('SIGCONT'))
  // Sent several times, applied several times: the repeats are recognised.
  await checkpoint.finish({ state: 'complete' }, new Map([['s', 1]]), call)
  await thawAgain
  expect((await checkpoint.read(call))?.header).toEqual({ state: 'complete' })
  expect(await redis.hexists(key, 'run')).toBe(0)
  await checkpoint[Symbol.asyncDispose]()
  await session[Symbol.asyncDispose]()
})

it('calls wait for a server that takes no writes, and give up after retryTimeout', async () => {
  const { session, checkpoint } = await open({ retryTimeout: 1000 })
  await checkpoint.acquire(owner, call)
  await checkpoint.begin({ state: 'running' }, call)
  await redis.call('REPLICAOF', '127.0.0.1', '1')
  await expect(checkpoint.begin({ state: 'running' }, call)).rejects.toMatchObject({
    code: 'TARGET_FAILED',
    message: expect.stringContaining('READONLY'),
  })
  await redis.call('REPLICAOF', 'NO', 'ONE')
  await checkpoint[Symbol.asyncDispose]()
  await session[Symbol.asyncDispose]()
})

it('is not concluded while a split stands elsewhere than it was left', async () => {
  const { session, checkpoint } = await open()
  await checkpoint.acquire(owner, call)
  await checkpoint.begin({ state: 'running' }, call)
  await advance(checkpoint, 's', 1)
  await redis.hset(key, 'sequence:s', '0')
  const finish = async () =>
    await checkpoint.finish({ state: 'complete' }, new Map([['s', 1]]), call)
  await expect(finish()).rejects.toMatchObject({ code: 'TARGET_REWOUND' })
  expect((await checkpoint.read(call))?.header).toEqual({ state: 'running' })
  await advance(checkpoint, 's', 1)
  await finish()
  expect((await checkpoint.read(call))?.header).toEqual({ state: 'complete' })
  await checkpoint[Symbol.asyncDispose]()
  await session[Symbol.asyncDispose]()
})

it('is left at once when the server no longer answers', async () => {
  const { session, checkpoint } = await open({ timeout: 60_000 })
  await checkpoint.acquire(owner, call)
  server.signal('SIGSTOP')
  // The release is given two seconds, whatever the timeout is.
  await checkpoint[Symbol.asyncDispose]()
  await session[Symbol.asyncDispose]()
  server.signal('SIGCONT')
})

it('ends the job when the guard may no longer run, though EXEC does', async () => {
  await redis.call('ACL', 'SETUSER', 'loader', 'on', '>p', '~*', '+@all')
  const { session, checkpoint } = await open({}, { user: 'loader', password: 'p' })
  await checkpoint.acquire(owner, call)
  await checkpoint.begin({ state: 'running' }, call)
  const write = async (sequence: number) =>
    await session.write(textBatch([['k', String(sequence)]]), {
      ...call,
      progress: { split: 's', sequence, fence: 'r1', record: { sequence } },
      admit: () => true,
    })
  expect((await write(1)).written).toBe(1)
  await redis.call('ACL', 'SETUSER', 'loader', '-eval')
  await expect(write(2)).rejects.toMatchObject({
    code: 'TARGET_NOT_PERMITTED',
    message: expect.stringContaining('EVAL'),
  })
  await redis.call('ACL', 'SETUSER', 'loader', '+eval')
  await checkpoint[Symbol.asyncDispose]()
  await session[Symbol.asyncDispose]()
})
