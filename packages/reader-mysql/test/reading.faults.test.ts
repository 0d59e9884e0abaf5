import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Split } from '@millrace/core/plugin'
import {
  batchesOf,
  never,
  openReader,
  readOptions,
  TestDatabase,
  testDataSource,
} from './test-source.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await TestDatabase.create()
  await database.run(
    'CREATE TABLE big (id int AUTO_INCREMENT PRIMARY KEY, text varchar(2000))',
    "INSERT INTO big (text) VALUES (REPEAT('x', 2000))",
  )
  for (let count = 1; count < 16_000; count *= 2) {
    await database.run('INSERT INTO big (text) SELECT text FROM big')
  }
})

afterAll(async () => database[Symbol.asyncDispose]())

async function readerIds(): Promise<number[]> {
  const [rows] = await database.connection.query(
    "SELECT ID AS id FROM information_schema.PROCESSLIST WHERE DB = ? AND INFO LIKE 'SELECT `id`%'",
    [database.name],
  )
  return (rows as { id: number }[]).map(({ id }) => id)
}

async function openBig() {
  const session = await openReader({ table: 'big', column: ['id', 'text'] }, [
    testDataSource(database.name),
  ])
  const { splits } = await session.split(1, { signal: never })
  return { session, split: splits[0] as Split }
}

it.each([
  ['KILL', true],
  ['KILL QUERY', false],
])('%s in mid-read is SOURCE_FAILED, retryable: %s', async (kill, isRetryable) => {
  const { session, split } = await openBig()
  await using _ = session
  let rows = 0
  const reading = (async () => {
    for await (const batch of session.read(split, { ...readOptions, maxRows: 100 })) {
      if (rows === 0) {
        const ids = await readerIds()
        expect(ids).toHaveLength(1)
        await database.run(`${kill} ${ids[0]}`)
      }
      rows += batch.rows.length
    }
  })()
  await expect(reading).rejects.toMatchObject({ code: 'SOURCE_FAILED', isRetryable })
  expect(rows).toBeLessThan(16_000)
})

it('a table that vanishes before its split is read is SOURCE_FAILED', async () => {
  await database.run('CREATE TABLE gone (id int)')
  await using session = await openReader({ table: 'gone', column: ['id'] }, [
    testDataSource(database.name),
  ])
  const { splits } = await session.split(1, { signal: never })
  await database.run('DROP TABLE gone')
  await expect(batchesOf(session, splits[0]!)).rejects.toMatchObject({ code: 'SOURCE_FAILED' })
})

it('a column that changes its type before its split is read is SOURCE_FAILED', async () => {
  await database.run('CREATE TABLE changed (id int, text varchar(10))')
  await using session = await openReader({ table: 'changed', column: ['id', 'text'] }, [
    testDataSource(database.name),
  ])
  const { splits } = await session.split(1, { signal: never })
  await database.run('ALTER TABLE changed MODIFY text varbinary(10)')
  await expect(batchesOf(session, splits[0]!)).rejects.toMatchObject({ code: 'SOURCE_FAILED' })
})

it('a server that falls silent is given up after socketTimeout', async () => {
  await using session = await openReader(
    { querySql: ['select sleep(60), 1'], socketTimeout: 200 },
    [testDataSource(database.name)],
  )
  const { splits } = await session.split(1, { signal: never })
  await expect(batchesOf(session, splits[0]!)).rejects.toMatchObject({
    code: 'SOURCE_FAILED',
    message: expect.stringContaining('socketTimeout'),
  })
})

it('a consumer that pauses is no silent server', async () => {
  const session = await openReader({ table: 'big', column: ['id', 'text'], socketTimeout: 200 }, [
    testDataSource(database.name),
  ])
  await using _ = session
  const { splits } = await session.split(1, { signal: never })
  let rows = 0
  for await (const batch of session.read(splits[0]!, { ...readOptions, maxRows: 4000 })) {
    if (rows === 0) await new Promise((resolve) => setTimeout(resolve, 600))
    rows += batch.rows.length
  }
  expect(rows).toBe(16_384)
})
