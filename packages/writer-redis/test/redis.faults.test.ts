import { setTimeout as sleep } from 'node:timers/promises'
import type { WriterSession } from '@millrace/core/plugin'
import type { RecordBatch } from '@millrace/core/record'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startRedis, type PrivateRedis } from './redis-server.ts'
import { openWriter, textBatch, writeBatch } from './write-rows.ts'

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

const open = async (parameters: Record<string, unknown>) =>
  await openWriter(parameters, { hosts: [{ host: '127.0.0.1', port: server.port }] })

/** Writes batches as the runtime does, four under way; gives how many rows were written and how many were not. */
async function writeAll(
  session: WriterSession,
  batches: readonly RecordBatch[],
  onSent: (at: number) => Promise<void> = async () => {},
) {
  const total = { written: 0, rejected: 0 }
  const count = async (work: ReturnType<typeof writeBatch>) => {
    const result = await work
    total.written += result.written
    total.rejected += result.rejected.length + result.admitted.length
  }
  const underWay: Promise<void>[] = []
  for (const [at, batch] of batches.entries()) {
    if (underWay.length >= 4) await underWay.shift()
    const work = count(writeBatch(session, batch))
    work.catch(() => {})
    underWay.push(work)
    await onSent(at)
  }
  await Promise.all(underWay)
  return total
}

const rowsPerBatch = 500

/** Every batch writes all keys anew, so that an old batch applied late would show. */
function overwritingBatches(count: number, row: (key: number, batch: number) => string[]) {
  return Array.from({ length: count }, (_, batch) =>
    textBatch(Array.from({ length: rowsPerBatch }, (_, key) => row(key, batch))),
  )
}

const modes = [
  {
    writeMode: { type: 'string', mode: 'set' },
    row: (key: number, batch: number) => [`k${key}`, String(batch)],
    last: async (key: string) => await redis.get(key),
  },
  {
    writeMode: { type: 'zset', mode: 'zadd' },
    row: (key: number, batch: number) => [`k${key}`, String(batch), 'm'],
    last: async (key: string) => await redis.zscore(key, 'm'),
  },
  {
    writeMode: { type: 'hash', mode: 'hset' },
    row: (key: number, batch: number) => [`k${key}`, 'f', String(batch)],
    last: async (key: string) => await redis.hget(key, 'f'),
  },
  {
    writeMode: { type: 'set', mode: 'sadd' },
    row: (key: number, batch: number) => [`k${key}`, String(batch % 40)],
    // All of forty members, and no more.
    last: async (key: string) => String((await redis.scard(key)) - 1),
  },
] as const

async function expectLast(
  expected: string,
  last: (key: string) => Promise<unknown>,
): Promise<void> {
  for (let key = 0; key < rowsPerBatch; key += 1) {
    expect(await last(`k${key}`), `k${key}`).toBe(expected)
  }
}

describe.each(modes)('$writeMode.type', ({ writeMode, row, last }) => {
  it('ends right when the server is frozen for longer than the timeout', async () => {
    await using session = await open({ writeMode, timeout: '500' })
    let thaw: Promise<void> | undefined
    const total = await writeAll(session, overwritingBatches(40, row), async (at) => {
      if (at !== 10) return
      server.signal('SIGSTOP')
      thaw = sleep(2000).then(() => server.signal('SIGCONT'))
    })
    await thaw
    expect(total).toEqual({ written: 40 * rowsPerBatch, rejected: 0 })
    await expectLast('39', last)
    await sleep(300)
    await expectLast('39', last)
  })

  it('ends right when its connections are killed again and again', async () => {
    await using session = await open({ writeMode })
    const total = await writeAll(session, overwritingBatches(40, row), async (at) => {
      if (at % 5 === 0) await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    })
    expect(total).toEqual({ written: 40 * rowsPerBatch, rejected: 0 })
    await expectLast('39', last)
  })

  it('waits while the server is out of memory or read-only', async () => {
    await using session = await open({ writeMode })
    await redis.config('SET', 'maxmemory', '1')
    const lifted = sleep(700).then(async () => {
      await redis.config('SET', 'maxmemory', '0')
      await redis.call('REPLICAOF', '127.0.0.1', '1')
      await sleep(500)
      await redis.call('REPLICAOF', 'NO', 'ONE')
    })
    const total = await writeAll(session, overwritingBatches(40, row))
    await lifted
    expect(total).toEqual({ written: 40 * rowsPerBatch, rejected: 0 })
    await expectLast('39', last)
  })
})

describe('lists', () => {
  const writeMode = { type: 'list', mode: 'rpush' }
  const elements = Array.from({ length: 10_000 }, (_, at) => String(at))
  const batches = Array.from({ length: 20 }, (_, at) =>
    textBatch(elements.slice(at * 500, at * 500 + 500).map((element) => ['k', element])),
  )

  it.each([{}, { expireTime: { seconds: 1000 } }])(
    'keep their order over a lack of memory (%j)',
    async (extra) => {
      await using session = await open({ writeMode, ...extra })
      let lifted: Promise<void> | undefined
      const total = await writeAll(session, batches, async (at) => {
        if (at !== 5) return
        await redis.config('SET', 'maxmemory', '1')
        lifted = sleep(500).then(async () => {
          await redis.config('SET', 'maxmemory', '0')
        })
      })
      await lifted
      expect(total).toEqual({ written: 10_000, rejected: 0 })
      expect(await redis.lrange('k', 0, -1)).toEqual(elements)
    },
  )

  it('fail when the outcome is not known, and say that duplicates are possible', async () => {
    await using session = await open({ writeMode, timeout: 500 })
    await writeAll(session, batches.slice(0, 2))
    server.signal('SIGSTOP')
    const failed = writeAll(session, batches.slice(2))
    await expect(failed).rejects.toMatchObject({
      code: 'TARGET_FAILED',
      message: expect.stringContaining('duplicates'),
    })
    server.signal('SIGCONT')
  })
})

describe('giving up', () => {
  it('happens when retryTimeout has passed', async () => {
    await using session = await open({ retryTimeout: 300, timeout: 200 })
    await writeBatch(session, textBatch([['k', 'v']]))
    await redis.config('SET', 'maxmemory', '1')
    await expect(writeBatch(session, textBatch([['k', 'v']]))).rejects.toMatchObject({
      code: 'TARGET_FAILED',
      message: expect.stringContaining('OOM'),
    })
    await expect(writeBatch(session, textBatch([['k', 'v']]))).rejects.toMatchObject({
      code: 'TARGET_FAILED',
    })
  })

  it('happens when the signal says so, however the server hangs', async () => {
    await using session = await open({})
    await writeBatch(session, textBatch([['k', 'v']]))
    server.signal('SIGSTOP')
    const controller = new AbortController()
    const stopped = writeBatch(session, textBatch([['k', 'w']]), controller.signal)
    const reason = new Error('stopped')
    setTimeout(() => controller.abort(reason), 100)
    await expect(stopped).rejects.toBe(reason)
    server.signal('SIGCONT')
    const result = await writeBatch(session, textBatch([['k', 'x']]))
    expect(result.written).toBe(1)
    expect(await redis.get('k')).toBe('x')
  })

  it('happens at once when a right is taken away', async () => {
    await redis.call('ACL', 'SETUSER', 'loader', 'on', '>p', '~*', '+@all')
    const hosts = [{ host: '127.0.0.1', port: server.port }]
    await using session = await openWriter(
      { writeMode: { type: 'hash' } },
      { hosts, user: 'loader', password: 'p' },
    )
    await writeBatch(session, textBatch([['k', 'f', 'v']]))
    await redis.call('ACL', 'SETUSER', 'loader', '-hset')
    await expect(writeBatch(session, textBatch([['k', 'f', 'w']]))).rejects.toMatchObject({
      code: 'TARGET_NOT_PERMITTED',
      message: expect.stringContaining('HSET'),
    })
  })
})

it('a key of another type is overwritten though connections are killed meanwhile', async () => {
  await using session = await open({ writeMode: { type: 'set' } })
  const batches = Array.from({ length: 30 }, (_, batch) =>
    textBatch(Array.from({ length: 200 }, (_, key) => [`k${key}`, String(batch)])),
  )
  for (let key = 0; key < 200; key += 10) await redis.set(`k${key}`, 'old')
  const total = await writeAll(session, batches, async (at) => {
    if (at % 4 === 0) await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
  })
  expect(total).toEqual({ written: 6000, rejected: 0 })
  for (let key = 0; key < 200; key += 1) expect(await redis.scard(`k${key}`), `k${key}`).toBe(30)
})
