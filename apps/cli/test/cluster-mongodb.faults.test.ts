import { setTimeout as sleep } from 'node:timers/promises'
import { stringify, parse } from 'yaml'
import { afterAll, afterEach, beforeAll, describe, expect, vi } from 'vitest'
import { clusterContents, type ClusterRead } from './support/cluster-contents.ts'
import { moveUntil, waitForKeys } from './support/cluster-moves.ts'
import { loadJob, loadKinds } from './support/load-kinds.ts'
import type { RowSource } from './support/load-source.ts'
import { documentText } from './support/mongo-contents.ts'
import { makeMongoDatabase } from './support/mongo-database.ts'
import { makeMongoLoadSource } from './support/mongo-load-source.ts'
import { pipelineFolder, type PipelineFolder } from './support/pipeline-folder.ts'
import { startRedisCluster, type RedisCluster } from './support/redis-cluster.ts'
import { test } from './support/redis-test.ts'
import { SeededRandom } from './support/seeded-random.ts'
import { hashText } from './support/change-contents.ts'

const rowCount = 10_000
const recordsPerSecond = rowCount / 5
const readHash: ClusterRead = (pipeline, key) => void pipeline.hgetall(key)

let cluster: RedisCluster
let source: RowSource

beforeAll(async () => {
  cluster = await startRedisCluster()
  source = await makeMongoLoadSource(rowCount)
})
afterEach(async () => await cluster.clear())
afterAll(async () => {
  await source?.[Symbol.asyncDispose]()
  await cluster?.[Symbol.asyncDispose]()
})

/** Which hashes are not as the collection says. */
async function wrongHashes(): Promise<string[]> {
  const found = await clusterContents(cluster, readHash)
  const wrong: string[] = []
  for (const { f, k, v } of await source.rows()) {
    if (found.get(f) !== JSON.stringify({ k, v })) wrong.push(`${f}: ${found.get(f) ?? 'missing'}`)
    found.delete(f)
  }
  return [...wrong, ...[...found.keys()].map((key) => `${key} should not be there`)].slice(0, 10)
}

describe('a collection of MongoDB', () => {
  const job = loadJob.bind(undefined, loadKinds.hash)

  test('case 28: arrives while slots move, every document once', async ({ target }) => {
    const folder = target.folder({ s: source.dataSource(), r: cluster.dataSource() })
    const running = folder.startRun(job(source, { recordsPerSecond, writer: { batchSize: 1000 } }))
    await waitForKeys(cluster, 500)
    const moved = await moveUntil(cluster, running.ended)
    const { exitCode, stderr } = await running.ended
    expect(exitCode, stderr).toBe(0)
    expect(moved).toBeGreaterThan(40)
    expect(folder.report()).toMatchObject({ recordsWritten: rowCount, recordsDirty: 0 })
    expect(await wrongHashes()).toEqual([])
    for (const { client } of cluster.masters)
      expect(await client.dbsize()).toBeGreaterThan(rowCount / 5)
  })

  test('killed again and again, is there in the end', async ({ target }) => {
    const random = new SeededRandom('mongodb into a cluster, killed')
    const folder = target.folder({ s: source.dataSource(), r: cluster.dataSource() })
    const flags = ['--resume']
    for (let kills = 0; kills < 5; kills += 1) {
      const running = folder.startRun(job(source, { recordsPerSecond }), { flags })
      await sleep(random.between(300, 1500))
      running.child.kill('SIGKILL')
      const { exitCode, stderr } = await running.ended
      expect(exitCode, stderr).toBe(null)
    }
    const { exitCode, stderr, report } = await folder.run(job(source), { flags })
    expect(exitCode, stderr).toBe(0)
    expect(report?.total).toMatchObject({ recordsWritten: rowCount, recordsDirty: 0 })
    expect(await wrongHashes()).toEqual([])
  })
})

/** Has the pipeline write to the cluster. */
function intoCluster(pipeline: PipelineFolder): void {
  const config = parse(pipeline.folder.read('p/config.yaml')) as { millrace: object }
  const { type: _, ...nodes } = cluster.dataSource()
  pipeline.folder.write(
    'p/config.yaml',
    stringify({ ...config, millrace: { targets: { target: nodes } } }),
  )
}

test('a pipeline from MongoDB keeps hashes on a cluster as the documents are, though it is killed and slots move', async ({
  target,
}) => {
  await using database = await makeMongoDatabase()
  const people = database.db.collection<{ _id: number; version: number; note?: string }>('people')
  await people.insertMany(Array.from({ length: 3000 }, (_, _id) => ({ _id, version: 0 })))
  const pipeline = pipelineFolder(target, 'mongodb', database, {
    tables: { [`${database.name}.people`]: {} },
  })
  intoCluster(pipeline)
  const over = new AbortController()
  const writing = (async () => {
    for (let version = 1; !over.signal.aborted; version += 1) {
      const _id = (version * 7919) % 3300
      if (version % 5 === 0) await people.deleteOne({ _id })
      else if (version % 3 === 0) await people.replaceOne({ _id }, { version }, { upsert: true })
      else await people.updateOne({ _id }, { $set: { version, note: `${version}` } })
      await sleep(1)
    }
  })()
  const moving = moveUntil(cluster, writing)
  try {
    for (const least of [500, 2500, 3000]) {
      const running = pipeline.follow()
      await vi.waitFor(
        async () => {
          if (running.child.exitCode !== null) throw new Error((await running.ended).stderr)
          expect((await cluster.keys()).length).toBeGreaterThan(least * 0.8)
        },
        { timeout: 30_000, interval: 50 },
      )
      await sleep(500)
      running.child.kill('SIGKILL')
      await running.ended
    }
  } finally {
    over.abort()
  }
  await writing
  expect(await moving).toBeGreaterThan(40)
  const { exitCode, stderr, report } = await pipeline.catchUp()
  expect(exitCode, stderr).toBe(0)
  expect(report).toMatchObject({ recordsDirty: 0 })
  const found = await clusterContents(cluster, readHash)
  const texts = [...found].map(([key, value]): [string, string] => [
    key,
    hashText(JSON.parse(value) as Record<string, string>),
  ])
  const expected = (await people.find().toArray()).map((document): [string, string] => [
    `people:_id:${document._id}`,
    documentText(document),
  ])
  expect(new Map(texts)).toEqual(new Map(expected))
})
