import type { ReaderSession, Split } from '@millrace/core/plugin'
import type { Row } from '@millrace/core/record'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  batchesOf,
  never,
  openReader,
  testDataSource,
  TestDatabase,
  validate,
} from './test-source.ts'

let database: TestDatabase
let other: TestDatabase
beforeAll(async () => {
  database = await TestDatabase.create()
  other = await TestDatabase.create()
  const digits = Array.from({ length: 10 }, (_, digit) => `SELECT ${digit} AS d`).join(
    ' UNION ALL ',
  )
  const numbers = [10_000, 1000, 100, 10, 1].map((power, index) => `${power} * t${index}.d`)
  const sources = numbers.map((_, index) => `(${digits}) t${index}`)
  await database.run(
    'CREATE TABLE invoice (InvoiceId BIGINT UNSIGNED PRIMARY KEY, Total DECIMAL(10,2), note TEXT, rate FLOAT)',
    "INSERT INTO invoice VALUES (18446744073709551615, 1.50, 'a', 16777217.5), (2, 20.00, NULL, 0.1)",
    'CREATE TABLE customer (region VARCHAR(9) NOT NULL, number INT NOT NULL, name TEXT, UNIQUE (region, number))',
    "INSERT INTO customer VALUES ('eu', 1, 'Ann'), ('us', 1, 'Bob')",
    'CREATE TABLE log (at DATETIME, line TEXT, code INT)',
    "INSERT INTO log VALUES ('2026-01-02 03:04:05', 'x', 7)",
    'CREATE VIEW invoice_view AS SELECT * FROM invoice',
    'CREATE TABLE `the ``table``.y "z"` (`a ``b``.c` INT PRIMARY KEY, `*` TEXT, `now()` TEXT)',
    "INSERT INTO `the ``table``.y \"z\"` VALUES (1, 'star', 'call')",
    'CREATE TABLE large (id BIGINT PRIMARY KEY, v TEXT)',
    `INSERT INTO large SELECT 1 + ${numbers.join(' + ')} AS n, 'v' FROM ${sources.join(', ')} HAVING n <= 60000`,
    'ANALYZE TABLE large',
  )
  await other.run(
    'CREATE TABLE invoice (id INT PRIMARY KEY, flag BIT(1))',
    "INSERT INTO invoice VALUES (1, b'1')",
    'CREATE TABLE alone (id INT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 3',
    'INSERT INTO alone VALUES (5), (6)',
    'CREATE VIEW seen AS SELECT * FROM alone',
  )
})
afterAll(async () => {
  await database[Symbol.asyncDispose]()
  await other[Symbol.asyncDispose]()
})

const open = (parameters: Record<string, unknown>): Promise<ReaderSession> =>
  openReader(parameters, [testDataSource(database.name)])

/** The rows of every table, by its name and namespace, and the splits. */
async function readTables(parameters: Record<string, unknown>, desired = 1) {
  await using session = await open(parameters)
  expect(await session.check({ signal: never })).toEqual([])
  const schemas = await session.describe({ signal: never })
  const { splits } = await session.split(desired, { signal: never })
  const rows: Record<string, Row[]> = {}
  for (const split of splits) {
    for (const batch of await batchesOf(session, split)) {
      expect(schemas).toContain(batch.schema)
      const place = batch.schema.namespace === other.name ? 'other ' : ''
      ;(rows[`${place}${batch.schema.table}`] ??= []).push(...batch.rows)
    }
  }
  return { schemas, splits, rows }
}

async function failureOf(parameters: Record<string, unknown>): Promise<unknown> {
  await using session = await open(parameters)
  return await session.check({ signal: never }).then(
    (findings) => findings,
    (error: unknown) => error,
  )
}

const keysOf = async (entry: Record<string, unknown>) => {
  const { schemas } = await readTables({ tables: [entry] })
  const [{ fields, key } = { fields: [], key: [] }] = schemas
  return key.map((index) => fields[index]?.name)
}

describe('tables with columns of their own', () => {
  it('are described and read each by its own columns', async () => {
    const { schemas, rows, splits } = await readTables({
      tables: [
        { schema: database.name, table: 'invoice', columns: ['rate', 'InvoiceId'] },
        { schema: other.name, table: 'invoice' },
        { table: 'customer' },
      ],
    })
    expect(
      schemas.map(({ namespace, table, fields, key }) => [
        namespace,
        table,
        fields.map(({ name, type }) => `${name} ${type}`),
        key,
      ]),
    ).toEqual([
      [database.name, 'invoice', ['rate float', 'InvoiceId int'], [1]],
      [other.name, 'invoice', ['id int', 'flag bool'], [0]],
      [database.name, 'customer', ['region string', 'number int', 'name string'], [0, 1]],
    ])
    expect(rows).toEqual({
      invoice: [
        ['0.1', '2'],
        ['16777218', '18446744073709551615'],
      ],
      'other invoice': [['1', true]],
      customer: [
        ['eu', '1', 'Ann'],
        ['us', '1', 'Bob'],
      ],
    })
    expect(splits.map(({ id, table, resumable }) => [id, table, resumable])).toEqual([
      [`0/${database.name}.invoice`, `${database.name}.invoice`, true],
      [`0/${other.name}.invoice`, `${other.name}.invoice`, true],
      [`0/${database.name}.customer`, `${database.name}.customer`, true],
    ])
  })

  it('are found in any case when only one has the name', async () => {
    const { schemas } = await readTables({
      tables: [{ table: 'Invoice', columns: ['invoiceid', 'TOTAL'] }],
    })
    expect(schemas[0]).toMatchObject({ namespace: database.name, table: 'invoice' })
    expect(schemas[0]?.fields.map(({ name }) => name)).toEqual(['InvoiceId', 'Total'])
  })

  it('may have any names', async () => {
    const { schemas, rows } = await readTables({
      tables: [{ table: 'the `table`.y "z"', columns: ['now()', '*', 'a `b`.c'] }],
    })
    expect(schemas[0]).toMatchObject({ table: 'the `table`.y "z"', key: [2] })
    expect(schemas[0]?.fields.map(({ name }) => name)).toEqual(['now()', '*', 'a `b`.c'])
    expect(Object.values(rows)).toEqual([[['call', 'star', '1']]])
  })

  it('have their primary key, else a unique one, else the keys of the job', async () => {
    expect(await keysOf({ table: 'invoice', keys: ['note'] })).toEqual(['InvoiceId'])
    expect(await keysOf({ table: 'customer' })).toEqual(['region', 'number'])
    expect(await keysOf({ table: 'customer', columns: ['name'], keys: ['NAME'] })).toEqual(['name'])
    expect(await keysOf({ table: 'log', keys: ['line', 'at'] })).toEqual(['line', 'at'])
    expect(await keysOf({ table: 'log' })).toEqual([])
    expect(await keysOf({ table: 'invoice_view', keys: ['InvoiceId'] })).toEqual(['InvoiceId'])
    const without = { tables: [{ table: 'invoice', columns: ['Total'] }] }
    expect(await failureOf(without)).toMatchObject({
      code: 'CONFIG_INVALID',
      message: `preparing to read table ${database.name}.invoice: columns lacks InvoiceId of its key`,
    })
  })

  it('are read by a statement where there is one, floats with every digit', async () => {
    const sql = 'SELECT rate, InvoiceId FROM invoice WHERE InvoiceId > 2 -- two; '
    const { schemas, rows, splits } = await readTables(
      {
        tables: [
          { table: 'invoice', sql },
          { table: 'log', columns: ['CODE'], keys: ['code'], sql: 'SELECT * FROM log;' },
        ],
      },
      4,
    )
    expect(schemas.map(({ table, key }) => [table, key])).toEqual([
      ['invoice', [1]],
      ['log', [0]],
    ])
    expect(rows).toEqual({ invoice: [['16777218', '18446744073709551615']], log: [['7']] })
    expect(splits.map(({ resumable }) => resumable)).toEqual([false, false])
  })

  it('are those of a database, without views', async () => {
    const { rows } = await readTables({ schemas: other.name })
    expect(Object.keys(rows)).toEqual(['other alone', 'other invoice'])
    expect(rows['other alone']?.map(([id]) => id).sort()).toEqual(['5', '6'])
  })

  it('that are missing are named together, with the nearest names', async () => {
    const error = await failureOf({
      tables: [
        { table: 'invioce' },
        { table: 'invoice', columns: ['InvoiceId', 'Totl', 'notes'] },
        { schema: `${other.name}x`, table: 'invoice' },
        { table: 'customer' },
        { table: 'log', keys: ['lines'] },
      ],
    })
    expect(error).toMatchObject({ code: 'SOURCE_OBJECT_MISSING' })
    expect((error as Error).message.split('\n')).toEqual([
      expect.stringMatching(/table invioce: .* Did you mean invoice\?$/),
      expect.stringMatching(
        /\.invoice: .*"Totl", "notes" Did you mean Total\? Did you mean note\?$/,
      ),
      expect.stringContaining(`Did you mean ${other.name}?`),
      expect.stringMatching(/\.log: .*"lines" Did you mean line\?$/),
    ])
  })

  it('need a database', async () => {
    await using session = await openReader({ tables: [{ table: 'log' }] }, [testDataSource('')])
    await expect(session.check({ signal: never })).rejects.toMatchObject({
      code: 'SOURCE_OBJECT_MISSING',
      hint: 'Give the entry its "schema", or name the database in the data source.',
    })
  })

  it('are cut when they are large, and go on from any position in a later session', async () => {
    const parameters = { tables: [{ table: 'log' }, { table: 'large', columns: ['v', 'id'] }] }
    const { splits, rows } = await readTables(parameters, 2)
    const large = `0/${database.name}.large`
    expect(splits.map(({ id }) => id)).toEqual([
      `0/${database.name}.log`,
      `${large}[,30001)`,
      `${large}[30001,)`,
    ])
    expect(new Set(rows['large']?.map(([, id]) => id)).size).toBe(60_000)
    const stored = JSON.parse(JSON.stringify(splits[2])) as Split
    await using first = await open(parameters)
    const [batch] = await batchesOf(first, stored, { positions: true })
    // The place among the tables may be another one by then.
    await using second = await open({ tables: [{ table: 'large', columns: ['v', 'id'] }] })
    const from = batch?.position
    if (from === undefined) throw new Error('a resumable split gives positions')
    const rest = await batchesOf(second, stored, { positions: true, from })
    const ids = [batch, ...rest].flatMap((one) => one?.rows.map(([, id]) => Number(id)) ?? [])
    expect(ids).toEqual(Array.from({ length: 30_000 }, (_, index) => 30_001 + index))
    await using third = await open({ tables: [{ table: 'log' }] })
    await expect(batchesOf(third, stored)).rejects.toMatchObject({ code: 'POSITION_LOST' })
  })

  it('exclude what names tables otherwise', async () => {
    const parameters = { datasource: 'x', schemas: ['a'], querySql: ['SELECT 1'], splitPk: 'id' }
    expect((await validate(parameters)).map(({ path }) => path)).toEqual([
      ['querySql'],
      ['splitPk'],
    ])
  })
})
