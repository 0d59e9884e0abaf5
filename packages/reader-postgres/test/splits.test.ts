import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  batchesOf,
  column,
  never,
  openReader,
  readAll,
  testDataSource,
  TestDatabase,
} from './test-source.ts'

let database: TestDatabase
let tableCount = 0

beforeAll(async () => {
  database = await TestDatabase.create("ENCODING 'UTF8' TEMPLATE template0")
  await database.run(
    "CREATE COLLATION english (provider = icu, locale = 'en-US')",
    "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
    // A server without the extension gets a type of that name.
    `DO $$ BEGIN
       IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'citext') THEN CREATE EXTENSION citext;
       ELSE CREATE DOMAIN citext AS text;
       END IF;
     END $$`,
  )
})

afterAll(async () => database[Symbol.asyncDispose]())

type Keys = readonly (string | number | null)[]

/** A table of one key column with the given values, each with its number. */
async function tableOf(declaration: string, values: Keys): Promise<string> {
  tableCount += 1
  const name = `s${tableCount}`
  await database.run(
    `CREATE TABLE ${name} (n int, k ${declaration})`,
    `CREATE INDEX ON ${name} (k)`,
  )
  const type = declaration.replace(/ COLLATE.*/, '')
  await database.connection.query(
    `INSERT INTO ${name} SELECT n - 1, k::${type} FROM unnest($1::text[]) WITH ORDINALITY AS v (k, n)`,
    [values.map((value) => (value === null ? null : String(value)))],
  )
  return name
}

async function split(declaration: string, values: Keys, desired = 4) {
  const table = await tableOf(declaration, values)
  const parameters = { table, column: ['n'], splitPk: 'K', splitFactor: 2 }
  const { rows, splits, warnings } = await readAll(database, parameters, desired)
  const numbers = column(rows, 0).map(Number)
  return { numbers: numbers.sort((a, b) => a - b), splits, warnings }
}

const all = (values: Keys) => values.map((_, index) => index)

describe('splitPk', () => {
  const extremes = ['-9223372036854775808', '9223372036854775807', '0', null, '-1', null]
  const words = ['a', 'A', 'ä', 'b ', 'b', 'B', 'ß', 'ss', '', ' ', 'z', null, "o'x", '\\'].concat([
    "\\'",
    '\u{1f600}',
    'a-b',
    'ab',
    'AB',
    'a b',
    '_',
    'Z',
    'é',
    'e\u0301',
  ])
  const uuids = Array.from(
    { length: 20 },
    (_, index) => `${String(index * 7919).padStart(8, '0')}-0000-4000-8000-000000000000`,
  )
  const cases: readonly (readonly [string, Keys])[] = [
    ['bigint', extremes],
    ['smallint', [-32768, 32767, 0, 5, 5, 5]],
    ['int', [-5, -4, -1, 1_000_000, 2_000_000_000, null]],
    ['oid', [0, 4294967295, 7, null]],
    ['text COLLATE "C"', words],
    ['text COLLATE english', words],
    ['text COLLATE loose', words],
    ['varchar(20)', words],
    ['char(20)', words],
    ['citext', words],
    ['name', words],
    ['uuid', uuids],
  ]

  it.each(cases)('%s: no row twice, none lost', async (declaration, values) => {
    const { numbers, splits, warnings } = await split(declaration, values)
    expect(numbers).toEqual(all(values))
    expect(splits.length).toBeGreaterThan(2)
    expect(splits.length).toBeLessThanOrEqual(8)
    expect(warnings).toEqual([])
  })

  it('holds for any strings and any number of splits', async () => {
    const grapheme = fc.string({ unit: 'grapheme', maxLength: 6 })
    const strings = fc.array(fc.option(grapheme), { minLength: 1, maxLength: 60 })
    const desireds = fc.integer({ min: 2, max: 6 })
    await fc.assert(
      fc.asyncProperty(strings, desireds, async (values, desired) => {
        const { numbers } = await split('text COLLATE loose', values, desired)
        expect(numbers).toEqual(all(values))
      }),
      { numRuns: 15 },
    )
  })

  it('gives one split for an empty table, for one channel and for keys that are all NULL', async () => {
    expect((await split('int', [])).splits).toHaveLength(1)
    expect((await split('text', [])).splits).toHaveLength(1)
    expect((await split('int', [1, 2, 3], 1)).splits).toHaveLength(1)
    const { numbers, splits } = await split('int', [null, null])
    expect(splits).toHaveLength(1)
    expect(numbers).toEqual([0, 1])
  })

  it('cuts one table into channels times splitFactor, several into ceil(channels / tables)', async () => {
    const values = Array.from({ length: 100 }, (_, index) => index)
    expect((await split('int', values)).splits).toHaveLength(8)
    const tables = [await tableOf('int', values), await tableOf('int', values)]
    const two = { table: tables, column: ['n'], splitPk: 'k' }
    expect((await readAll(database, two, 5)).splits).toHaveLength(6)
  })

  it.each([
    ['timestamp', ['2026-01-01', '2026-01-02']],
    ['numeric', ['1.5', '2.5']],
  ])('%s: reads in one split, with a warning', async (declaration, values) => {
    const { numbers, splits, warnings } = await split(declaration, values)
    expect(numbers).toEqual(all(values))
    expect(splits).toHaveLength(1)
    expect(warnings).toEqual([expect.stringContaining('splitPk K')])
  })

  it('is the same plan in a second run', async () => {
    const table = await tableOf('text', ['a', 'b', 'c', 'd', 'e'])
    const parameters = { table, column: ['n'], splitPk: 'k' }
    const first = await readAll(database, parameters, 3)
    expect((await readAll(database, parameters, 3)).splits).toEqual(first.splits)
  })
})

describe('the snapshot', () => {
  it('is one for all splits: what changes after split() is not seen', async () => {
    const values = Array.from({ length: 100 }, (_, index) => index)
    const table = await tableOf('int', values)
    await using session = await openReader({ table, column: ['n', 'k'], splitPk: 'k' }, [
      testDataSource(database.name),
    ])
    const { splits, consistency } = await session.split(4, { signal: never })
    expect(consistency).toBe('one-snapshot')
    expect(splits.length).toBeGreaterThan(4)
    const found: string[] = []
    for (const [index, each] of splits.entries()) {
      await database.run(
        `DELETE FROM ${table} WHERE k % 3 = ${index % 3}`,
        `UPDATE ${table} SET k = 99 - k, n = -1`,
        `INSERT INTO ${table} SELECT -2, n FROM generate_series(0, 99) n`,
      )
      for (const { rows } of await batchesOf(session, each)) {
        found.push(...rows.map((row) => row.join()))
      }
    }
    expect(found.toSorted()).toEqual(values.map((value) => `${value},${value}`).toSorted())
  })

  it('is one per connection of the job, which is said', async () => {
    const table = await tableOf('int', [1, 2, 3])
    const connection = [
      { datasource: 'test', table: [table] },
      { datasource: 'test', table: [table] },
    ]
    await using session = await openReader({ connection, column: ['n'] }, [
      testDataSource(database.name),
    ])
    const { splits, consistency } = await session.split(2, { signal: never })
    expect(splits).toHaveLength(2)
    expect(consistency).toBe('per-split')
  })
})
