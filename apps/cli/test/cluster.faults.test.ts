import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { expectClearError } from './support/clear-error.ts'
import { clusterContents, type ClusterRead } from './support/cluster-contents.ts'
import { moveUntil, waitForKeys } from './support/cluster-moves.ts'
import { hookEnvironment } from './support/fault-hooks.ts'
import { makeJobFolder, type JobFolder } from './support/job-folder.ts'
import { redisJob, type Parameters } from './support/jobs.ts'
import { startRedisCluster, type RedisCluster } from './support/redis-cluster.ts'
import { seededRandom } from './support/seeded-random.ts'
import { dataSourceOf, makePostgresDatabase, type TestDatabase } from './support/test-database.ts'
import { waitUntil } from './support/wait-until.ts'

const rowCount = 300_000
const smallCount = 20_000
const jobName = 'load'
const checkpointKey = `millrace:{${jobName}}`

let database: TestDatabase
let folder: JobFolder | undefined

beforeAll(async () => {
  database = await makePostgresDatabase()
  for (const [table, count] of [
    ['large', rowCount],
    ['small', smallCount],
  ] as const) {
    await database.execute(
      `CREATE TABLE ${table} AS SELECT g AS id, 'value of ' || g AS v FROM generate_series(1, ${count}) g`,
      `ALTER TABLE ${table} ADD PRIMARY KEY (id)`,
    )
  }
})
afterEach(() => {
  folder?.remove()
  folder = undefined
})
afterAll(async () => await database?.[Symbol.asyncDispose]())

function folderFor(cluster: RedisCluster): JobFolder {
  folder = makeJobFolder({ r: cluster.dataSource(), source: dataSourceOf('postgresql', database) })
  return folder
}

const kinds = {
  string: { type: 'string' },
  hash: { type: 'hash', mode: 'row' },
  list: { type: 'list', mode: 'rpush' },
} as const

/** A job over 4 channels, throttled to so many bytes a second. */
function jobOf(
  table: 'large' | 'small',
  kind: keyof typeof kinds,
  { mbps, writer = {} }: { mbps?: number; writer?: Parameters },
) {
  const parameter = { datasource: 'source', table, column: ['id', 'v'], splitPk: 'id' }
  const throttle = mbps === undefined ? { throttle: false } : { throttle: true, mbps }
  return redisJob({
    reader: { stepType: 'postgresql', parameter },
    writer: { writeMode: kinds[kind], ...writer },
    setting: { speed: { ...throttle, concurrent: 4 } },
  })
}

const named = (...flags: string[]) => ({ flags: ['--name', jobName, ...flags] })

/** What each kind of value of a row looks like. */
const expectedOf: Record<keyof typeof kinds, (id: number) => string> = {
  string: (id) => `value of ${id}`,
  hash: (id) => JSON.stringify({ v: `value of ${id}` }),
  list: (id) => JSON.stringify([`value of ${id}`]),
}
const readOf: Record<keyof typeof kinds, ClusterRead> = {
  string: (pipeline, key) => void pipeline.get(key),
  hash: (pipeline, key) => void pipeline.hgetall(key),
  list: (pipeline, key) => void pipeline.lrange(key, 0, -1),
}

/** Compares the whole cluster with the table. */
async function expectSame(
  cluster: RedisCluster,
  kind: keyof typeof kinds,
  count: number,
): Promise<void> {
  const found = await clusterContents(cluster, readOf[kind])
  const wrong: string[] = []
  for (let id = 1; id <= count; id += 1) {
    const value = found.get(String(id))
    if (value !== expectedOf[kind](id)) wrong.push(`${id}: ${value ?? 'missing'}`)
  }
  expect(wrong.slice(0, 10), `${wrong.length} keys are wrong`).toEqual([])
  expect(found.size).toBe(count)
}

describe('without replicas', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await startRedisCluster()
  })
  afterEach(async () => await cluster.clear())
  afterAll(async () => await cluster?.[Symbol.asyncDispose]())

  test.for(['string', 'hash', 'list'] as const)(
    'slots move while values of type %s are loaded: the comparison holds',
    async (kind) => {
      const job = folderFor(cluster)
      const running = job.startRun(jobOf('large', kind, { mbps: 1 }), named())
      await waitForKeys(cluster, 1000)
      const moved = await moveUntil(cluster, running.ended)
      const { exitCode, stderr } = await running.ended
      expect(exitCode, stderr).toBe(0)
      expect(moved).toBeGreaterThan(100)
      expect(job.report()).toMatchObject({ recordsWritten: rowCount, recordsDirty: 0 })
      await expectSame(cluster, kind, rowCount)
    },
  )

  test.for(['string', 'list'] as const)(
    'slots move while keys are written again and again: values of type %s keep their order',
    async (kind) => {
      const keyCount = 500
      const writes = 100
      const job = folderFor(cluster)
      const column = [`id % ${keyCount}`, 'id']
      const where = `id <= ${keyCount * writes}`
      const load = redisJob({
        reader: {
          stepType: 'postgresql',
          parameter: { datasource: 'source', table: 'large', column, where },
        },
        writer: { writeMode: kinds[kind], batchSize: 200 },
        setting: { speed: { throttle: true, mbps: 0.1, concurrent: 1 } },
      })
      const running = job.startRun(load, named())
      await waitForKeys(cluster, keyCount)
      const moved = await moveUntil(cluster, running.ended)
      const { exitCode, stderr } = await running.ended
      expect(exitCode, stderr).toBe(0)
      expect(moved).toBeGreaterThan(100)
      const found = await clusterContents(cluster, readOf[kind])
      expect(found.size).toBe(keyCount)
      for (const [key, value] of found) {
        const first = key === '0' ? keyCount : Number(key)
        const ids = Array.from({ length: writes }, (_, at) => String(first + at * keyCount))
        expect(value, key).toBe(kind === 'list' ? JSON.stringify(ids) : ids.at(-1))
      }
    },
  )

  test('a job is concluded while the slot of its checkpoint is on its way', async () => {
    const job = folderFor(cluster)
    const running = job.startRun(jobOf('small', 'string', { mbps: 0.1 }), named())
    await waitForKeys(cluster, 2000)
    const slot = Number(await cluster.client.cluster('KEYSLOT', checkpointKey))
    const ring = [...cluster.masters]
    while (!(await ring[0]?.client.keys(checkpointKey))?.length) ring.push(...ring.splice(0, 1))
    const [from, to] = ring
    if (from === undefined || to === undefined) throw new Error('masters')
    const endMove = await cluster.beginMove(slot, 0, { from, to })
    const { exitCode, stderr } = await running.ended
    await endMove()
    expect(exitCode, stderr).toBe(0)
    await expectSame(cluster, 'string', smallCount)
    expect(Object.keys(await to.client.hgetall(checkpointKey)).sort()).toEqual([
      'ended',
      'format',
      'header',
    ])
    await cluster.moveSlots([slot], to, from)
  })

  test.for(['string', 'hash'] as const)(
    'killed 20 times, every %s is there in the end',
    async (kind) => {
      const seed = Number(process.env['MILLRACE_TEST_SEED'] ?? 20_261_121)
      const random = seededRandom(seed)
      const job = folderFor(cluster)
      const wrongTyped = kind === 'hash' ? [5, 100_000, 299_999] : []
      for (const id of wrongTyped) await cluster.client.set(String(id), 'old')
      const load = jobOf('large', kind, { mbps: 0.25 })
      const rowsReadFile = job.write('rows-read', '')
      const options = { ...named('--resume'), env: hookEnvironment({ rowsReadFile }) }
      for (let kills = 0; kills < 20; kills += 1) {
        const running = job.startRun(load, options)
        await sleep(50 + random() * 1950)
        running.child.kill('SIGKILL')
        // Killed, and not over before.
        expect((await running.ended).exitCode).toBe(null)
      }
      const last = await job.run(jobOf('large', kind, {}), options)
      expect(last.exitCode, `seed ${seed}: ${last.stderr}`).toBe(0)
      expect(last.report?.resumedFrom).not.toBeNull()
      expect(last.report?.total).toMatchObject({
        recordsRead: rowCount,
        recordsWritten: rowCount,
        recordsDirty: 0,
      })
      await expectSame(cluster, kind, rowCount)
      const batches = readFileSync(rowsReadFile, 'utf8').split('\n')
      const read = batches.reduce((sum, line) => sum + Number(line), 0)
      // Rows of the runs that were killed were read, too.
      expect(read).toBeGreaterThan(rowCount)
      expect(read).toBeLessThanOrEqual(2 * rowCount)
    },
  )

  test('killed, a job of lists goes on only when elements may be repeated', async () => {
    const job = folderFor(cluster)
    const load = jobOf('small', 'list', { mbps: 0.05 })
    const running = job.startRun(load, named())
    await waitForKeys(cluster, 3000)
    running.child.kill('SIGKILL')
    await running.ended
    const refused = await job.run(load, named('--resume'))
    expectClearError(refused, {
      exitCode: 2,
      code: 'RESUME_UNDECIDED',
      mentions: ['--allow-duplicates', '--restart'],
    })
    const last = await job.run(jobOf('small', 'list', {}), named('--resume', '--allow-duplicates'))
    expect(last.exitCode, last.stderr).toBe(0)
    expect(last.report?.guaranteeNote).toContain('--allow-duplicates')
    const found = await clusterContents(cluster, readOf.list)
    expect(found.size).toBe(smallCount)
    // What was under way stands twice; nothing is missing, and nothing else is there.
    for (const [id, value] of found)
      expect(new Set(JSON.parse(value) as string[])).toEqual(new Set([`value of ${id}`]))
  })

  test('a master that is frozen is waited for', async () => {
    const job = folderFor(cluster)
    const writer = { timeout: 1000 }
    const running = job.startRun(jobOf('small', 'string', { mbps: 0.1, writer }), named())
    await waitForKeys(cluster, 2000)
    const [, second] = cluster.masters
    process.kill(second?.pid ?? 0, 'SIGSTOP')
    await sleep(4000)
    process.kill(second?.pid ?? 0, 'SIGCONT')
    const { exitCode, stderr } = await running.ended
    expect(exitCode, stderr).toBe(0)
    expect(stderr).toContain(`127.0.0.1:${second?.port} was lost`)
    await expectSame(cluster, 'string', smallCount)
  })

  test('a second run is refused, and one that lost its fence stops', async () => {
    const job = folderFor(cluster)
    // Long enough to be under way still when the other one gives up.
    const load = jobOf('large', 'string', { mbps: 0.25 })
    const running = job.startRun(load, named())
    await waitForKeys(cluster, 2000)
    const other = folderOf(cluster)
    try {
      const refused = await other.run(load, named('--resume'))
      expectClearError(refused, {
        exitCode: 3,
        code: 'TARGET_FENCED',
        mentions: [`process ${running.child.pid}`],
      })
    } finally {
      other.remove()
    }
    const owner = JSON.stringify({ host: 'elsewhere', pid: 7 })
    await cluster.client.hset(checkpointKey, { run: 'another', owner })
    const result = { ...(await running.ended), report: job.report() }
    expectClearError(result, {
      exitCode: 3,
      code: 'TARGET_FENCED',
      mentions: ['process 7 on host elsewhere'],
    })
    expect(result.report?.recordsWritten).toBeLessThan(rowCount)
  })

  test('a checkpoint that vanishes ends the job', async () => {
    const job = folderFor(cluster)
    const running = job.startRun(jobOf('large', 'string', { mbps: 0.25 }), named())
    await waitForKeys(cluster, 2000)
    await cluster.client.del(checkpointKey)
    const result = { ...(await running.ended), report: job.report() }
    expectClearError(result, {
      exitCode: 3,
      code: 'TARGET_FAILED',
      mentions: ['the checkpoint of the job is gone'],
    })
  })

  /** A second folder of the same job. */
  function folderOf(target: RedisCluster): JobFolder {
    return makeJobFolder({ r: target.dataSource(), source: dataSourceOf('postgresql', database) })
  }
})

describe('with replicas', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await startRedisCluster({ hasReplicas: true })
  })
  afterEach(async () => await cluster.clear())
  afterAll(async () => await cluster?.[Symbol.asyncDispose]())

  test('replicas take over for every master in mid-load: the comparison holds', async () => {
    const job = folderFor(cluster)
    const running = job.startRun(jobOf('large', 'hash', { mbps: 1 }), named())
    for (const [at, replica] of cluster.replicas.entries()) {
      await waitForKeys(cluster, 50_000 * (at + 1))
      await replica.client.call('CLUSTER', 'FAILOVER')
      await waitUntil('the replica has taken over', async () =>
        (await replica.client.info('replication')).includes('role:master'),
      )
    }
    const { exitCode, stderr } = await running.ended
    expect(exitCode, stderr).toBe(0)
    expect(job.report()).toMatchObject({ recordsWritten: rowCount, recordsDirty: 0 })
    await expectSame(cluster, 'hash', rowCount)
    // Back to where it was, for the next test.
    for (const { client } of cluster.masters) {
      await client.call('CLUSTER', 'FAILOVER')
      await waitUntil('the master is back', async () =>
        (await client.info('replication')).includes('role:master'),
      )
    }
  })

  test('a master is killed in mid-load: the comparison holds for what the cluster keeps', async () => {
    const job = folderFor(cluster)
    const running = job.startRun(jobOf('large', 'string', { mbps: 1 }), named())
    await waitForKeys(cluster, 50_000)
    const [doomed] = cluster.masters
    const [replica] = cluster.replicas
    if (doomed === undefined || replica === undefined) throw new Error()
    // A cluster loses what it has answered and not replicated; here nothing is answered before the replica has it.
    await doomed.client.call('CLIENT', 'PAUSE', '60000', 'WRITE')
    await waitUntil('the replica has everything', async () => {
      const [there, here] = await Promise.all([
        doomed.client.info('replication'),
        replica.client.info('replication'),
      ])
      return offsetOf(there, 'master_repl_offset') === offsetOf(here, 'slave_repl_offset')
    })
    // By now rows wait for an answer.
    await sleep(500)
    await doomed.kill()
    const { exitCode, stderr } = await running.ended
    expect(exitCode, stderr).toBe(0)
    expect(stderr).toContain(`127.0.0.1:${doomed.port} was lost`)
    expect(job.report()).toMatchObject({ recordsWritten: rowCount, recordsDirty: 0 })
    await expectSame(cluster, 'string', rowCount)
  })
})

function offsetOf(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1]
}
