import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Split } from '@millrace/core/plugin'
import type { Position } from '@millrace/core/record'
import { orderedSelect } from '@millrace/core/sql'
import { orderDialect } from '../src/snapshot/split-order.ts'
import { makeTable, resumed } from './position-source.ts'
import {
  batchesOf,
  never,
  openReader,
  randomName,
  testDataSource,
  TestDatabase,
  type StepParameters,
} from './test-source.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await TestDatabase.create("ENCODING 'UTF8' TEMPLATE template0")
  await database.run(
    "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
  )
})

afterAll(async () => database[Symbol.asyncDispose]())

const tableOf = (columns: string, values?: string) => makeTable(database, columns, values)
const sources = () => [testDataSource(database.name)]

async function planOf(parameters: StepParameters, desired: number): Promise<readonly Split[]> {
  await using session = await openReader(parameters, sources())
  return (await session.split(desired, { signal: never })).splits
}

describe('splits without positions', () => {
  const whole: readonly (readonly [string, string])[] = [
    ['no key', 'k int, n int'],
    ['a unique key that may be NULL', 'k int UNIQUE, n int'],
    ['a float as a key', 'k float8 PRIMARY KEY, n int'],
    ['a key with bits', 'k bit(1) NOT NULL, n int, PRIMARY KEY (k, n)'],
    ['a key of money', 'k money PRIMARY KEY'],
    ['a constraint that only excludes', 'k int NOT NULL, EXCLUDE USING btree (k WITH =)'],
  ]

  it.each(whole)('%s', async (_, columns) => {
    const table = await tableOf(columns)
    const value = columns.includes('bit(') ? "'1', 1" : '1'
    await database.run(`INSERT INTO ${table} VALUES (${value})`)
    const parameters = { table, column: ['k'] }
    await using session = await openReader(parameters, sources())
    const { splits } = await session.split(2, { signal: never })
    expect(splits.map(({ resumable }) => resumable)).toEqual([false])
    const batches = await batchesOf(session, splits[0]!, { positions: true })
    expect(batches.map(({ rows, position }) => [rows.length, position])).toEqual([[1, undefined]])
    const from: Position = { token: [['k', '1']], label: 'k 1' }
    await expect(batchesOf(session, splits[0]!, { from })).rejects.toMatchObject({
      code: 'POSITION_LOST',
      message: expect.stringContaining('it has no positions') as string,
    })
  })

  it('keys that do not hold for every row, or are compared in another way', async () => {
    const declared = 'k text COLLATE loose NOT NULL, n int NOT NULL, w text NOT NULL'
    for (const index of [
      '(n) WHERE n > 0',
      '(abs(n))',
      '(k COLLATE "C")',
      '(w text_pattern_ops)',
      '(n, (n + 1))',
    ]) {
      const table = await tableOf(declared)
      await database.run(`CREATE UNIQUE INDEX ON ${table} ${index}`)
      const [split] = await planOf({ table, column: ['n'] }, 2)
      expect([index, split?.resumable]).toEqual([index, false])
    }
  })

  it('tables that others inherit from, views, parts of tables, and querySql', async () => {
    const table = await tableOf('id int PRIMARY KEY', 'VALUES (1)')
    await database.run(
      `CREATE VIEW view_${table} AS SELECT * FROM ${table}`,
      `CREATE TABLE child_${table} (PRIMARY KEY (id)) INHERITS (${table})`,
      `INSERT INTO child_${table} VALUES (1)`,
    )
    for (const name of [table, `view_${table}`, `ONLY ${table}`]) {
      const [split] = await planOf({ table: name, column: ['id'] }, 2)
      expect([name, split?.resumable]).toEqual([name, false])
    }
    const [child] = await planOf({ table: `child_${table}`, column: ['id'] }, 2)
    expect(child?.resumable).toBe(true)
    const querySql = [`SELECT id FROM child_${table}`]
    const [split] = await planOf({ connection: [{ datasource: 'test', querySql }] }, 2)
    expect(split?.resumable).toBe(false)
  })

  it('a key that the user may not read', async () => {
    const role = randomName()
    const table = await tableOf('id int PRIMARY KEY, v text', "VALUES (1, 'x')")
    await database.run(`CREATE ROLE ${role} LOGIN`, `GRANT SELECT (v) ON ${table} TO ${role}`)
    try {
      const dataSource = testDataSource(database.name, { user: role })
      await using session = await openReader({ table, column: ['v'] }, [dataSource])
      const { splits } = await session.split(1, { signal: never })
      expect(splits[0]?.resumable).toBe(false)
      expect(await batchesOf(session, splits[0]!, { positions: true })).toHaveLength(1)
    } finally {
      await database.run(`DROP OWNED BY ${role}`, `DROP ROLE ${role}`)
    }
  })

  it('a column declared NOT NULL whose rows were never looked at', async () => {
    const table = await tableOf('id int UNIQUE', 'VALUES (1), (NULL)')
    const declaration = (await database.version()) < 18 ? 'CHECK (id IS NOT NULL)' : 'NOT NULL id'
    await database.run(`ALTER TABLE ${table} ADD CONSTRAINT filled ${declaration} NOT VALID`)
    const [split] = await planOf({ table, column: ['id'] }, 1)
    expect(split?.resumable).toBe(false)
    await database.run(
      `DELETE FROM ${table} WHERE id IS NULL`,
      `ALTER TABLE ${table} ALTER id SET NOT NULL`,
    )
    expect((await resumed(database, { table, column: ['id'] })).rows).toHaveLength(1)
  })

  it('prefers a unique key that begins with splitPk, then the primary key', async () => {
    const table = await tableOf(
      'id int PRIMARY KEY, k int NOT NULL UNIQUE',
      'SELECT 20 - n, n FROM generate_series(0, 19) n',
    )
    const tokenOf = async (parameters: StepParameters, desired: number) => {
      await using session = await openReader({ table, column: ['*'], ...parameters }, sources())
      const { splits } = await session.split(desired, { signal: never })
      const [batch] = await batchesOf(session, splits[0]!, { positions: true, maxRows: 1 })
      return batch?.position
    }
    expect(await tokenOf({}, 1)).toEqual({ token: [['id', '1']], label: 'id 1' })
    expect(await tokenOf({ splitPk: 'k' }, 1)).toEqual({ token: [['id', '1']], label: 'id 1' })
    expect(await tokenOf({ splitPk: 'k' }, 2)).toEqual({ token: [['k', '0']], label: 'k 0' })
  })
})

describe('the condition behind a position', () => {
  it('is looked up in the index', async () => {
    const table = await tableOf(
      'a int, b int, c int, PRIMARY KEY (a, b, c)',
      'SELECT n % 10, n % 100, n FROM generate_series(1, 20000) n',
    )
    await database.run(`ANALYZE ${table}`)
    const names = ['a', 'b', 'c']
    const order = {
      columns: names.map((name, cellIndex) => {
        return { column: { name, type: 'int' as const }, cellIndex, isNullable: false }
      }),
      hidden: [],
    }
    const from: Position = { token: names.map((name) => [name, '9']), label: 'x' }
    const read = { table, selectList: ['*'], conditions: [], order, isOrdered: true, from }
    const sql = orderedSelect({ ...read, until: undefined, doing: 'x' }, orderDialect)
    const plan = (await database.rows(`EXPLAIN (COSTS off) ${sql}`)).flat().join('\n')
    expect(plan).toMatch(/Index Cond: \(ROW\(a, b, c\) > ROW\(9, 9, 9\)\)/)
    expect(plan).not.toContain('Filter')
  })
})

describe('what does not fit', () => {
  const lost = (message: string) => ({
    code: 'POSITION_LOST',
    message: expect.stringContaining(message) as string,
    hint: expect.stringContaining('from the beginning') as string,
  })

  async function reading(
    parameters: StepParameters,
    split: Split,
    from?: Position,
  ): Promise<unknown> {
    await using session = await openReader(parameters, sources())
    const options = { positions: true, ...(from === undefined ? {} : { from }) }
    return await batchesOf(session, split, options)
  }

  it('positions of other columns, of too many, of none, and values that are none', async () => {
    const table = await tableOf('id int, shop int, PRIMARY KEY (shop, id)', 'VALUES (1, 1)')
    const parameters = { table, column: ['*'] }
    const [split] = await planOf(parameters, 1)
    const cases: readonly (readonly [Position['token'], string])[] = [
      [[['id', '1']], 'one by id, the rows are now in the order of shop, id'],
      [
        [
          ['id', '1'],
          ['shop', '1'],
        ],
        'one by id, shop, the rows',
      ],
      [
        [
          ['shop', '1'],
          ['id', '1'],
          ['x', '1'],
        ],
        'one by shop, id, x',
      ],
      [
        [
          ['shop', '1'],
          ['id', null],
        ],
        'NULL in id',
      ],
      [
        [
          ['shop', '1'],
          ['id', 5],
        ],
        'by the column id: its value in the position is none',
      ],
      [
        [
          ['shop', '1'],
          ['id', {}],
        ],
        'by the column id: its value in the position is none',
      ],
      [{ shop: '1', id: '1' }, 'none of this reader'],
      ['1', 'none of this reader'],
    ]
    for (const [token, message] of cases) {
      const from = { token, label: 'x' }
      await expect(reading(parameters, split!, from)).rejects.toMatchObject(lost(message))
    }
    const from = {
      token: [
        ['shop', '1'],
        ['id', "1'; DROP TABLE x"],
      ],
      label: 'x',
    }
    await expect(reading(parameters, split!, from)).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      message: expect.stringContaining('invalid input syntax for type integer') as string,
    })
  })

  it('splits of another job', async () => {
    const table = await tableOf('id int PRIMARY KEY', 'VALUES (1), (2), (3), (4)')
    const other = await tableOf('id int PRIMARY KEY', 'VALUES (1)')
    const parameters = { table: [table, other], column: ['*'], splitPk: 'id' }
    const splits = await planOf(parameters, 4)
    const [first] = splits
    const last = splits.at(-1)
    const swapped = { ...parameters, table: [other, table] }
    await expect(reading(swapped, first!)).rejects.toMatchObject(
      lost(`it is a part of ${table}, the job has ${other} at place 1 of connection 1`),
    )
    const fewer = { ...parameters, table }
    await expect(reading(fewer, last!)).rejects.toMatchObject(
      lost('the job has nothing at place 2'),
    )
    for (const range of [null, 1, {}, { ...(first?.range as object), range: { lower: 5 } }]) {
      const none = { ...first!, range }
      await expect(reading(parameters, none)).rejects.toMatchObject(lost('no split of this reader'))
    }
  })

  it('splits by a column that has become another, and of a table that has lost its key', async () => {
    const table = await tableOf('id int PRIMARY KEY, k int', 'VALUES (1, 1), (2, 2), (3, 3)')
    const parameters = { table, column: ['id'], splitPk: 'k' }
    const [split] = await planOf(parameters, 2)
    await database.run(`ALTER TABLE ${table} ALTER k TYPE text`)
    await expect(reading(parameters, split!)).rejects.toMatchObject(
      lost('cut by the column k, which is another one now'),
    )
    await database.run(
      `ALTER TABLE ${table} ALTER k TYPE int USING k::int, DROP CONSTRAINT ${table}_pkey`,
    )
    await expect(reading(parameters, split!)).rejects.toMatchObject(lost('no unique key any more'))
  })
})
