import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { batchesOf, never, openReader, testDataSource, TestDatabase } from './test-source.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await TestDatabase.create()
  await database.run(
    'CREATE TABLE t (id int)',
    'INSERT INTO t VALUES (1)',
    'CREATE SCHEMA other',
    'CREATE TABLE other.t (id int)',
    'INSERT INTO other.t VALUES (2)',
  )
})

afterAll(async () => {
  await database[Symbol.asyncDispose]()
})

async function idsOf(properties: Record<string, string>, parameters: object = {}) {
  await using session = await openReader({ table: 't', column: ['id'], ...parameters }, [
    testDataSource(database.name, { properties }),
  ])
  await session.check({ signal: never })
  const { splits } = await session.split(1, { signal: never })
  const batches = await Promise.all(splits.map((split) => batchesOf(session, split)))
  return batches.flat().flatMap(({ rows }) => rows.map(([id]) => id))
}

describe('the schema in which tables are looked for', () => {
  it.each([
    [{}, ['1']],
    [{ currentSchema: 'other' }, ['2']],
    [{ currentSchema: 'nowhere, other, public' }, ['2']],
    [{ options: '-c search_path=other' }, ['2']],
    [{ options: '-c search_path=public', currentSchema: 'other' }, ['2']],
  ])('%j', async (properties, ids) => {
    expect((await idsOf(properties)).map(String)).toEqual(ids)
  })

  it('is that of session where it says one', async () => {
    const own = { session: 'SET search_path TO public' }
    expect((await idsOf({ currentSchema: 'other' }, own)).map(String)).toEqual(['1'])
  })
})

it('a silent server is given up after socketTimeout of the data source', async () => {
  const parameters = { table: undefined, column: undefined, querySql: 'select pg_sleep(60), 1' }
  await expect(idsOf({ socketTimeout: '1' }, parameters)).rejects.toMatchObject({
    code: 'SOURCE_FAILED',
    hint: expect.stringContaining('socketTimeout'),
  })
})
