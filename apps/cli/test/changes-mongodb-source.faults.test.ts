import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { expect, vi } from 'vitest'
import { differences, foundContents } from './support/change-contents.ts'
import { documentText } from './support/mongo-contents.ts'
import type { MongoDatabase } from './support/mongo-database.ts'
import { startMongoSource, type MongoSource } from './support/mongo-source.ts'
import { pipelineFolder, type PipelineFolder } from './support/pipeline-folder.ts'
import { test, type RedisTarget } from './support/redis-test.ts'

const documentCount = 12_000
const waitOptions = { timeout: 30_000, interval: 50 }
vi.setConfig({ testTimeout: 120_000 })

interface Item {
  readonly _id: number
  readonly version: number
  readonly name: string
}

async function makeItems({ db }: MongoDatabase): Promise<void> {
  const documents = Array.from({ length: documentCount }, (_, at) => ({
    _id: at,
    version: 0,
    name: `item ${at} ${'x'.repeat(200)}`,
  }))
  await db.collection<Item>('item').insertMany(documents)
}

function itemPipeline(target: RedisTarget, source: MongoSource, millrace = {}): PipelineFolder {
  return pipelineFolder(target, 'mongodb', source, {
    tables: { [`${source.name}.item`]: {} },
    others: { processors: { write_batch_size: 50 }, millrace },
  })
}

/** What in Redis is not as the collection is. */
async function itemDifferences(client: Redis, { db }: MongoDatabase): Promise<string[]> {
  const expected = new Map<string, string>()
  for (const document of await db.collection<Item>('item').find().toArray())
    expected.set(`item:_id:${document._id}`, documentText(document))
  return differences(expected, await foundContents(client))
}

/** Acts whenever documents or changes were asked for since it was last looked. */
async function whileRead(
  { server }: MongoSource,
  signal: AbortSignal,
  act: () => Promise<void> | void,
): Promise<void> {
  server.control.resetCommandCounts()
  while (!signal.aborted) {
    const { find = 0, getMore = 0 } = server.control.commandCounts()
    if (find + getMore > 0) {
      await act()
      server.control.resetCommandCounts()
    }
    await sleep(5)
  }
}

test('a first snapshot whose connections are cut, and whose primary steps down, has every document once', async ({
  target,
}) => {
  await using source = await startMongoSource()
  await makeItems(source)
  const over = new AbortController()
  let turn = 0
  const disturbing = whileRead(source, over.signal, async () => {
    if (turn >= 3) return
    await sleep(20)
    turn += 1
    if (turn % 3 === 0) source.server.control.stepDown(200)
    else source.server.control.dropConnections()
  })
  const { exitCode, stderr, report } = await itemPipeline(target, source)
    .catchUp()
    .finally(() => over.abort())
  await disturbing
  expect(exitCode, stderr).toBe(0)
  expect(turn).toBeGreaterThan(1)
  expect(report).toMatchObject({ guarantee: 'exactly-once', recordsRead: documentCount })
  expect(await itemDifferences(target.client, source)).toEqual([])
})

test('a lost position ends the run with 4 when two new snapshots in a row do not help', async ({
  target,
}) => {
  await using source = await startMongoSource()
  await makeItems(source)
  const pipeline = itemPipeline(target, source, { on_lost_position: 'resnapshot' })
  const over = new AbortController()
  const losing = whileRead(source, over.signal, async () => {
    source.server.control.forgetHistory()
    await source.db.collection<Item>('item').updateOne({ _id: 1 }, { $inc: { version: 1 } })
  })
  const lost = await pipeline.follow().ended.finally(() => over.abort())
  await losing
  expect(lost.exitCode, lost.stderr).toBe(4)
  expect(pipeline.folder.report()?.notes).toHaveLength(2)
  expect(lost.stderr).toContain('2 new snapshots in a row did not help')
  const anew = await pipeline.catchUp(['--restart'])
  expect(anew.exitCode, anew.stderr).toBe(0)
  expect(await itemDifferences(target.client, source)).toEqual([])
})

test('a collection is read again while its changes go on', async ({ target }) => {
  const { client } = target
  await using source = await startMongoSource()
  await makeItems(source)
  const items = source.db.collection<Item>('item')
  const pipeline = itemPipeline(target, source)
  const running = pipeline.follow()
  await vi.waitFor(async () => expect(await client.dbsize()).toBe(documentCount + 1), waitOptions)
  const over = new AbortController()
  const writing = (async () => {
    for (let version = 1; !over.signal.aborted; version += 1) {
      const _id = (version * 7919) % documentCount
      if (version % 10 === 0) await items.deleteOne({ _id })
      else await items.updateOne({ _id }, { $set: { version } }, { upsert: true })
      await sleep(2)
    }
  })()
  const missing = Array.from({ length: documentCount / 3 }, (_, at) => `item:_id:${at * 3 + 1}`)
  await client.unlink(missing)
  await client.hset('item:_id:2', 'name', 'spoilt')
  const asked = await pipeline.folder.millrace(['resync', 'p', '--table', 'item'])
  expect(asked.exitCode, asked.stderr).toBe(0)
  await vi.waitFor(async () => {
    expect(await client.exists(missing)).toBeGreaterThan(missing.length * 0.9)
    expect(await client.hget('item:_id:2', 'name')).not.toBe('spoilt')
  }, waitOptions)
  over.abort()
  await writing
  running.child.kill('SIGTERM')
  const { exitCode, stderr } = await running.ended
  expect(exitCode, stderr).toBe(143)
  const last = await pipeline.catchUp()
  expect(last.exitCode, last.stderr).toBe(0)
  expect(last.report?.splits.done).toBe(last.report?.splits.total)
  expect(await itemDifferences(client, source)).toEqual([])
})
