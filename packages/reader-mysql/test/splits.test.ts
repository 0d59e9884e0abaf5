import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { column, readAll, TestDatabase } from './test-source.ts'

let database: TestDatabase
let tableCount = 0

beforeAll(async () => {
  database = await TestDatabase.create()
})

afterAll(async () => database[Symbol.asyncDispose]())

/** A table of one key column with the given values, each with its number. */
async function tableOf(declaration: string, values: readonly unknown[]): Promise<string> {
  tableCount += 1
  const name = `s${tableCount}`
  await database.run(`CREATE TABLE ${name} (n int, k ${declaration}, KEY (k))`)
  if (values.length > 0) {
    const rows = values.map((value, index) => [index, value])
    await database.connection.query(`INSERT INTO ${name} VALUES ?`, [rows])
  }
  return name
}

async function split(declaration: string, values: readonly unknown[], desired = 4) {
  const table = await tableOf(declaration, values)
  const parameters = { table, column: ['n'], splitPk: 'K', splitFactor: 2 }
  const { rows, splits, warnings } = await readAll(database, parameters, desired)
  const numbers = column(rows, 0).map(Number)
  return { numbers: numbers.sort((a, b) => a - b), splits, warnings }
}

const all = (values: readonly unknown[]) => values.map((_, index) => index)

describe('splitPk', () => {
  const extremes = ['-9223372036854775808', '9223372036854775807', '0', null, '-1', null]
  const words = [
    'a',
    'A',
    'ä',
    'b ',
    'b',
    'B',
    'ß',
    'ss',
    '',
    ' ',
    'z',
    null,
    "o'x",
    '\\',
    '\u{1f600}',
  ]
  const cases: readonly (readonly [string, readonly unknown[]])[] = [
    ['bigint', extremes],
    ['bigint unsigned', ['18446744073709551615', '0', '9223372036854775808', null, '1']],
    ['tinyint', [-128, 127, 0, 5, 5, 5]],
    ['varchar(20) COLLATE utf8mb4_general_ci', words],
    ['varchar(20) COLLATE utf8mb4_unicode_ci', words],
    ['varchar(20) COLLATE utf8mb4_bin', words],
    ['char(20) CHARACTER SET latin1', ['a', 'Ä', 'ä', 'z', 'Z', 'é', null, 'q', '0', 'b']],
    ['varchar(20) CHARACTER SET gbk', ['中', '文', 'a', 'A', '国', null, 'z', '啊', '阿']],
    ['varbinary(20)', ['a', 'A', 'b', 'B', 'c', 'C', 'd', '', null, '\0']],
  ]

  it.each(cases)('%s: no row twice, none lost', async (declaration, values) => {
    const { numbers, splits, warnings } = await split(declaration, values)
    expect(numbers).toEqual(all(values))
    expect(splits.length).toBeGreaterThan(2)
    expect(splits.length).toBeLessThanOrEqual(8)
    expect(warnings).toEqual([])
  })

  it('holds for any strings and any number of splits', async () => {
    const strings = fc.array(fc.option(fc.string({ unit: 'grapheme', maxLength: 6 })), {
      minLength: 1,
      maxLength: 60,
    })
    await fc.assert(
      fc.asyncProperty(strings, fc.integer({ min: 2, max: 6 }), async (values, desired) => {
        const { numbers } = await split('varchar(60) COLLATE utf8mb4_unicode_ci', values, desired)
        expect(numbers).toEqual(all(values))
      }),
      { numRuns: 15 },
    )
  })

  it('gives one split for an empty table, for one channel and for keys that are all NULL', async () => {
    expect((await split('int', [])).splits).toHaveLength(1)
    expect((await split('int', [1, 2, 3], 1)).splits).toHaveLength(1)
    const { numbers, splits } = await split('int', [null, null])
    expect(splits).toHaveLength(1)
    expect(numbers).toEqual([0, 1])
  })

  it('cuts one table into channels times splitFactor, several into ceil(channels / tables)', async () => {
    const values = Array.from({ length: 100 }, (_, index) => index)
    expect((await split('int', values)).splits).toHaveLength(8)
    const table = await tableOf('int', values)
    const two = { table: [table, table], column: ['n'], splitPk: 'k' }
    expect((await readAll(database, two, 5)).splits).toHaveLength(6)
  })

  it.each([
    ['datetime', ['2026-01-01', '2026-01-02']],
    ['decimal(10,2)', ['1.5', '2.5']],
  ])('%s: reads in one split, with a warning', async (declaration, values) => {
    const { numbers, splits, warnings } = await split(declaration, values)
    expect(numbers).toEqual(all(values))
    expect(splits).toHaveLength(1)
    expect(warnings).toEqual([expect.stringContaining('splitPk K')])
  })

  it('is the same plan in a second run', async () => {
    const table = await tableOf('varchar(9)', ['a', 'b', 'c', 'd', 'e'])
    const parameters = { table, column: ['n'], splitPk: 'k' }
    const first = await readAll(database, parameters, 3)
    expect((await readAll(database, parameters, 3)).splits).toEqual(first.splits)
  })
})
