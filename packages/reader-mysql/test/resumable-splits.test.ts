import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Split } from '@millrace/core/plugin'
import type { Position } from '@millrace/core/record'
import { orderedSelect } from '@millrace/core/sql'
import type { OrderableColumn } from '../src/snapshot/source-object.ts'
import { orderDialect } from '../src/snapshot/split-order.ts'
import { makeTable, type Values } from './position-source.ts'
import {
  batchesOf,
  never,
  openReader,
  testDataSource,
  TestDatabase,
  type StepParameters,
} from './test-source.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await TestDatabase.create()
})

afterAll(async () => database[Symbol.asyncDispose]())

const tableOf = (columns: string, values?: Values, options?: string) =>
  makeTable(database, columns, values, options)
const sources = () => [testDataSource(database.name)]

async function planOf(parameters: StepParameters, desired: number): Promise<readonly Split[]> {
  await using session = await openReader(parameters, sources())
  return (await session.split(desired, { signal: never })).splits
}

describe('splits without positions', () => {
  const whole: readonly (readonly [string, string])[] = [
    ['no key', 'k int, n int, KEY (k)'],
    ['a unique key that may be NULL', 'k int, n int, UNIQUE KEY (k)'],
    ['a key over the beginning of a text', 'k varchar(20) NOT NULL, UNIQUE KEY (k(5))'],
    ['a float as a key', 'k double PRIMARY KEY, n int'],
    ['a key with bits', 'k bit(4) NOT NULL, n int, PRIMARY KEY (k, n)'],
    ['a key of a set', "k set('a','b') PRIMARY KEY"],
  ]

  it.each(whole)('%s', async (_, columns) => {
    const table = await tableOf(columns)
    await database.run(`INSERT INTO ${table} (k) VALUES (1)`)
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

  it('views, tables of engines that see to nothing, and querySql', async () => {
    const table = await tableOf('id int PRIMARY KEY', [[1]])
    const merged = await tableOf('id int PRIMARY KEY', [[1]], 'ENGINE=MyISAM')
    await database.run(
      `CREATE VIEW view_${table} AS SELECT * FROM ${table}`,
      `CREATE TABLE merge_${table} (id int NOT NULL, UNIQUE KEY (id)) ENGINE=MERGE UNION=(${merged})`,
    )
    for (const name of [`view_${table}`, `merge_${table}`, `${table} FORCE INDEX (PRIMARY)`]) {
      const [split] = await planOf({ table: name, column: ['id'] }, 2)
      expect([name, split?.resumable]).toEqual([name, false])
    }
    const querySql = [`SELECT id FROM ${table}`]
    const [split] = await planOf({ connection: [{ datasource: 'test', querySql }] }, 2)
    expect(split?.resumable).toBe(false)
  })

  it('a key that the user may not read', async () => {
    const table = await tableOf('id int PRIMARY KEY, v varchar(9)', [[1, 'x']])
    const user = `r${database.name.slice(-8)}`
    await database.run(
      `CREATE USER ${user}@'%' IDENTIFIED BY 'read-5-Times'`,
      `GRANT SELECT (v), INSERT (id) ON ${table} TO ${user}@'%'`,
    )
    try {
      const dataSource = testDataSource(database.name, { user, password: 'read-5-Times' })
      await using session = await openReader({ table, column: ['v'] }, [dataSource])
      const { splits } = await session.split(1, { signal: never })
      expect(splits[0]?.resumable).toBe(false)
      expect(await batchesOf(session, splits[0]!, { positions: true })).toHaveLength(1)
    } finally {
      await database.run(`DROP USER ${user}@'%'`)
    }
  })

  it('prefers a unique key that begins with splitPk, then the primary key', async () => {
    const values = Array.from({ length: 20 }, (_, index) => [20 - index, index])
    const table = await tableOf('id int PRIMARY KEY, k int NOT NULL, UNIQUE KEY (k)', values)
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
  it('is looked up in the index, which gives the order, too', async () => {
    const values = Array.from({ length: 3000 }, (_, index) => [
      index % 10,
      index % 100,
      index,
      `${index % 20}`,
    ])
    const table = await tableOf(
      'a int, b int, c int, v varchar(9) NOT NULL, PRIMARY KEY (a, b, c), KEY (v)',
      values,
    )
    await database.connection.query(`ANALYZE TABLE ${table}`)
    const number = (name: string) => ({ name, form: { kind: 'integer' as const } })
    const word = { name: 'v', form: { kind: 'text' as const, charset: 'utf8mb4' } }
    const key = [number('a'), number('b'), number('c')]
    const explained = async (columns: readonly OrderableColumn[], token: Position['token']) => {
      const order = {
        columns: columns.map((column, cellIndex) => ({ column, cellIndex, isNullable: false })),
        hidden: [],
      }
      const from = { token, label: 'x' }
      const read = { table, selectList: ['*'], conditions: [], order, isOrdered: true, from }
      const sql = orderedSelect({ ...read, until: undefined, doing: 'x' }, orderDialect)
      const [rows] = await database.connection.query(`EXPLAIN FORMAT=TRADITIONAL ${sql}`)
      const [row] = rows as { type: string; rows: unknown; Extra: string }[]
      return { type: row?.type, isFew: Number(row?.rows) < 300, extra: row?.Extra ?? '' }
    }
    const expected = { type: 'range', isFew: true }
    const behindKey: Position['token'] = [
      ['a', '9'],
      ['b', '59'],
      ['c', '2500'],
    ]
    const plans = [
      await explained(key, behindKey),
      await explained([word, ...key], [['v', '39'], ...behindKey]),
    ]
    for (const { extra, ...plan } of plans) {
      expect(plan).toEqual(expected)
      expect(extra).not.toContain('filesort')
    }
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
    const table = await tableOf('id int, shop int, PRIMARY KEY (shop, id)', [[1, 1]])
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
          ['id', '1; DROP TABLE x'],
        ],
        'no integer value',
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
  })

  it('splits of another job', async () => {
    const table = await tableOf('id int PRIMARY KEY', [[1], [2], [3], [4]])
    const other = await tableOf('id int PRIMARY KEY', [[1]])
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
    const table = await tableOf('id int PRIMARY KEY, k int', [
      [1, 1],
      [2, 2],
      [3, 3],
    ])
    const parameters = { table, column: ['id'], splitPk: 'k' }
    const [split] = await planOf(parameters, 2)
    const tampered = {
      ...(split?.range as object),
      range: { lower: '1 OR 1=1', includesNull: true },
    }
    await expect(reading(parameters, { ...split!, range: tampered })).rejects.toMatchObject(
      lost('no integer value'),
    )
    await database.run(`ALTER TABLE ${table} MODIFY k varchar(20)`)
    await expect(reading(parameters, split!)).rejects.toMatchObject(
      lost('cut by the column k, which is another one now'),
    )
    await database.run(`ALTER TABLE ${table} MODIFY k int, DROP PRIMARY KEY`)
    await expect(reading(parameters, split!)).rejects.toMatchObject(lost('no unique key any more'))
  })
})
