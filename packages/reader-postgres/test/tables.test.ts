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
beforeAll(async () => {
  database = await TestDatabase.create()
  await database.run(
    `CREATE TABLE invoice ("InvoiceId" bigint PRIMARY KEY, "Total" numeric(10,2), note text)`,
    `INSERT INTO invoice VALUES (9007199254740993, 1.50, 'a'), (2, 20.00, NULL)`,
    `CREATE TABLE customer (region text NOT NULL, number int NOT NULL, name text, UNIQUE (region, number))`,
    `INSERT INTO customer VALUES ('eu', 1, 'Ann'), ('us', 1, 'Bob')`,
    `CREATE TABLE log (at timestamp, line text, code int)`,
    `INSERT INTO log VALUES ('2026-01-02 03:04:05', 'x', 7)`,
    `CREATE VIEW invoice_view AS SELECT * FROM invoice`,
    `CREATE SCHEMA other`,
    `CREATE TABLE other.invoice (id int PRIMARY KEY, tags text[])`,
    `INSERT INTO other.invoice VALUES (1, ARRAY['p', 'q'])`,
    `CREATE SCHEMA "Odd ""schema"".x"`,
    `CREATE TABLE "Odd ""schema"".x"."the ""table"".y" ("a ""b"".c" int PRIMARY KEY, "*" text, "now()" text)`,
    `INSERT INTO "Odd ""schema"".x"."the ""table"".y" VALUES (1, 'star', 'call')`,
    `CREATE SCHEMA twins`,
    `CREATE TABLE twins."Pair" ("Id" int, id int)`,
    `CREATE TABLE twins.pair (id int)`,
    `CREATE SCHEMA whole`,
    `CREATE TABLE whole.parts (id int PRIMARY KEY, v text) PARTITION BY RANGE (id)`,
    `CREATE TABLE whole.parts_low PARTITION OF whole.parts FOR VALUES FROM (0) TO (10)`,
    `CREATE TABLE whole.parts_high PARTITION OF whole.parts FOR VALUES FROM (10) TO (20)`,
    `INSERT INTO whole.parts VALUES (1, 'low'), (11, 'high')`,
    `CREATE TABLE whole.alone (id int PRIMARY KEY)`,
    `INSERT INTO whole.alone VALUES (5)`,
    `CREATE VIEW whole.seen AS SELECT * FROM whole.alone`,
    `CREATE SCHEMA void`,
    `CREATE TABLE large (id bigint PRIMARY KEY, v text)`,
    `INSERT INTO large SELECT n, 'v' || n FROM generate_series(1, 60000) AS n`,
    `ANALYZE large`,
    `CREATE TABLE measured (id bigint PRIMARY KEY) PARTITION BY RANGE (id)`,
    `CREATE TABLE measured_low PARTITION OF measured FOR VALUES FROM (0) TO (30000)`,
    `CREATE TABLE measured_high PARTITION OF measured FOR VALUES FROM (30000) TO (90000)`,
    `INSERT INTO measured SELECT n FROM generate_series(1, 60000) AS n`,
    `ANALYZE measured_low`,
    `ANALYZE measured_high`,
  )
})
afterAll(async () => {
  await database[Symbol.asyncDispose]()
})

const open = (parameters: Record<string, unknown>): Promise<ReaderSession> =>
  openReader(parameters, [testDataSource(database.name)])

/** The rows of every table, by its name and namespace, and the splits. */
async function readTables(parameters: Record<string, unknown>, desired = 1) {
  await using session = await open(parameters)
  expect(await session.check({ signal: never })).toEqual([])
  const schemas = await session.describe({ signal: never })
  const { splits, consistency } = await session.split(desired, { signal: never })
  const rows: Record<string, Row[]> = {}
  for (const split of splits) {
    for (const batch of await batchesOf(session, split)) {
      expect(schemas).toContain(batch.schema)
      ;(rows[`${batch.schema.namespace} ${batch.schema.table}`] ??= []).push(...batch.rows)
    }
  }
  return { schemas, splits, consistency, rows }
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
  it('are described and read each by its own columns, in one snapshot', async () => {
    const { schemas, rows, splits, consistency } = await readTables({
      tables: [
        { schema: 'public', table: 'invoice', columns: ['Total', 'InvoiceId'] },
        { schema: 'other', table: 'invoice' },
        { table: 'customer' },
      ],
    })
    expect(
      schemas.map(({ namespace, table, fields, key }) => [
        namespace,
        table,
        fields.map(({ name, type, nativeType }) => `${name} ${type} ${nativeType}`),
        key,
      ]),
    ).toEqual([
      ['public', 'invoice', ['Total decimal numeric(10,2)', 'InvoiceId int bigint'], [1]],
      ['other', 'invoice', ['id int integer', 'tags json text[]'], [0]],
      [
        'public',
        'customer',
        ['region string text', 'number int integer', 'name string text'],
        [0, 1],
      ],
    ])
    expect(rows).toEqual({
      'public invoice': [
        ['1.50', '9007199254740993'],
        ['20.00', '2'],
      ],
      'other invoice': [['1', '["p","q"]']],
      'public customer': [
        ['eu', '1', 'Ann'],
        ['us', '1', 'Bob'],
      ],
    })
    expect(splits.map(({ id, table, resumable }) => [id, table, resumable])).toEqual([
      ['0/public.invoice', 'public.invoice', true],
      ['0/other.invoice', 'other.invoice', true],
      ['0/public.customer', 'public.customer', true],
    ])
    expect(consistency).toBe('one-snapshot')
  })

  it('are found in any case when only one has the name', async () => {
    const { schemas } = await readTables({
      tables: [{ schema: 'PUBLIC', table: 'Invoice', columns: ['invoiceid', 'TOTAL'] }],
    })
    expect(schemas[0]).toMatchObject({ namespace: 'public', table: 'invoice' })
    expect(schemas[0]?.fields.map(({ name }) => name)).toEqual(['InvoiceId', 'Total'])
    expect(
      (await readTables({ tables: [{ schema: 'twins', table: 'pair' }] })).schemas,
    ).toHaveLength(1)
    expect(await failureOf({ tables: [{ schema: 'twins', table: 'PAIR' }] })).toMatchObject({
      code: 'SOURCE_OBJECT_MISSING',
      hint: expect.stringMatching(/^Write it as one of (Pair, pair|pair, Pair)\.$/),
    })
  })

  it('may have any names', async () => {
    const { schemas, rows, splits } = await readTables({
      tables: [
        { schema: 'Odd "schema".x', table: 'the "table".y', columns: ['now()', '*', 'a "b".c'] },
      ],
    })
    expect(schemas[0]).toMatchObject({
      namespace: 'Odd "schema".x',
      table: 'the "table".y',
      key: [2],
    })
    expect(schemas[0]?.fields.map(({ name }) => name)).toEqual(['now()', '*', 'a "b".c'])
    expect(Object.values(rows)).toEqual([[['call', 'star', '1']]])
    expect(splits[0]?.table).toBe('"Odd ""schema"".x"."the ""table"".y"')
  })

  it('have their primary key, else a unique one, else the keys of the job', async () => {
    expect(await keysOf({ table: 'invoice', keys: ['note'] })).toEqual(['InvoiceId'])
    expect(await keysOf({ table: 'customer' })).toEqual(['region', 'number'])
    expect(await keysOf({ table: 'customer', columns: ['name'], keys: ['NAME'] })).toEqual(['name'])
    expect(await keysOf({ table: 'log', keys: ['line', 'at'] })).toEqual(['line', 'at'])
    expect(await keysOf({ table: 'log' })).toEqual([])
    expect(await keysOf({ table: 'invoice_view', keys: ['InvoiceId'] })).toEqual(['InvoiceId'])
  })

  it('are refused without the columns of their key', async () => {
    expect(await failureOf({ tables: [{ table: 'invoice', columns: ['Total'] }] })).toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'preparing to read table public.invoice: columns lacks InvoiceId of its key',
    })
    expect(await failureOf({ tables: [{ table: 'customer', columns: ['number'] }] })).toMatchObject(
      { message: expect.stringContaining('columns lacks region of its key') },
    )
  })

  it('are read by a statement where there is one', async () => {
    const { schemas, rows, splits } = await readTables(
      {
        tables: [
          {
            table: 'large',
            sql: 'SELECT v, id FROM large WHERE id < 3 ORDER BY id DESC; ',
          },
          { table: 'log', columns: ['CODE'], keys: ['code'], sql: 'SELECT * FROM log -- all' },
        ],
      },
      4,
    )
    expect(schemas.map(({ table, key }) => [table, key])).toEqual([
      ['large', [1]],
      ['log', [0]],
    ])
    expect(rows).toEqual({
      'public large': [
        ['v2', '2'],
        ['v1', '1'],
      ],
      'public log': [['7']],
    })
    expect(splits.map(({ resumable }) => resumable)).toEqual([false, false])
  })

  it('are those of a schema, without views, partitions by their root', async () => {
    const { rows } = await readTables({ schemas: ['whole'] })
    expect(Object.keys(rows)).toEqual(['whole alone', 'whole parts'])
    expect(rows['whole parts']?.map(([id]) => id).sort()).toEqual(['1', '11'])
    const some = await readTables({ schemas: ['whole'], exceptTables: [{ table: 'ALONE' }] })
    expect(Object.keys(some.rows)).toEqual(['whole parts'])
    expect(await failureOf({ schemas: 'void' })).toMatchObject({ code: 'SOURCE_OBJECT_MISSING' })
  })

  it('that are missing are named together, with the nearest names', async () => {
    const error = await failureOf({
      tables: [
        { schema: 'public', table: 'invioce' },
        { table: 'invoice', columns: ['InvoiceId', 'Totl', 'notes'] },
        { schema: 'othr', table: 'invoice' },
        { table: 'customer' },
        { table: 'log', keys: ['lines'] },
      ],
    })
    expect(error).toMatchObject({ code: 'SOURCE_OBJECT_MISSING' })
    expect((error as Error).message.split('\n')).toEqual([
      expect.stringMatching(/table public.invioce: .* Did you mean invoice\?$/),
      expect.stringMatching(
        /table public.invoice: .*"Totl", "notes" Did you mean Total\? Did you mean note\?$/,
      ),
      expect.stringMatching(/othr: .* Did you mean other\?$/),
      expect.stringMatching(/table public.log: .*"lines" Did you mean line\?$/),
    ])
  })

  it('named twice are refused, whatever the case', async () => {
    const twice = { tables: [{ table: 'log' }, { schema: 'public', table: 'LOG' }] }
    expect(await failureOf(twice)).toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'the job names the table public.log twice',
    })
  })

  it('are cut when they are large, and go on from any position in a later session', async () => {
    const parameters = { tables: [{ table: 'log' }, { table: 'large', columns: ['v', 'id'] }] }
    const { splits, rows } = await readTables(parameters, 2)
    expect(splits.map(({ id }) => id)).toEqual([
      '0/public.log',
      '0/public.large[,30001)',
      '0/public.large[30001,)',
    ])
    expect(new Set(rows['public large']?.map(([, id]) => id)).size).toBe(60_000)
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

  it('are cut when they are large by their partitions', async () => {
    const { splits, rows } = await readTables({ tables: [{ table: 'measured' }] }, 2)
    expect(splits.map(({ estimatedRows }) => estimatedRows)).toEqual([30_000, 30_000])
    expect(new Set(rows['public measured']?.map(([id]) => id)).size).toBe(60_000)
  })

  it('are cut when they are large and were never analysed', async () => {
    await database.run(
      'CREATE TABLE fresh (id bigint PRIMARY KEY, v text) WITH (autovacuum_enabled = false)',
      `INSERT INTO fresh SELECT n, 'v' FROM generate_series(1, 200000) AS n`,
      'CREATE TABLE blank (id bigint PRIMARY KEY)',
    )
    await using session = await open({ tables: [{ table: 'fresh' }, { table: 'blank' }] })
    const { splits } = await session.split(2, { signal: never })
    expect(splits.map(({ table }) => table)).toEqual([
      'public.fresh',
      'public.fresh',
      'public.blank',
    ])
    expect(splits[2]?.estimatedRows).toBeUndefined()
  })

  it('are all seen at one instant', async () => {
    await database.run('CREATE TABLE early (id int)', 'CREATE TABLE late (id int)')
    await using session = await open({ tables: [{ table: 'early' }, { table: 'late' }] })
    await session.check({ signal: never })
    const { splits } = await session.split(2, { signal: never })
    await database.run('INSERT INTO early VALUES (1)', 'INSERT INTO late VALUES (1)')
    for (const split of splits) expect(await batchesOf(session, split)).toEqual([])
  })

  it('exclude what names tables otherwise', async () => {
    const tables = [{ table: 'log' }]
    const parameters = { datasource: 'x', tables, table: ['t'], column: ['*'], where: '1=1' }
    expect(await validate(parameters)).toEqual(
      ['table', 'column', 'where'].map((key) => ({
        severity: 'error',
        path: [key],
        message: `tables and ${key} exclude each other, both are given`,
        hint: 'Keep one.',
      })),
    )
    expect(await validate({ datasource: 'x', schemas: ['s'], tables })).toHaveLength(1)
    expect(await validate({ datasource: 'x', tables: [{ table: 'a', columns: [] }] })).toHaveLength(
      1,
    )
    expect(await validate({ datasource: 'x', tables })).toEqual([])
    expect(await validate({ tables })).toMatchObject([{ message: 'no data source is named' }])
  })
})
