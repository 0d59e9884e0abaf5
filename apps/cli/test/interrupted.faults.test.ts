import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { expectClearError } from './support/clear-error.ts'
import type { JobFolder } from './support/job-folder.ts'
import { redisJob, type Parameters } from './support/jobs.ts'
import { startPrivateRedis } from './support/private-redis.ts'
import { test, type RedisTarget } from './support/redis-test.ts'
import {
  dataSourceOf,
  makeMysqlDatabase,
  makePostgresDatabase,
  type TestDatabase,
} from './support/test-database.ts'
import { dataKeyCount, dataKeys } from './support/data-keys.ts'

const rowCount = 20_000
const databases = new Map<'mysql' | 'postgresql', TestDatabase>()

beforeAll(async () => {
  databases.set('mysql', await makeMysqlDatabase())
  databases.set('postgresql', await makePostgresDatabase())
  await fill('mysql', 'kept')
  await fill('postgresql', 'kept')
})

afterAll(async () => {
  for (const database of databases.values()) await database[Symbol.asyncDispose]()
})

function databaseOf(stepType: 'mysql' | 'postgresql'): TestDatabase {
  const database = databases.get(stepType)
  if (database === undefined) throw new Error(`no ${stepType} database`)
  return database
}

/** A table of `rowCount` rows with an id and about 1 KB of text. */
async function fill(stepType: 'mysql' | 'postgresql', table: string): Promise<void> {
  const select =
    stepType === 'mysql'
      ? `SELECT a.n * 1000 + b.n + 1 AS id, repeat('x', 1000) AS v FROM digits a, digits b WHERE a.n < 20`
      : `SELECT g AS id, repeat('x', 1000) AS v FROM generate_series(1, ${rowCount}) g`
  const database = databaseOf(stepType)
  if (stepType === 'mysql') {
    const values = Array.from({ length: 1000 }, (_, n) => `(${n})`).join(',')
    await database.execute(
      'CREATE TABLE IF NOT EXISTS digits (n int PRIMARY KEY)',
      `INSERT IGNORE INTO digits VALUES ${values}`,
    )
  }
  await database.execute(
    `CREATE TABLE ${table} AS ${select}`,
    `ALTER TABLE ${table} ADD PRIMARY KEY (id)`,
  )
}

function folder(target: RedisTarget, dataSources: Parameters = {}): JobFolder {
  return target.folder({
    mysql: dataSourceOf('mysql', databaseOf('mysql')),
    postgresql: dataSourceOf('postgresql', databaseOf('postgresql')),
    ...dataSources,
  })
}

function tableReader(stepType: 'mysql' | 'postgresql', table: string) {
  return { stepType, parameter: { datasource: stepType, table, column: ['id', 'v'] } }
}

/** About five seconds for a whole table: time to break something half way. */
const slow = { speed: { throttle: true, mbps: 4, concurrent: 1 } }

/** Connections to the target's server, those of the test included. */
async function connectionCount(target: RedisTarget): Promise<number> {
  const clients = String(await target.client.client('LIST'))
  return clients.trim().split('\n').length
}

/** Waits until the target holds at least `count` keys. */
async function waitForKeys(target: RedisTarget, count: number): Promise<void> {
  for (let tries = 0; tries < 2000; tries += 1) {
    if ((await dataKeyCount(target.client)) >= count) return
    await sleep(10)
  }
  throw new Error(`the target never held ${count} keys`)
}

describe('case 37: signals', () => {
  test.for([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('%s drains, closes and reports; exit %i', async ([signal, code], { target }) => {
    const connections = await connectionCount(target)
    const job = folder(target)
    const running = job.startRun(
      redisJob({ reader: tableReader('postgresql', 'kept'), setting: slow }),
    )
    await waitForKeys(target, 2000)
    running.child.kill(signal)
    const { exitCode, stderr } = await running.ended
    const report = job.report()
    expect(exitCode, stderr).toBe(code)
    expect(report).toMatchObject({ status: 'stopped', code: 'STOPPED', exitCode: code, errors: [] })
    expect(stderr).toContain('Records written')
    expect(report?.recordsWritten).toBe(await dataKeyCount(target.client))
    expect(report?.recordsWritten).toBeLessThan(rowCount)
    expect(await connectionCount(target)).toBe(connections)
  })
})

describe('case 30: a frozen Redis', () => {
  async function runFrozen(target: RedisTarget, writer: Parameters) {
    const frozen = await startPrivateRedis()
    try {
      const job = folder(target, { frozen: { type: 'redis', url: frozen.url } })
      const running = job.startRun(
        redisJob({
          reader: tableReader('postgresql', 'kept'),
          writer: { datasource: 'frozen', timeout: '500', ...writer },
          setting: slow,
        }),
      )
      while ((await dataKeyCount(frozen.client)) < 2000) await sleep(10)
      process.kill(frozen.pid, 'SIGSTOP')
      await sleep(2000)
      process.kill(frozen.pid, 'SIGCONT')
      const result = { ...(await running.ended), report: job.report() }
      const keys = await dataKeys(frozen.client)
      const isList = (await frozen.client.type(keys[0] ?? '')) === 'list'
      const pipeline = frozen.client.pipeline()
      if (isList) for (const key of keys) pipeline.llen(key)
      const lengths = new Set(((await pipeline.exec()) ?? []).map(([, length]) => length))
      return { result, keys: keys.length, lengths: [...lengths] }
    } finally {
      await frozen[Symbol.asyncDispose]()
    }
  }

  test.for<[string, Parameters]>([
    ['string', {}],
    ['set', { writeMode: { type: 'set', mode: 'sadd' } }],
    ['hash', { writeMode: { type: 'hash', mode: 'row' } }],
    ['list', { writeMode: { type: 'list', mode: 'rpush' } }],
  ])('is waited for by %s jobs, which end complete', async ([, writer], { target }) => {
    const { result, keys, lengths } = await runFrozen(target, writer)
    expect(result.exitCode, result.stderr).toBe(0)
    expect(result.report).toMatchObject({
      status: 'complete',
      recordsRead: rowCount,
      recordsWritten: rowCount,
      recordsDirty: 0,
    })
    expect(keys).toBe(rowCount)
    // No list got its element twice.
    expect(lengths.filter((length) => length !== 1)).toEqual([])
  })
})

describe('a Redis killed half way', () => {
  test('is exit 3 after the retry deadline, with what was written so far', async ({ target }) => {
    const doomed = await startPrivateRedis()
    try {
      const job = folder(target, { doomed: { type: 'redis', url: doomed.url } })
      const running = job.startRun(
        redisJob({
          reader: tableReader('postgresql', 'kept'),
          writer: { datasource: 'doomed', timeout: 1000, retryTimeout: 1000 },
          setting: slow,
        }),
      )
      while ((await dataKeyCount(doomed.client)) < 2000) await sleep(10)
      await doomed.kill()
      const result = { ...(await running.ended), report: job.report() }
      expectClearError(result, {
        exitCode: 3,
        code: 'TARGET_FAILED',
        mentions: [`127.0.0.1:${doomed.port}`],
      })
      expect(result.report?.recordsWritten).toBeGreaterThan(0)
      expect(result.report?.recordsWritten).toBeLessThan(rowCount)
      expect(result.stderr).toContain('Records written')
    } finally {
      await doomed[Symbol.asyncDispose]()
    }
  })
})

describe('a full Redis', () => {
  test('is waited for: OOM is never a dirty record', async ({ target }) => {
    const full = await startPrivateRedis(['--maxmemory', '8mb', '--maxmemory-policy', 'noeviction'])
    try {
      const job = folder(target, { full: { type: 'redis', url: full.url } })
      const running = job.startRun(
        redisJob({
          reader: tableReader('postgresql', 'kept'),
          writer: { datasource: 'full', retryTimeout: 60_000 },
          setting: { errorLimit: { record: 0 } },
        }),
      )
      let keys = -1
      while ((await dataKeyCount(full.client)) !== keys || keys < 1000) {
        keys = await dataKeyCount(full.client)
        await sleep(100)
      }
      await full.client.config('SET', 'maxmemory', '0')
      const { exitCode, stderr } = await running.ended
      expect(exitCode, stderr).toBe(0)
      expect(job.report()).toMatchObject({ recordsWritten: rowCount, recordsDirty: 0 })
      expect(await dataKeyCount(full.client)).toBe(rowCount)
    } finally {
      await full[Symbol.asyncDispose]()
    }
  })
})

describe.each(['mysql', 'postgresql'] as const)('%s while rows are flowing', (stepType) => {
  test('the connection is cut: the run connects again and completes', async ({ target }) => {
    const database = databaseOf(stepType)
    const job = folder(target)
    const running = job.startRun(redisJob({ reader: tableReader(stepType, 'kept'), setting: slow }))
    await waitForKeys(target, 500)
    await cutConnections(stepType, database)
    const { exitCode, stderr } = await running.ended
    expect(exitCode, stderr).toBe(0)
    expect(stderr).toContain('; reading again ')
    expect(job.report()).toMatchObject({ recordsRead: rowCount, recordsWritten: rowCount })
    expect(await dataKeyCount(target.client)).toBe(rowCount)
  })

  test('a table dropped before its turn: exit 1, with what was written so far', async ({
    target,
  }) => {
    const database = databaseOf(stepType)
    await fill(stepType, 'first')
    await fill(stepType, 'second')
    const reader = {
      stepType,
      parameter: { datasource: stepType, table: ['first', 'second'], column: ['id', 'v'] },
    }
    const job = folder(target)
    const running = job.startRun(redisJob({ reader, setting: slow }))
    await waitForKeys(target, 500)
    await database.execute('DROP TABLE second')
    const result = { ...(await running.ended), report: job.report() }
    expectClearError(result, { exitCode: 1, code: 'SOURCE_FAILED', mentions: ['second'] })
    expect(result.report?.recordsWritten).toBe(rowCount)
    await database.execute('DROP TABLE first')
  })
})

async function cutConnections(
  stepType: 'mysql' | 'postgresql',
  database: TestDatabase,
): Promise<void> {
  if (stepType === 'postgresql') {
    await database.execute(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    )
    return
  }
  const rows = await database.query(
    `SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()`,
  )
  for (const { id } of rows) await database.execute(`KILL ${String(id)}`)
}
