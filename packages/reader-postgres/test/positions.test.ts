import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DataSource, ReaderSession, Split } from '@millrace/core/plugin'
import { byteLengthOfCell, type Position, type Row } from '@millrace/core/record'
import { orderedSelect } from '@millrace/core/sql'
import { orderDialect } from '../src/snapshot/split-order.ts'
import {
  batchesOf,
  never,
  openReader,
  randomName,
  shown,
  testDataSource,
  TestDatabase,
  type Parameters,
} from './test-source.ts'

let database: TestDatabase
let tableCount = 0

beforeAll(async () => {
  database = await TestDatabase.create("ENCODING 'UTF8' TEMPLATE template0")
  await database.run(
    "CREATE COLLATION english (provider = icu, locale = 'en-US')",
    "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
    "CREATE TYPE mood AS ENUM ('sad', 'so so', 'ß', 'a')",
    'CREATE DOMAIN positive AS int CHECK (value > 0)',
    'CREATE DOMAIN even AS positive CHECK (value % 2 = 0)',
    'CREATE DOMAIN word AS text COLLATE english',
    // A server without the extension gets a type of that name.
    `DO $$ BEGIN
       IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'citext') THEN CREATE EXTENSION citext;
       ELSE CREATE DOMAIN citext AS text;
       END IF;
     END $$`,
  )
})

afterAll(async () => database[Symbol.asyncDispose]())

/** A table with these rows, given as SQL of a list of values. */
async function tableOf(columns: string, values = '', place = database): Promise<string> {
  tableCount += 1
  const name = `p${tableCount}`
  await place.run(`CREATE TABLE ${name} (${columns})`)
  if (values !== '') await place.run(`INSERT INTO ${name} ${values}`)
  return name
}

const quoted = (texts: readonly string[]) =>
  `VALUES ${texts.map((each) => `('${each.replaceAll("'", "''")}')`).join(', ')}`
const sources = (name = database.name): readonly DataSource[] => [testDataSource(name)]
const copyOf = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T
const linesOf = (rows: readonly Row[]) => rows.map((row) => JSON.stringify(row.map(shown)))

async function planOf(parameters: Parameters, desired: number): Promise<readonly Split[]> {
  await using session = await openReader(parameters, sources())
  return (await session.split(desired, { signal: never })).splits
}

/** Reads a split, and from every position in it in another session; the rows in order. */
async function resumeEverywhere(
  session: ReaderSession,
  later: ReaderSession,
  split: Split,
  maxRows: number,
): Promise<readonly string[]> {
  expect(split.resumable).toBe(true)
  const batches = await batchesOf(session, split, { positions: true, maxRows })
  const all = batches.flatMap(({ rows }) => linesOf(rows))
  let done = 0
  for (const { rows, position, schema, byteSize } of batches) {
    done += rows.length
    expect(rows.every((row) => row.length === schema.fields.length)).toBe(true)
    expect(byteSize).toBe(
      rows.flat().reduce<number>((sum, cell) => sum + byteLengthOfCell(cell), 0),
    )
    const from = copyOf(position) as Position
    const rest = await batchesOf(later, copyOf(split), { from, positions: true, maxRows: 100 })
    expect(rest.flatMap((batch) => linesOf(batch.rows))).toEqual(all.slice(done))
  }
  return all
}

/** Checks every position of every split; gives all rows. */
async function resumed(
  parameters: Parameters,
  { desired = 1, maxRows = 1, name = database.name } = {},
): Promise<{ rows: readonly string[]; splits: readonly Split[] }> {
  await using session = await openReader(parameters, sources(name))
  await using later = await openReader(parameters, sources(name))
  const { splits } = await session.split(desired, { signal: never })
  const rows: string[] = []
  for (const split of splits) rows.push(...(await resumeEverywhere(session, later, split, maxRows)))
  const unordered: string[] = []
  for (const split of splits) {
    for (const { rows: found, position } of await batchesOf(session, split)) {
      unordered.push(...linesOf(found))
      expect(position).toBeUndefined()
    }
  }
  expect(rows.toSorted()).toEqual(unordered.toSorted())
  return { rows, splits }
}

const words = [
  '',
  'a',
  'B',
  'é',
  'ß',
  'z',
  "o'x",
  '"',
  '\\',
  "\\'",
  '\\x41',
  '\\N',
  '\u0001',
  '%',
  '$1',
  'tab\t',
  'new\nline',
  '東京',
  '\u{1f600}',
  '; -- ',
]
const cased = [...words, 'A', 'b', 'Z', 'É', 'e\u0301', 'ss', 'a-b', 'ab', 'a b', '_']

describe('going on from every position', () => {
  const shapes: readonly (readonly [string, readonly string[]])[] = [
    ['int', ['-2147483648', '-5', '-1', '0', '1', '2147483647']],
    ['bigint', ['-9223372036854775808', '9223372036854775807', '0', '-1']],
    ['smallint', ['-32768', '32767', '0']],
    ['oid', ['0', '4294967295', '7']],
    ['numeric', ['-1.50', '0', '0.00001', '1e40', 'NaN', 'Infinity', '-Infinity', '7.000']],
    ['numeric(20,5)', ['-1.5', '0', '0.00001', '99999999999.12345']],
    ['boolean', ['t', 'f']],
    ['text COLLATE "C"', cased],
    ['text COLLATE english', cased],
    ['text COLLATE loose', words.filter((word) => word !== '\u0001')],
    ['varchar(20)', cased],
    ['char(20)', cased],
    ['name', cased],
    ['citext', words],
    ['word', cased],
    ['mood', ['sad', 'so so', 'ß', 'a']],
    ['even', ['2', '10', '4']],
    ['uuid', ['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff']],
    ['bytea', ['\\x', '\\x00', '\\x0000', '\\xff275c00', '\\x41']],
    ['date', ['-infinity', 'infinity', '0044-03-15 BC', '2026-02-03', '12026-02-03']],
    ['time', ['00:00', '03:04:05.000006', '24:00:00']],
    [
      'timestamp',
      ['-infinity', 'infinity', '0044-03-15 10:00:00 BC', '2026-02-03 04:05:06.000007'],
    ],
    [
      'timestamp with time zone',
      [
        '-infinity',
        'infinity',
        '0044-03-15 10:00+00 BC',
        '2026-03-29 01:30:00.5+02',
        '12026-02-03',
      ],
    ],
  ]

  it.each(shapes)('%s', async (declaration, values) => {
    const table = await tableOf(`k ${declaration} PRIMARY KEY, n int[] DEFAULT '{1}'`)
    await database.run(`INSERT INTO ${table} (k) ${quoted(values)}`)
    const { rows } = await resumed({ table, column: ['k'] })
    expect(rows).toHaveLength(values.length)
    // The key is a hidden column, behind one that the server turns into JSON.
    const others = await resumed({ table, column: ["'x'", 'n'] })
    expect(others.rows).toHaveLength(values.length)
  })

  it('composite keys, of which one column is not selected', async () => {
    const declared = 'a int NOT NULL, b text COLLATE loose NOT NULL, c bigint NOT NULL, v text'
    const values = `SELECT n % 3, (ARRAY['x', 'Y', 'z'])[n % 5 % 3 + 1], n, 'row ' || n FROM generate_series(1, 60) n`
    const table = await tableOf(`${declared}, PRIMARY KEY (c, a, b)`, values)
    const { rows } = await resumed({ table, column: ['v', 'b', 'a'] }, { maxRows: 7 })
    expect(rows).toHaveLength(60)
    const other = await tableOf(`${declared}, UNIQUE (a, b, c) INCLUDE (v)`, values)
    expect((await resumed({ table: other, column: ['*'] }, { maxRows: 2 })).rows).toHaveLength(60)
  })

  it('a splitPk that is neither unique nor never NULL', async () => {
    for (const index of ['k', 'n']) {
      const table = await tableOf(
        'k int, n int PRIMARY KEY',
        'SELECT nullif(n % 11, n % 7), n FROM generate_series(1, 60) n',
      )
      await database.run(`CREATE INDEX ON ${table} (${index})`)
      const parameters = { table, column: ['k', 'n'], splitPk: 'k', splitFactor: 2 }
      const { rows, splits } = await resumed(parameters, { desired: 2, maxRows: 2 })
      expect(splits.length).toBeGreaterThan(2)
      expect(rows).toHaveLength(60)
      expect(rows.some((row) => row.startsWith('[null'))).toBe(true)
      const hidden = await resumed({ ...parameters, column: ['1'] }, { desired: 2, maxRows: 2 })
      expect(hidden.rows).toHaveLength(60)
    }
  })

  it('a splitPk of text that ignores case', async () => {
    const table = await tableOf(
      'k text COLLATE loose, n int PRIMARY KEY',
      `SELECT (ARRAY['a', 'A', 'ä', 'b', 'B', 'c', 'o''x', NULL])[n % 8 + 1], n FROM generate_series(1, 80) n`,
    )
    const parameters = { table, column: ['n'], splitPk: 'k', splitFactor: 2 }
    const { rows, splits } = await resumed(parameters, { desired: 2, maxRows: 3 })
    expect(splits.length).toBeGreaterThan(2)
    expect(rows).toHaveLength(80)
  })

  it('any strings, whatever the collation holds equal, by an index or not', async () => {
    const strings = fc.uniqueArray(fc.string({ unit: 'grapheme', maxLength: 5 }), {
      minLength: 1,
      maxLength: 25,
    })
    const keys = fc.constantFrom('UNIQUE (k, n)', 'UNIQUE (n)')
    await fc.assert(
      fc.asyncProperty(strings, keys, fc.integer({ min: 1, max: 4 }), async (...drawn) => {
        const [values, key, maxRows] = drawn
        const table = await tableOf(`k text COLLATE loose NOT NULL, n int NOT NULL, ${key}`)
        await database.connection.query(
          `INSERT INTO ${table} SELECT * FROM unnest($1::text[]) WITH ORDINALITY`,
          [values.map((value) => value.replaceAll('\0', ''))],
        )
        const parameters = { table, column: ['n', 'k'], splitPk: 'k', splitFactor: 1 }
        const { rows } = await resumed(parameters, { desired: 2, maxRows })
        expect(rows).toHaveLength(values.length)
      }),
      { numRuns: 12 },
    )
  })

  it.each(['SQL_ASCII', 'LATIN1'])('text of a database in %s', async (encoding) => {
    const options = `ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`
    await using place = await TestDatabase.create(options)
    const bytes = encoding === 'LATIN1' ? ['\\xe9', '\\xe941'] : ['\\xff', '\\xe92700', '\\xc3a9']
    const texts = ["'a'", "'o''x'", `E'\\\\'`, ...bytes.map((hex) => `E'${escaped(hex)}'`)]
    const values = `VALUES ${texts.map((each) => `(${each})`).join(', ')}`
    const table = await tableOf('k text PRIMARY KEY', values, place)
    const { rows } = await resumed({ table, column: ['k'] }, { name: place.name })
    expect(rows).toHaveLength(texts.length)
    const hidden = await resumed({ table, column: ['1'] }, { name: place.name })
    expect(hidden.rows).toHaveLength(texts.length)
  })
})

/** Bytes, but for NUL, as escapes of a string literal. */
function escaped(hex: string): string {
  return hex.replace('\\x', '').replaceAll('00', '').replaceAll(/../g, '\\x$&')
}

describe('what else a job may say', () => {
  const declared = 'id int PRIMARY KEY, name text'
  const numbers = `SELECT n, 'n' || n FROM generate_series(-10, 19) n`

  it('columns that are expressions, one of them called like the key', async () => {
    const table = await tableOf(declared, numbers)
    const column = ["'x'::text", 'null', '-id AS id', 'name', 'id', 'ARRAY[id] AS list']
    const { rows } = await resumed({ table, column, where: "id <> 0 -- not zero;'" })
    expect(rows).toHaveLength(29)
    expect(rows[0]).toBe(JSON.stringify(['x', null, '10', 'n-10', '-10', '[-10]']))
    const hidden = await resumed({ table, column: ['-id AS id'] })
    expect(hidden.rows[0]).toBe(JSON.stringify(['10']))
  })

  it('a text that is two columns', async () => {
    const table = await tableOf(declared, numbers)
    await using session = await openReader({ table, column: ['name, id'] }, sources())
    const { splits } = await session.split(1, { signal: never })
    const [first] = await batchesOf(session, splits[0]!, { positions: true, maxRows: 2 })
    expect(first?.position?.token).toEqual([['id', '-9']])
  })

  it('several tables, several connections, names with a schema and quotes', async () => {
    const first = await tableOf(declared, numbers)
    const second = `${first} "T"`
    await database.run(
      `CREATE TABLE "${second.replaceAll('"', '""')}" (${declared})`,
      `INSERT INTO "${second.replaceAll('"', '""')}" ${numbers}`,
    )
    const connection = [
      { datasource: 'a', table: [first, `public."${second.replaceAll('"', '""')}"`] },
      { datasource: 'b', table: [first.toUpperCase()] },
    ]
    const parameters = { connection, column: ['name'], splitPk: 'id' }
    const { rows, splits } = await resumed(parameters, { desired: 6, maxRows: 4 })
    expect(splits.length).toBeGreaterThan(3)
    expect(rows).toHaveLength(90)
  })

  it('another order of day and month', async () => {
    const days = ['2026-02-03', '2026-03-02', '0044-03-15 BC', '12026-02-03']
    const table = await tableOf('d date PRIMARY KEY', quoted(days))
    for (const style of ['DMY', 'MDY', 'YMD']) {
      const session = [`SET datestyle TO 'SQL, ${style}'`, 'SET standard_conforming_strings TO off']
      expect((await resumed({ table, column: ['d'], session })).rows).toHaveLength(days.length)
    }
  })

  it('a partitioned table', async () => {
    const table = await tableOf('id int, k int, PRIMARY KEY (id)) PARTITION BY HASH (id')
    for (const remainder of [0, 1, 2]) {
      await database.run(
        `CREATE TABLE ${table}_${remainder} PARTITION OF ${table}
           FOR VALUES WITH (MODULUS 3, REMAINDER ${remainder})`,
      )
    }
    await database.run(`INSERT INTO ${table} SELECT n, n % 5 FROM generate_series(1, 50) n`)
    const parameters = { table, column: ['k'], splitPk: 'k' }
    const { rows } = await resumed(parameters, { desired: 2, maxRows: 4 })
    expect(rows).toHaveLength(50)
  })
})

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
    expect((await resumed({ table, column: ['id'] })).rows).toHaveLength(1)
  })

  it('prefers a unique key that begins with splitPk, then the primary key', async () => {
    const table = await tableOf(
      'id int PRIMARY KEY, k int NOT NULL UNIQUE',
      'SELECT 20 - n, n FROM generate_series(0, 19) n',
    )
    const tokenOf = async (parameters: Parameters, desired: number) => {
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
    const sql = orderedSelect({ ...read, doing: 'x' }, orderDialect)
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

  async function reading(parameters: Parameters, split: Split, from?: Position): Promise<unknown> {
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
