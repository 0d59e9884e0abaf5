import { afterAll, beforeAll, expect, it } from 'vitest'
import { batchesOf, never, openReader, testDataSource, TestDatabase } from './test-source.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await TestDatabase.create()
})

afterAll(async () => {
  await database[Symbol.asyncDispose]()
})

async function cellsOf(properties: Record<string, string>, querySql: string, session?: string) {
  await using reader = await openReader({ querySql, session }, [
    testDataSource(database.name, { properties }),
  ])
  const findings = await reader.check({ signal: never })
  const { splits } = await reader.split(1, { signal: never })
  const batches = await Promise.all(splits.map((split) => batchesOf(reader, split)))
  return { findings, cells: batches.flat().flatMap(({ rows }) => rows.flat().map(String)) }
}

it('sessionVariables are set on every connection, before session', async () => {
  const sessionVariables = "group_concat_max_len=4242;@shop = 'a;b,c'"
  const sql = 'select @@session.group_concat_max_len, @shop'
  expect((await cellsOf({ sessionVariables }, sql)).cells).toEqual(['4242', 'a;b,c'])
  const { cells } = await cellsOf({ sessionVariables }, sql, 'set @shop = 1')
  expect(cells).toEqual(['4242', '1'])
})

it('a time zone among them is put back, with a warning', async () => {
  const given = { sessionVariables: "time_zone='+08:00'" }
  const { findings, cells } = await cellsOf(given, 'select @@session.time_zone')
  expect(cells).toEqual(['+00:00'])
  expect(findings).toMatchObject([
    { severity: 'warning', message: expect.stringContaining('sessionVariables') },
  ])
})

it('names them when the server refuses one', async () => {
  await expect(cellsOf({ sessionVariables: 'nonsense=1' }, 'select 1')).rejects.toMatchObject({
    message: expect.stringContaining('sessionVariables'),
  })
})

it('a silent server is given up after socketTimeout of the data source', async () => {
  const given = { socketTimeout: '300' }
  await expect(cellsOf(given, 'select sleep(60), 1')).rejects.toMatchObject({
    code: 'SOURCE_FAILED',
    hint: expect.stringContaining('socketTimeout'),
  })
})
