import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { byteLengthOfCell } from '@millrace/core/record'
import type { ReaderSession } from '@millrace/core/plugin'
import { bytesInUse } from '../../testkit/src/conformance/bytes-in-use.ts'
import {
  batchesOf,
  column,
  never,
  openReader,
  readAll,
  readOptions,
  shown,
  testDataSource,
  TestDatabase,
  until,
  validate,
  type StepParameters,
} from './test-source.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await TestDatabase.create()
  await database.run(
    'CREATE TABLE t_0 (id int, "table" text, "order" text, "user" text, "Quoted" text, f real)',
    'CREATE TABLE t_1 (LIKE t_0)',
    "INSERT INTO t_0 VALUES (1,'a','o','u','q',0.1)",
    "INSERT INTO t_0 VALUES (3,'c'),(4,'d'),(null,'n')",
    "INSERT INTO t_1 VALUES (11,'A'),(12,'B'),(null,'N')",
    'CREATE TABLE numbers (id int PRIMARY KEY, text text)',
    "INSERT INTO numbers SELECT n, repeat('é', n % 10 * 20) FROM generate_series(1, 10000) n",
  )
})

afterAll(async () => database[Symbol.asyncDispose]())

async function open(parameters: StepParameters): Promise<ReaderSession> {
  return await openReader(parameters, [testDataSource(database.name)])
}

const readerCount = async (query?: string) => (await database.readerPids(query)).length

describe('columns', () => {
  it('takes names, quoted names, reserved words, constants and expressions', async () => {
    const { rows, fields } = await readAll(database, {
      table: 't_0',
      column: [
        'id',
        'table',
        'ORDER',
        'user',
        '"Quoted"',
        "'x'::text",
        'null',
        '2.5::real',
        'power(2,3)',
        'true',
        'id + 1',
        'now()',
        'f',
        '"table"::varchar',
      ],
      where: "id = 1 -- the first;'",
    })
    expect(rows).toHaveLength(1)
    const [row = []] = rows
    expect(row.slice(0, 11)).toEqual(['1', 'a', 'o', 'u', 'q', 'x', null, '2.5', '8', true, '2'])
    expect(row[11]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+$/)
    expect(row.slice(12)).toEqual(['0.1', 'a'])
    expect(fields.map(([name, type]) => [name, type])).toEqual([
      ['id', 'int'],
      ['table', 'string'],
      ['ORDER', 'string'],
      ['user', 'string'],
      ['Quoted', 'string'],
      ["'x'::text", 'string'],
      ['null', 'string'],
      ['2.5::real', 'float'],
      ['power(2,3)', 'float'],
      ['true', 'bool'],
      ['id + 1', 'int'],
      ['now()', 'timestamptz'],
      ['f', 'float'],
      ['"table"::varchar', 'string'],
    ])
  })

  it('reads every column with *, and says what they are', async () => {
    const { rows, fields, warnings } = await readAll(database, { table: 'numbers', column: ['*'] })
    expect(rows).toHaveLength(10_000)
    expect(fields).toEqual([
      ['id', 'int', 'integer'],
      ['text', 'string', 'text'],
    ])
    expect(warnings).toEqual([])
  })

  it('knows the primary key when all of it is read', async () => {
    const keyOf = async (...columns: string[]) => {
      await using session = await open({ table: 'numbers', column: columns })
      return (await session.describe({ signal: never }))[0]?.key
    }
    expect(await keyOf('text', 'id')).toEqual([1])
    expect(await keyOf('text')).toEqual([])
  })
})

describe('tables and statements', () => {
  it('reads a range of tables with every row once, NULL keys included', async () => {
    const { rows, splits } = await readAll(
      database,
      {
        connection: [{ datasource: 'test', table: ['t_[0-1]'] }],
        column: ['id', 'table', "'x'", 'null', 'now()'],
        where: 'id>2 or id is null;',
        splitPk: 'id',
        splitFactor: 2,
      },
      4,
    )
    expect(column(rows, 1).map(String).toSorted()).toEqual(['A', 'B', 'N', 'c', 'd', 'n'])
    expect(new Set(splits.map(({ id }) => id)).size).toBe(splits.length)
    expect(splits.length).toBeGreaterThan(2)
  })

  it('reads several connections', async () => {
    const { rows } = await readAll(database, {
      connection: [
        { datasource: 'test', table: ['t_0'] },
        { datasource: 'test', table: ['public.t_1'] },
      ],
      column: ['table'],
    })
    expect(column(rows, 0).map(String).toSorted()).toEqual(['A', 'B', 'N', 'a', 'c', 'd', 'n'])
  })

  it('runs querySql as it is, one split each', async () => {
    const querySql = [
      'select id, id from t_0 where id = 3;',
      'with w as (select 11 as id) select id, array[id] from w -- the end',
      '/* first */ values (7, 8) ;',
    ]
    const { rows, splits, warnings } = await readAll(
      database,
      { connection: [{ datasource: 'test', querySql }], column: ['nothing'], splitPk: 'id' },
      8,
    )
    expect(rows).toEqual([
      ['3', '3'],
      ['11', '[11]'],
      ['7', '8'],
    ])
    expect(splits).toHaveLength(3)
    expect(warnings).toEqual([])
    const findings = await validate({ datasource: 'test', querySql, column: ['a'], splitPk: 'a' })
    expect(findings.map(({ severity, path }) => [severity, path])).toEqual([
      ['warning', ['column']],
      ['warning', ['splitPk']],
    ])
  })

  it('accepts an empty table beside querySql, and refuses a full one', async () => {
    expect(await validate({ datasource: 'test', table: '', querySql: 'select 1' })).toEqual([])
    const both = await validate({ datasource: 'test', table: 't_0', querySql: 'select 1' })
    expect(both).toMatchObject([{ severity: 'error' }])
  })

  it('reads a table by a name in quotes, in a schema, with a view and with nothing in it', async () => {
    await database.run(
      'CREATE SCHEMA "My-Schema"',
      'CREATE TABLE "My-Schema"."Odd.Name" (id int)',
      'CREATE VIEW seen AS SELECT id FROM t_0 WHERE id = 4',
      'CREATE TABLE bare ()',
      'INSERT INTO bare DEFAULT VALUES',
    )
    const odd = { table: '"My-Schema"."Odd.Name"', column: ['*'] }
    expect(await readAll(database, odd)).toMatchObject({
      rows: [],
      fields: [['id', 'int', 'integer']],
    })
    expect((await readAll(database, { table: 'seen', column: ['ID'] })).rows).toEqual([['4']])
    expect((await readAll(database, { table: 'bare', column: ['*'] })).rows).toEqual([[]])
  })
})

describe('encodings', () => {
  const template = (encoding: string) =>
    `ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`

  it('keeps bytes that are no text of a SQL_ASCII database', async () => {
    await using ascii = await TestDatabase.create(template('SQL_ASCII'))
    await ascii.run(
      'CREATE TABLE kept (id int, t text, at timestamptz)',
      "INSERT INTO kept VALUES (1, E'\\xd6\\xd0\\t', '2026-02-03 04:05:06+00'), (2, 'ü', null), (3, E'\\xff', null)",
    )
    const { rows } = await readAll(
      ascii,
      {
        table: 'kept',
        column: ['id', 't', 'at'],
        splitPk: 't',
      },
      3,
    )
    const found = rows.map((row) => row.map(shown))
    expect(found.toSorted((left, right) => Number(left[0]) - Number(right[0]))).toEqual([
      ['1', '0xd6d009', '2026-02-03 04:05:06'],
      ['2', 'ü', null],
      ['3', '0xff', null],
    ])
  })

  it('converts what a LATIN1 database holds', async () => {
    await using latin = await TestDatabase.create(template('LATIN1'))
    await latin.run('CREATE TABLE kept (t text)', "INSERT INTO kept VALUES ('é'), ('ÿ')")
    const { rows } = await readAll(latin, { table: 'kept', column: ['t'], where: "t < 'ÿ'" })
    expect(rows).toEqual([['é']])
  })
})

describe('session and preSql', () => {
  it('runs the statements, which cannot change how values are written', async () => {
    await database.run('CREATE SCHEMA IF NOT EXISTS s', 'CREATE TABLE s.hidden (at timestamptz)')
    await database.run("INSERT INTO s.hidden VALUES ('2026-02-03 04:05:06+00')")
    const { rows } = await readAll(database, {
      table: 'hidden',
      column: ['at', "'\\x00'::bytea", '0.1::float8', "'ü'", "'1 day'::interval"],
      session: [
        "SET timezone TO 'Asia/Shanghai'; SET datestyle TO 'SQL, DMY'",
        'SET bytea_output TO escape; SET extra_float_digits TO -10; SET intervalstyle TO iso_8601',
        "SET client_encoding TO 'LATIN1';",
        'SET search_path TO s',
      ],
    })
    expect(rows.map((row) => row.map(shown))).toEqual([
      ['2026-02-03 04:05:06', '0x00', '0.1', 'ü', '1 day'],
    ])
  })

  it('holds the job when a check of preSql does not give 0', async () => {
    const check = async (preSql: string[]) => {
      await using session = await open({ table: 't_0', column: ['id'], preSql })
      return await session.check({ signal: never })
    }
    expect(await check(['select 0', 'select count(*) from t_0 where id = 99'])).toEqual([])
    const findings = await check(['select 0', 'select 1', 'select id from t_1'])
    expect(findings.map(({ severity, path }) => ({ severity, path }))).toEqual([
      { severity: 'error', path: ['preSql', 1] },
      { severity: 'error', path: ['preSql', 2] },
    ])
    expect(findings[0]?.hint).toContain('preSql')
  })
})

describe('batches', () => {
  it('stay within rows and bytes, and count bytes exactly', async () => {
    await using session = await open({ table: 'numbers', column: ['*'] })
    const { splits, consistency } = await session.split(1, { signal: never })
    expect(consistency).toBe('one-snapshot')
    const batches = await batchesOf(session, splits[0]!, { maxRows: 300, maxBytes: 10_000 })
    expect(batches.every(({ rows }) => rows.length > 0 && rows.length <= 300)).toBe(true)
    expect(batches.every(({ byteSize }) => byteSize <= 10_000)).toBe(true)
    expect(batches.flatMap(({ rows }) => rows)).toHaveLength(10_000)
    for (const { rows, byteSize } of batches) {
      const wanted = rows.flat().reduce<number>((sum, cell) => sum + byteLengthOfCell(cell), 0)
      expect(byteSize).toBe(wanted)
    }
    expect(new Set(batches.map(({ schema }) => schema)).size).toBe(1)
  })

  it('are handed out when no further row comes', async () => {
    const slow =
      "select case when id < 9 then repeat('x', 20000) else pg_sleep(60)::text end from numbers where id < 20 order by id"
    await using session = await open({ querySql: [slow] })
    const { splits } = await session.split(1, { signal: never })
    for await (const batch of session.read(splits[0]!, { ...readOptions, maxDelayMs: 50 })) {
      expect(batch.rows.length).toBeLessThan(10)
      break
    }
    await until(async () => (await readerCount('COPY%')) === 0)
  })

  it('are read ahead no further than the buffers, and the connection is let go of early', async () => {
    await using session = await open({ querySql: ["select repeat('x', 10000) from numbers"] })
    const { splits } = await session.split(1, { signal: never })
    const before = await bytesInUse()
    let held = 0
    let count = 0
    for await (const batch of session.read(splits[0]!, { ...readOptions, maxRows: 10 })) {
      count += batch.rows.length
      if (count < 500) continue
      // As long as nobody asks for more.
      await new Promise((resolve) => setTimeout(resolve, 100))
      held = (await bytesInUse()) - before
      break
    }
    // 10,000 rows of 10,000 bytes stand behind the ones taken.
    expect(held).toBeLessThan(30_000_000)
    await until(async () => (await readerCount('COPY%')) === 0)
  })
})

describe('an abort', () => {
  const reason = new Error('enough')

  it('in a query that blocks rejects with its reason and cancels the query', async () => {
    await using session = await open({ querySql: ['select pg_sleep(60), 1'] })
    const { splits } = await session.split(1, { signal: never })
    const controller = new AbortController()
    const reading = batchesOf(session, splits[0]!, { signal: controller.signal })
    await until(async () => (await readerCount('COPY%')) === 1)
    controller.abort(reason)
    await expect(reading).rejects.toBe(reason)
    await until(async () => (await readerCount('COPY%')) === 0)
  })

  it('in mid-read lets go of the connection even when nobody asks for more', async () => {
    await using session = await open({ table: 'numbers', column: ['*'] })
    const { splits } = await session.split(1, { signal: never })
    const controller = new AbortController()
    const options = { ...readOptions, maxRows: 10, signal: controller.signal }
    const batches = session.read(splits[0]!, options)[Symbol.asyncIterator]()
    await batches.next()
    controller.abort(reason)
    await until(async () => (await readerCount('COPY%')) === 0)
    await expect(batches.next()).rejects.toBe(reason)
  })

  it.each(['check', 'describe', 'split', 'preSql'])(
    'ends %s, however long the server would wait for a lock',
    async (call) => {
      const preSql = call === 'preSql' ? ['select count(*) - count(*) from t_0'] : []
      const table = call === 'preSql' ? 'numbers' : 't_0'
      await using session = await open({ table, column: ['id'], splitPk: 'id', preSql })
      if (call === 'split') await session.check({ signal: never })
      const controller = new AbortController()
      const options = { signal: controller.signal }
      await database.run('BEGIN', 'LOCK TABLE t_0 IN ACCESS EXCLUSIVE MODE')
      try {
        const calls = {
          check: async () => await session.check(options),
          preSql: async () => await session.check(options),
          describe: async () => await session.describe(options),
          split: async () => await session.split(4, options),
        }
        const waiting = calls[call as keyof typeof calls]()
        waiting.catch(() => undefined)
        const blocked =
          "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        await until(async () => (await database.rows(blocked)).length === 1)
        controller.abort(reason)
        await expect(waiting).rejects.toBe(reason)
        await until(async () => (await database.rows(blocked)).length === 0)
      } finally {
        await database.run('ROLLBACK')
      }
    },
  )
})

describe('dispose', () => {
  it('lets go of every connection, and may be called twice', async () => {
    const session = await open({ table: 'numbers', column: ['*'] })
    await session.check({ signal: never })
    const { splits } = await session.split(1, { signal: never })
    const batches = session.read(splits[0]!, { ...readOptions, maxRows: 10 })
    await batches[Symbol.asyncIterator]().next()
    expect(await readerCount()).toBe(3)
    await session[Symbol.asyncDispose]()
    await session[Symbol.asyncDispose]()
    await until(async () => (await readerCount()) === 0)
    await expect(batchesOf(session, splits[0]!)).rejects.toMatchObject({ code: 'INTERNAL' })
  })
})
