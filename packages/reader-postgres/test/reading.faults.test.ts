import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Split } from '@millrace/core/plugin'
import {
  batchesOf,
  never,
  openReader,
  readOptions,
  TestDatabase,
  testDataSource,
  until,
} from './test-source.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await TestDatabase.create()
  await database.run(
    'CREATE TABLE big AS SELECT n AS id, repeat(md5(n::text), 60) AS text FROM generate_series(1, 16000) n',
  )
})

afterAll(async () => database[Symbol.asyncDispose]())

async function openBig(parameters: Record<string, unknown> = {}) {
  const session = await openReader({ table: 'big', column: ['id', 'text'], ...parameters }, [
    testDataSource(database.name),
  ])
  const { splits } = await session.split(1, { signal: never })
  return { session, split: splits[0] as Split }
}

it.each([
  ['pg_terminate_backend', true],
  ['pg_cancel_backend', false],
])('%s in mid-read is SOURCE_FAILED, retryable: %s', async (kill, isRetryable) => {
  const { session, split } = await openBig()
  await using _ = session
  let rows = 0
  const reading = (async () => {
    for await (const batch of session.read(split, { ...readOptions, maxRows: 100 })) {
      if (rows === 0) {
        const pids = await database.readerPids('COPY%')
        expect(pids).toHaveLength(1)
        await database.rows(`SELECT ${kill}(${pids[0]})`)
      }
      rows += batch.rows.length
    }
  })()
  await expect(reading).rejects.toMatchObject({
    code: 'SOURCE_FAILED',
    message: expect.stringContaining('table big'),
    isRetryable,
  })
  expect(rows).toBeLessThan(16_000)
  await until(async () => (await database.readerPids('COPY%')).length === 0)
})

it('a split whose snapshot is gone with its holder is read at an instant of its own', async () => {
  const { session, split } = await openBig()
  await using _ = session
  expect(session.sawOneInstant).toBe(true)
  const holders = "SELECT pid FROM pg_stat_activity WHERE state = 'idle in transaction'"
  const own = `${holders} AND datname = current_database()`
  const [[pid] = []] = await database.rows(own)
  await database.rows(`SELECT pg_terminate_backend(${pid})`)
  await until(async () => (await database.rows(own)).length === 0)
  const batches = await batchesOf(session, split)
  expect(batches.flatMap(({ rows }) => rows)).toHaveLength(16_000)
  expect(session.sawOneInstant).toBe(false)
})

it('a table that vanishes before its split is read is SOURCE_FAILED', async () => {
  await database.run('CREATE TABLE gone (id int)')
  await using session = await openReader({ table: 'gone', column: ['id'] }, [
    testDataSource(database.name),
  ])
  const { splits } = await session.split(1, { signal: never })
  await database.run('DROP TABLE gone')
  await expect(batchesOf(session, splits[0]!)).rejects.toMatchObject({
    code: 'SOURCE_FAILED',
    message: expect.stringContaining('table gone'),
  })
})

it('a table under a lock is waited for', async () => {
  await database.run('CREATE TABLE locked AS SELECT 1 AS id')
  await using session = await openReader({ table: 'locked', column: ['id'] }, [
    testDataSource(database.name),
  ])
  const { splits } = await session.split(1, { signal: never })
  await database.run('BEGIN', 'LOCK TABLE locked')
  const reading = batchesOf(session, splits[0]!)
  const waiting =
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
  await until(async () => (await database.rows(waiting)).length === 1)
  await database.run('COMMIT')
  expect((await reading).flatMap(({ rows }) => rows)).toEqual([['1']])
})

it('an error in the middle of the rows is SOURCE_FAILED', async () => {
  const querySql = 'SELECT id, text, 1 / (15000 - id) FROM big ORDER BY id'
  await using session = await openReader({ querySql }, [testDataSource(database.name)])
  const { splits } = await session.split(1, { signal: never })
  await expect(batchesOf(session, splits[0]!)).rejects.toMatchObject({
    code: 'SOURCE_FAILED',
    message: expect.stringContaining('division by zero'),
  })
})

it('a server that falls silent is given up after socketTimeout', async () => {
  await using session = await openReader(
    { querySql: 'select pg_sleep(60), 1', socketTimeout: 200 },
    [testDataSource(database.name)],
  )
  const { splits } = await session.split(1, { signal: never })
  await expect(batchesOf(session, splits[0]!)).rejects.toMatchObject({
    code: 'SOURCE_FAILED',
    hint: expect.stringContaining('socketTimeout'),
  })
  await until(async () => (await database.readerPids('COPY%')).length === 0)
})

it('a consumer that pauses is no silent server', async () => {
  const { session, split } = await openBig({ socketTimeout: 200 })
  await using _ = session
  let rows = 0
  for await (const batch of session.read(split, { ...readOptions, maxRows: 4000 })) {
    if (rows === 0) await new Promise((resolve) => setTimeout(resolve, 600))
    rows += batch.rows.length
  }
  expect(rows).toBe(16_000)
})

it('time limits of the server do not end a slow read', async () => {
  await database.run(
    `ALTER DATABASE ${database.name} SET statement_timeout TO 100`,
    `ALTER DATABASE ${database.name} SET idle_in_transaction_session_timeout TO 100`,
  )
  const { session, split } = await openBig()
  await using _ = session
  await new Promise((resolve) => setTimeout(resolve, 300))
  let rows = 0
  for await (const batch of session.read(split, { ...readOptions, maxRows: 4000 })) {
    if (rows === 0) await new Promise((resolve) => setTimeout(resolve, 300))
    rows += batch.rows.length
  }
  expect(rows).toBe(16_000)
})
