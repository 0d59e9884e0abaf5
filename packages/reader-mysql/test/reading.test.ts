import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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
  validate,
} from './test-source.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await TestDatabase.create()
  await database.run(
    'CREATE TABLE t_0 (id int, `key` varchar(10), f float)',
    'CREATE TABLE t_1 LIKE t_0',
    "INSERT INTO t_0 VALUES (1,'a',0.1),(3,'c',0.3),(4,'d',null),(null,'n',1)",
    "INSERT INTO t_1 VALUES (11,'A',1),(12,'B',2),(null,'N',3)",
    'CREATE TABLE numbers (id int PRIMARY KEY, text varchar(200))',
    `INSERT INTO numbers
       SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n, REPEAT('x', a.n * 20)
       FROM ${['a', 'b', 'c', 'd'].map((name) => `(${digits()}) ${name}`).join(', ')}`,
  )
})

afterAll(async () => database[Symbol.asyncDispose]())

function digits(): string {
  return Array.from({ length: 10 }, (_, n) => `SELECT ${n}${n === 0 ? ' AS n' : ''}`).join(
    ' UNION ALL ',
  )
}

async function processCount(): Promise<number> {
  const [rows] = await database.connection.query(
    'SELECT ID FROM information_schema.PROCESSLIST WHERE DB = ? AND ID <> CONNECTION_ID()',
    [database.name],
  )
  return (rows as unknown[]).length
}

async function until(claim: () => Promise<boolean>): Promise<void> {
  while (!(await claim())) await new Promise((resolve) => setTimeout(resolve, 20))
}

describe('columns', () => {
  it('takes names, quoted names, constants and expressions', async () => {
    const { rows, fields } = await readAll(database, {
      table: 't_0',
      column: ['id', '`key`', 'KEY', "'x'", 'null', '2.3', 'true', 'id + 1', 'now()', 'f'],
      where: 'id = 1;',
    })
    expect(rows).toHaveLength(1)
    const [row] = rows
    expect(row?.slice(0, 8)).toEqual(['1', 'a', 'a', 'x', null, '2.3', '1', '2'])
    expect(row?.[8]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
    expect(row?.[9]).toBe('0.1')
    expect(fields.map(([name, type]) => [name, type])).toEqual([
      ['id', 'int'],
      ['key', 'string'],
      ['KEY', 'string'],
      ["'x'", 'string'],
      ['null', 'string'],
      ['2.3', 'decimal'],
      ['true', 'int'],
      ['id + 1', 'int'],
      ['now()', 'datetime'],
      ['f', 'float'],
    ])
  })

  it('reads every column with *, and says what they are', async () => {
    const { rows, fields, warnings } = await readAll(database, { table: 'numbers', column: ['*'] })
    expect(rows).toHaveLength(10_000)
    expect(fields.map(([name, type]) => [name, type])).toEqual([
      ['id', 'int'],
      ['text', 'string'],
    ])
    expect(warnings).toEqual([])
  })

  it('knows the primary key when all of it is read', async () => {
    const keyOf = async (...columns: string[]) => {
      await using session = await openReader({ table: 'numbers', column: columns }, [
        testDataSource(database.name),
      ])
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
        column: ['id', '`key`', "'x'", 'null', 'now()'],
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
        { datasource: 'test', table: [`${database.name}.t_1`] },
      ],
      column: ['key'],
    })
    expect(column(rows, 0).map(String).toSorted()).toEqual(['A', 'B', 'N', 'a', 'c', 'd', 'n'])
  })

  it('runs querySql as it is, one split each', async () => {
    const { rows, splits, warnings } = await readAll(
      database,
      {
        connection: [
          {
            datasource: 'test',
            querySql: [
              'select id, id from t_0 where id = 3;',
              'select id, f from t_1 where id = 11 ;',
            ],
          },
        ],
        column: ['nothing'],
        splitPk: 'id',
      },
      8,
    )
    expect(rows).toEqual([
      ['3', '3'],
      ['11', '1'],
    ])
    expect(splits).toHaveLength(2)
    expect(warnings.join()).toContain('six digits')
  })

  it('refuses tables whose columns do not match', async () => {
    await using session = await openReader({ table: ['t_0', 'numbers'], column: ['*'] }, [
      testDataSource(database.name),
    ])
    const findings = await session.check({ signal: never })
    expect(findings).toMatchObject([{ severity: 'error', message: expect.stringContaining('3') }])
  })
})

describe('session and preSql', () => {
  it('runs the statements, and keeps instants in UTC and text in UTF-8', async () => {
    await database.run(
      'CREATE TABLE instants (at timestamp NULL, t varchar(10))',
      "INSERT INTO instants VALUES ('2026-02-03 04:05:06', 'ü')",
    )
    const { rows, warnings } = await readAll(database, {
      table: 'instants',
      column: ['at', 't', '@mine'],
      session: ["set time_zone = '+08:00'", 'set names latin1', "set @mine = 'x'"],
    })
    expect(rows).toEqual([['2026-02-03 04:05:06', 'ü', 'x']])
    expect(warnings).toHaveLength(2)
    expect(warnings[0]).toContain('time_zone')
  })

  it('holds the job when a check of preSql does not give 0', async () => {
    const check = async (preSql: string[]) => {
      await using session = await openReader({ table: 't_0', column: ['id'], preSql }, [
        testDataSource(database.name),
      ])
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

describe('encoding', () => {
  it('decodes text that is stored in a column of another character set', async () => {
    await database.run(
      `CREATE TABLE kept (id int, latin varchar(20) CHARACTER SET latin1, gbk varchar(20) CHARACTER SET gbk,
         wide varchar(20) CHARACTER SET utf16, utf varchar(20), raw varbinary(20))`,
      "INSERT INTO kept VALUES (1, x'D6D0CEC4', '中文', '中文', '中文', x'D6D0'), (2, null, null, null, null, null), (3, 'a', 'b', 'c', 'd', 'e'), (4, x'D6', '', '', '', '')",
    )
    const { rows } = await readAll(database, {
      table: 'kept',
      column: ['latin', 'gbk', 'wide', 'utf', 'raw', 'id'],
      mandatoryEncoding: 'GBK',
    })
    expect(rows.map((row) => row.map(shown))).toEqual([
      ['中文', '中文', '中文', '中文', '0xd6d0', '1'],
      [null, null, null, null, null, '2'],
      ['a', 'b', 'c', 'd', '0x65', '3'],
      ['0xd6', '', '', '', '0x', '4'],
    ])
    const plain = await readAll(database, {
      table: 'kept',
      column: ['latin'],
      where: 'id = 1',
      encoding: 'utf8',
    })
    expect(plain.rows).toEqual([['ÖÐÎÄ']])
  })

  it('refuses an encoding nobody knows', async () => {
    const findings = await validate({
      datasource: 'd',
      table: 't',
      column: ['a'],
      encoding: 'GKB',
    })
    expect(findings).toMatchObject([{ severity: 'error', path: ['encoding'] }])
  })
})

describe('batches', () => {
  it('stay within rows and bytes', async () => {
    await using session = await openReader({ table: 'numbers', column: ['*'] }, [
      testDataSource(database.name),
    ])
    await session.check({ signal: never })
    const { splits, consistency } = await session.split(1, { signal: never })
    expect(consistency).toBe('one-snapshot')
    const batches = await batchesOf(session, splits[0]!, { maxRows: 300, maxBytes: 10_000 })
    expect(batches.every(({ rows }) => rows.length > 0 && rows.length <= 300)).toBe(true)
    expect(batches.every(({ byteSize }) => byteSize <= 10_000)).toBe(true)
    expect(batches.flatMap(({ rows }) => rows)).toHaveLength(10_000)
    expect(new Set(batches.map(({ schema }) => schema)).size).toBe(1)
  })

  it('are handed out when no further row comes', async () => {
    const slow =
      "select if(id < 9, repeat('x', 20000), sleep(60)) from numbers where id < 20 order by id"
    await using session = await openReader({ querySql: [slow] }, [testDataSource(database.name)])
    const { splits } = await session.split(1, { signal: never })
    for await (const batch of session.read(splits[0]!, { ...readOptions, maxDelayMs: 50 })) {
      expect(batch.rows.length).toBeLessThan(10)
      break
    }
    await until(async () => (await processCount()) === 1)
  })

  it('are read ahead no further than the buffers, and the connection is let go of early', async () => {
    await using session = await openReader(
      { querySql: ["select repeat('x', 10000) from numbers"] },
      [testDataSource(database.name)],
    )
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
    await until(async () => (await processCount()) === 1)
  })

  it('end with the reason of an abort, and the query with them', async () => {
    await using session = await openReader({ querySql: ['select sleep(60), 1'] }, [
      testDataSource(database.name),
    ])
    const { splits } = await session.split(1, { signal: never })
    const controller = new AbortController()
    const reading = batchesOf(session, splits[0]!, { signal: controller.signal })
    await until(async () => (await processCount()) === 2)
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(reading).rejects.toBe(reason)
    await until(async () => (await processCount()) === 1)
  })

  it('let go of every connection on dispose', async () => {
    {
      await using session = await openReader({ table: 't_0', column: ['*'] }, [
        testDataSource(database.name),
      ])
      await session.check({ signal: never })
    }
    await until(async () => (await processCount()) === 0)
  })
})
