import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { expectClearError } from './support/clear-error.ts'
import { waitForKeys } from './support/cluster-moves.ts'
import { makeJobFolder, type JobFolder } from './support/job-folder.ts'
import { redisJob } from './support/jobs.ts'
import { startRedisCluster, type ClusterNode, type RedisCluster } from './support/redis-cluster.ts'
import { dataSourceOf, makePostgresDatabase, type TestDatabase } from './support/test-database.ts'

const rowCount = 20_000
const jobName = 'load'
const checkpointKey = `millrace:{${jobName}}`

let database: TestDatabase
let cluster: RedisCluster
let folder: JobFolder

beforeAll(async () => {
  database = await makePostgresDatabase()
  await database.execute(
    `CREATE TABLE t AS SELECT g AS id, 'value of ' || g AS v FROM generate_series(1, ${rowCount}) g`,
    'ALTER TABLE t ADD PRIMARY KEY (id)',
  )
  cluster = await startRedisCluster()
  folder = makeJobFolder({ r: cluster.dataSource(), s: dataSourceOf('postgresql', database) })
})
afterEach(async () => await cluster.clear())
afterAll(async () => {
  folder?.remove()
  await cluster?.[Symbol.asyncDispose]()
  await database?.[Symbol.asyncDispose]()
})

/** A job over 4 channels, throttled to so many rows a second. */
function jobOf(recordsPerSecond?: number, writer: Readonly<Record<string, unknown>> = {}) {
  const parameter = { datasource: 's', table: 't', column: ['id', 'v'], splitPk: 'id' }
  const throttle =
    recordsPerSecond === undefined
      ? { throttle: false }
      : { throttle: true, record: recordsPerSecond }
  return redisJob({
    reader: { stepType: 'postgresql', parameter },
    writer,
    setting: { speed: { ...throttle, concurrent: 4 } },
  })
}

const named = (...flags: string[]) => ({ flags: ['--name', jobName, ...flags] })

/** A master that does not hold the checkpoint. */
async function otherMaster(): Promise<ClusterNode> {
  for (const node of cluster.masters)
    if (!(await node.client.keys('millrace:*')).includes(checkpointKey)) return node
  throw new Error('no master')
}

async function witnesses(): Promise<number> {
  const lists = await Promise.all(
    cluster.masters.map(async ({ client }) => await client.keys('millrace:*:witness')),
  )
  return lists.flat().length
}

describe('a master that loses its data in mid-load', () => {
  test.for<[string, (node: ClusterNode) => Promise<void>]>([
    ['by FLUSHALL', async (node) => void (await node.client.flushall())],
    [
      'by kill -9 and a restart without persistence',
      async (node) => {
        await node.kill()
        await node.startAgain()
      },
    ],
  ])('%s ends the job, and --resume sees it as well', async ([, lose]) => {
    const running = folder.startRun(jobOf(4000), named())
    await waitForKeys(cluster, 6000)
    const node = await otherMaster()
    await lose(node)
    const result = { ...(await running.ended), report: folder.report() }
    const lost = {
      exitCode: 3,
      code: 'TARGET_FAILED',
      mentions: [`127.0.0.1:${node.port}`, 'flushed or came back without its data', '--restart'],
    }
    expectClearError(result, lost)
    expect(result.report?.status).toBe('failed')
    expectClearError(await folder.run(jobOf(), named('--resume')), lost)
    const again = await folder.run(jobOf(), named('--restart'))
    expect(again.exitCode, again.stderr).toBe(0)
    expect(await cluster.keys()).toHaveLength(rowCount)
    expect(await witnesses()).toBe(0)
  })

  test('between a run that was killed and its resume is seen by the resume', async () => {
    const running = folder.startRun(jobOf(4000), named())
    await waitForKeys(cluster, 6000)
    running.child.kill('SIGKILL')
    await running.ended
    const node = await otherMaster()
    await node.client.flushall()
    const result = await folder.run(jobOf(), named('--resume'))
    expectClearError(result, {
      exitCode: 3,
      code: 'TARGET_FAILED',
      mentions: [`127.0.0.1:${node.port}`, '--restart'],
    })
  })

  test('is not looked for where the server may drop keys', async () => {
    const result = await folder.run(jobOf(undefined, { allowEviction: true }), named())
    expect(result.exitCode, result.stderr).toBe(0)
  })
})

test('witness keys move with their slots, and are gone when the job is complete', async () => {
  const [first, second] = cluster.masters
  if (first === undefined || second === undefined) throw new Error('masters')
  const slots = Array.from({ length: 200 }, (_, at) => at)
  const running = folder.startRun(jobOf(4000), named())
  await waitForKeys(cluster, 3000)
  expect(await witnesses()).toBe(256)
  await cluster.moveSlots(slots, first, second)
  const { exitCode, stderr } = await running.ended
  expect(exitCode, stderr).toBe(0)
  expect(await cluster.keys()).toHaveLength(rowCount)
  expect(await witnesses()).toBe(0)
  await cluster.moveSlots(slots, second, first)
})

test('a user without a right to the witness keys is told what is not noticed', async () => {
  const rights = ['on', 'nopass', 'resetkeys', '~[0-9]*', `~${checkpointKey}`, '+@all']
  for (const { client } of cluster.masters)
    await client.call('ACL', 'SETUSER', 'narrow', 'reset', ...rights)
  const loading = makeJobFolder({
    r: { ...cluster.dataSource(), user: 'narrow', password: 'any' },
    s: dataSourceOf('postgresql', database),
  })
  try {
    const result = await loading.run(jobOf(), named())
    expect(result.exitCode, result.stderr).toBe(0)
    expect(result.stderr).toContain('the user may not write the keys millrace:{*}:load:witness')
  } finally {
    loading.remove()
  }
})
