import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listOf, makeTable, resumed as resumedIn } from './position-source.ts'
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

const tableOf = (columns: string, values?: string) => makeTable(database, columns, values)
const resumed = (parameters: StepParameters, options?: { desired?: number; maxRows?: number }) =>
  resumedIn(database, parameters, options)

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
    await database.run(`INSERT INTO ${table} (k) ${listOf(values)}`)
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
    const table = await makeTable(place, 'k text PRIMARY KEY', values)
    const { rows } = await resumedIn(place, { table, column: ['k'] })
    expect(rows).toHaveLength(texts.length)
    const hidden = await resumedIn(place, { table, column: ['1'] })
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
    await using session = await openReader({ table, column: ['name, id'] }, [
      testDataSource(database.name),
    ])
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
    const table = await tableOf('d date PRIMARY KEY', listOf(days))
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
