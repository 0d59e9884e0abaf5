import type { Checkpoint, WriterSession } from '@millrace/core/plugin'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startCluster } from './redis-cluster.ts'
import { startRedis, type PrivateRedis } from './redis-server.ts'
import { readBatch, routed } from './change-batches.ts'
import { openWriter, writeBatch } from './write-rows.ts'

const call = { signal: new AbortController().signal }
const owner = { run: 'f', host: 'h', pid: 1 }
const table = routed('t*', [
  ['id', 'int'],
  ['name', 'string'],
])
const rows = (count: number) => Array.from({ length: count }, (_, at) => [String(at), 'x'])

async function acquired(session: WriterSession): Promise<Checkpoint> {
  const checkpoint = await session.checkpoint?.('job', call)
  if (checkpoint === undefined) throw new Error('no checkpoint')
  await checkpoint.acquire(owner, call)
  await checkpoint.begin({}, call)
  return checkpoint
}

/** Empties the table as the batch with that sequence. */
async function truncate(session: WriterSession, sequence: number, signal = call.signal) {
  if (session.truncate === undefined) throw new Error('the writer cannot do that')
  const progress = { split: 'changes', sequence, fence: owner.run, record: { sequence } }
  return await session.truncate(table, { signal, progress })
}

const sequenceOf = async (checkpoint: Checkpoint) =>
  (await checkpoint.read(call))?.splits.get('changes')?.sequence

let server: PrivateRedis
let redis: Redis
const open = async (outputs: readonly object[] = [{ type: 'hash' }]) =>
  await openWriter(
    { keyIndexes: undefined, timeout: 500, retryTimeout: 20_000, outputs: { r: outputs } },
    { hosts: [{ host: '127.0.0.1', port: server.port }] },
  )

beforeEach(async () => {
  server = await startRedis()
  redis = new Redis({ port: server.port })
})
afterEach(async () => {
  redis.disconnect()
  await server[Symbol.asyncDispose]()
})

describe('a table that the source has emptied', () => {
  it('has no keys left, and others have all of theirs; the progress follows', async () => {
    await using session = await open([
      { type: 'hash' },
      { type: 'stream', key: { template: 'feed' } },
    ])
    await using checkpoint = await acquired(session)
    await writeBatch(session, readBatch(table, rows(2500)))
    const others = ['t1:id:5', 't*:idx:5', 't*', 't*:id:5:cache']
    for (const key of others) await redis.set(key, 'x')
    const result = await truncate(session, 1)
    expect(result).toMatchObject({ sent: true, written: 0, rejected: [] })
    expect((await redis.keys('*')).sort()).toEqual(['feed', 'millrace:{job}', ...others].sort())
    expect(await redis.xlen('feed')).toBe(2500)
    expect(await sequenceOf(checkpoint)).toBe(1)
  })

  it('is emptied by who goes on behind an interruption, and over a server that hangs', async () => {
    await using session = await open()
    await using checkpoint = await acquired(session)
    await writeBatch(session, readBatch(table, rows(5000)))
    const aborted = new AbortController()
    server.signal('SIGSTOP')
    const running = truncate(session, 1, aborted.signal)
    setTimeout(() => aborted.abort(new Error('stopped')), 300)
    await expect(running).rejects.toThrow('stopped')
    server.signal('SIGCONT')
    expect(await sequenceOf(checkpoint)).toBeUndefined()
    setTimeout(() => server.signal('SIGSTOP'), 5)
    setTimeout(() => server.signal('SIGCONT'), 1500)
    await truncate(session, 1)
    expect(await redis.keys('t*')).toEqual([])
    expect(await sequenceOf(checkpoint)).toBe(1)
  })

  it('keeps its keys when another run has the fence, and when they cannot be told', async () => {
    await using session = await open()
    await using checkpoint = await acquired(session)
    await writeBatch(session, readBatch(table, rows(10)))
    await redis.hset('millrace:{job}', 'run', 'another')
    await expect(truncate(session, 1)).rejects.toMatchObject({ code: 'TARGET_FENCED' })
    await redis.hset('millrace:{job}', 'run', owner.run)
    await using other = await open([
      { type: 'hash' },
      { type: 'set', key: { template: 's' }, member: 'id' },
    ])
    await expect(truncate(other, 1)).rejects.toMatchObject({
      code: 'TARGET_UNFIT',
      hint: expect.stringContaining('on_truncate: ignore') as string,
    })
    expect(await redis.keys('t*')).toHaveLength(10)
    expect(await sequenceOf(checkpoint)).toBeUndefined()
  })

  it('keeps its keys when those of another table look the same', async () => {
    await using session = await open()
    await using _checkpoint = await acquired(session)
    const other = { ...table, namespace: 'other' }
    await expect(session.check([table, other], call)).resolves.toContainEqual(
      expect.objectContaining({ severity: 'warning', path: ['outputs'] }),
    )
    await writeBatch(session, readBatch(table, rows(10)))
    await expect(truncate(session, 1)).rejects.toMatchObject({
      code: 'TARGET_UNFIT',
      message: expect.stringContaining('those of other.t*') as string,
    })
    expect(await redis.keys('t*')).toHaveLength(10)
  })

  it('stays where that is asked for', async () => {
    await using session = await open([{ type: 'hash', onTruncate: 'ignore' }])
    await using checkpoint = await acquired(session)
    await writeBatch(session, readBatch(table, rows(10)))
    await truncate(session, 1)
    expect(await redis.keys('t*')).toHaveLength(10)
    expect(await sequenceOf(checkpoint)).toBe(1)
  })

  it('is emptied on every master of a cluster', async () => {
    const others = ['t*:idx:5', 't*:id:5:cache']
    await using cluster = await startCluster('secret')
    await using session = await openWriter(
      { keyIndexes: undefined, outputs: { r: [{ type: 'hash' }] }, redisMode: 'ClusterMode' },
      { hosts: cluster.hosts, password: 'secret' },
    )
    await using checkpoint = await acquired(session)
    await writeBatch(session, readBatch(table, rows(3000)))
    for (const key of others) await cluster.client.set(key, 'x')
    const left = async () =>
      (await Promise.all(cluster.nodes.map(async (node) => await node.keys('t*')))).flat()
    expect(await left()).toHaveLength(3002)
    await cluster.client.hset('millrace:{job}', 'run', 'another')
    await expect(truncate(session, 1)).rejects.toMatchObject({ code: 'TARGET_FENCED' })
    await cluster.client.hset('millrace:{job}', 'run', owner.run)
    await truncate(session, 1)
    expect((await left()).sort()).toEqual(others.sort())
    expect(await sequenceOf(checkpoint)).toBe(1)
  })
})
