import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { clusterContents } from './support/cluster-contents.ts'
import { makeJobFolder, type JobFolder } from './support/job-folder.ts'
import { redisJob, type Parameters } from './support/jobs.ts'
import { startRedisCluster, type ClusterNode, type RedisCluster } from './support/redis-cluster.ts'
import { SeededRandom } from './support/seeded-random.ts'
import { dataSourceOf, makePostgresDatabase, type TestDatabase } from './support/test-database.ts'

const rowCount = 20_000
const keyCount = 200
const jobName = 'load'
const checkpointKey = `millrace:{t}:${jobName}`
const list = { type: 'list', mode: 'rpush' }

let database: TestDatabase
let folder: JobFolder | undefined

beforeAll(async () => {
  database = await makePostgresDatabase()
  await database.execute(
    `CREATE TABLE t AS SELECT g AS id, g % ${keyCount} AS k FROM generate_series(1, ${rowCount}) g`,
    'ALTER TABLE t ADD PRIMARY KEY (id)',
  )
})
afterEach(() => {
  folder?.remove()
  folder = undefined
})
afterAll(async () => await database?.[Symbol.asyncDispose]())

function folderFor(cluster: RedisCluster): JobFolder {
  folder = makeJobFolder({ r: cluster.dataSource(), s: dataSourceOf('postgresql', database) })
  return folder
}

/** A job whose keys all have the tag `t`, over 4 channels. */
function jobOf(recordsPerSecond: number | undefined, writer: Parameters = {}) {
  const parameter = { datasource: 's', table: 't', column: ['k', 'id'], splitPk: 'id' }
  const throttle =
    recordsPerSecond === undefined
      ? { throttle: false }
      : { throttle: true, record: recordsPerSecond }
  return redisJob({
    reader: { stepType: 'postgresql', parameter },
    writer: {
      writeMode: list,
      keyIndexes: undefined,
      keyTemplate: '{t}:#{k}',
      batchSize: 100,
      ...writer,
    },
    setting: { speed: { ...throttle, concurrent: 4 }, errorLimit: { record: rowCount } },
  })
}

const named = (...flags: string[]) => ({ flags: ['--name', jobName, ...flags] })

/** Each list holds each of its rows once, but those of keys that are somebody else's. */
async function expectOnce(cluster: RedisCluster, foreign: readonly number[] = []): Promise<void> {
  const found = await clusterContents(cluster, (pipeline, key) => {
    if (foreign.some((k) => key === `{t}:${k}`)) pipeline.get(key)
    else pipeline.lrange(key, 0, -1)
  })
  expect(found.size).toBe(keyCount)
  for (let k = 0; k < keyCount; k += 1) {
    const value = found.get(`{t}:${k}`) ?? 'missing'
    if (foreign.includes(k)) expect(value).toBe('theirs')
    else {
      const ids = (JSON.parse(value) as string[]).map(Number).sort((one, other) => one - other)
      const expected = Array.from(
        { length: rowCount / keyCount },
        (_, at) => (k === 0 ? keyCount : k) + at * keyCount,
      )
      expect(ids, `list ${k}`).toEqual(expected)
    }
  }
}

async function settled(cluster: RedisCluster): Promise<number> {
  return await cluster.client.exists(checkpointKey)
}

describe('lists of one slot', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await startRedisCluster()
  })
  afterEach(async () => await cluster.clear())
  afterAll(async () => await cluster?.[Symbol.asyncDispose]())

  /** Moves the slot from master to master until the end; gives how often. */
  async function moveSlot(isOver: () => boolean): Promise<number> {
    const slot = await cluster.client.cluster('KEYSLOT', '{t}')
    const ring = [...cluster.masters]
    while (!(await serves(ring[0] as ClusterNode))) ring.push(ring.shift() as ClusterNode)
    let moves = 0
    for (; !isOver(); moves += 1) {
      const [from, to] = ring as [ClusterNode, ClusterNode]
      await cluster.moveSlots([slot], from, to)
      ring.push(ring.shift() as ClusterNode)
      await sleep(200)
    }
    return moves
  }

  async function serves({ client }: ClusterNode): Promise<boolean> {
    try {
      await client.exists('{t}')
      return true
    } catch {
      return false
    }
  }

  test('are exactly once over kill -9, again and again', async () => {
    const random = new SeededRandom('lists of one slot')
    const job = folderFor(cluster)
    const foreign = [7, 107]
    for (const k of foreign) await cluster.client.set(`{t}:${k}`, 'theirs')
    for (let kills = 0; kills < 8; kills += 1) {
      const running = job.startRun(jobOf(1500), named('--resume'))
      // The first run gets as far as to write, however busy the machine is.
      while (kills === 0 && (await settled(cluster)) === 0) await sleep(20)
      await sleep(random.between(300, 1500))
      running.child.kill('SIGKILL')
      expect((await running.ended).exitCode).toBe(null)
    }
    const last = await job.run(jobOf(undefined), named('--resume'))
    expect(last.exitCode, last.stderr).toBe(0)
    expect(last.report?.resumedFrom).not.toBeNull()
    expect(last.report?.guarantee).toBe('exactly-once')
    const recordsDirty = (foreign.length * rowCount) / keyCount
    expect(last.report?.total).toMatchObject({
      recordsRead: rowCount,
      recordsWritten: rowCount - recordsDirty,
      recordsDirty,
    })
    await expectOnce(cluster, foreign)
  })

  test('are exactly once while the slot moves and the job is killed', async () => {
    const random = new SeededRandom('lists of a slot that moves')
    const job = folderFor(cluster)
    let isOver = false
    const moving = moveSlot(() => isOver)
    try {
      for (let kills = 0; kills < 4; kills += 1) {
        const running = job.startRun(jobOf(2500), named('--resume'))
        await sleep(random.between(500, 1500))
        running.child.kill('SIGKILL')
        expect((await running.ended).exitCode).toBe(null)
      }
      const last = await job.run(jobOf(5000), named('--resume'))
      expect(last.exitCode, last.stderr).toBe(0)
      expect(last.report?.total).toMatchObject({ recordsWritten: rowCount, recordsDirty: 0 })
    } finally {
      isOver = true
      expect(await moving).toBeGreaterThan(5)
    }
    await expectOnce(cluster)
  })

  test('have one run at a time', async () => {
    const job = folderFor(cluster)
    const running = job.startRun(jobOf(2500), named())
    while ((await settled(cluster)) === 0) await sleep(50)
    const second = await job.run(jobOf(2500), named('--resume'))
    expect(second.exitCode).toBe(3)
    expect(second.stderr).toContain(`process ${running.child.pid}`)
    running.child.kill('SIGKILL')
    await running.ended
  })
})

describe('lists of one slot with a replica', () => {
  test('are exactly once over a failover', async () => {
    await using cluster = await startRedisCluster({ hasReplicas: true })
    const job = folderFor(cluster)
    const running = job.startRun(jobOf(2500), named())
    while ((await settled(cluster)) === 0) await sleep(50)
    await sleep(1500)
    const owners = await Promise.all(
      cluster.masters.map(async ({ client }) => await client.exists('{t}').catch(() => undefined)),
    )
    const at = owners.findIndex((owner) => owner !== undefined)
    await cluster.masters[at]?.kill()
    const { exitCode, stderr } = await running.ended
    expect(exitCode, stderr).toBe(0)
    expect(job.report()).toMatchObject({ status: 'complete', recordsDirty: 0 })
    await expectOnce(cluster)
  })
})
