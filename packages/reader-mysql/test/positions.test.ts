import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeTable, resumed as resumedIn, type Values } from './position-source.ts'
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
const resumed = (parameters: StepParameters, options?: { desired?: number; maxRows?: number }) =>
  resumedIn(database, parameters, options)

const text = [
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
  '\0',
  'b\0c',
  '%',
  '_',
  '`',
  'tab\t',
  'new\nline',
  '東京',
  '\u{1f600}',
  '; -- ',
]

describe('going on from every position', () => {
  const words = text.map((word) => [word])
  const shapes: readonly (readonly [string, Values])[] = [
    ['int', [[-2_147_483_648], [-5], [-1], [0], [1], [2_147_483_647]]],
    ['bigint unsigned', [['18446744073709551615'], ['9223372036854775808'], ['0'], ['7']]],
    ['bigint', [['-9223372036854775808'], ['9223372036854775807'], ['0'], ['-1']]],
    ['int(6) zerofill', [[1], [20], [300], [4_000_000]]],
    ['decimal(20,5)', [['-1.5'], ['0'], ['0.00001'], ['1.49999'], ['99999999999.12345']]],
    ['varchar(20) COLLATE utf8mb4_general_ci', words],
    [
      'varchar(20) COLLATE utf8mb4_unicode_ci',
      [...words.filter(([word]) => word !== '\0'), ['C'], ['d'], ['ñandú'], ['Zz']],
    ],
    ['varchar(20) COLLATE utf8mb4_bin', [...words, ['A'], ['b'], ['Ä'], ['ss'], [' a']]],
    ['varchar(20) CHARACTER SET utf8mb3', [['a'], ['Z'], ['é'], ['東'], ["'"]]],
    ['char(20) CHARACTER SET ascii', [['a'], ['Z'], ['0'], ["'"], ['']]],
    ['char(20) CHARACTER SET latin1', [['a'], ['Ö'], ['z'], ['é'], ['€'], ["o'x"], ['\\']]],
    ['varchar(20) CHARACTER SET gbk', [['中'], ['文'], ['a'], ['国'], ['z'], ['啊']]],
    ['varchar(20) CHARACTER SET utf16', [['a'], ['東'], ['z'], ['\u{1f600}'], ["'"]]],
    ['varbinary(20)', [['a'], ['A'], [''], ['\0'], ['a\0'], [Buffer.from('ff00fe27', 'hex')]]],
    ['binary(4)', [['a'], ['A'], [''], [Buffer.from('ffff27', 'hex')]]],
    ['date', [['0000-00-00'], ['2026-00-00'], ['1000-01-01'], ['2026-02-03'], ['9999-12-31']]],
    [
      'datetime(6)',
      [['0000-00-00 00:00:00'], ['2026-02-03 04:05:06.000007'], ['2026-02-03 04:05:06.000008']],
    ],
    ['datetime', [['2026-02-03 04:05:06'], ['2026-02-03 04:05:07'], ['1000-01-01 00:00:00']]],
    ['timestamp(3)', [['2026-03-29 01:30:00.5'], ['1970-01-01 00:00:01'], ['2037-01-01 00:00:00']]],
    ['time(6)', [['-838:59:59'], ['-00:00:00.000001'], ['00:00:00'], ['24:00:00'], ['838:59:59']]],
    ['year', [[0], [1901], [1950], [2000], [2155]]],
    ["enum('z','a','m','10','2')", [['z'], ['a'], ['m'], ['10'], ['2']]],
  ]

  it.each(shapes)('%s', async (declaration, values) => {
    const table = await tableOf(`k ${declaration} NOT NULL PRIMARY KEY`, values)
    const { rows } = await resumed({ table, column: ['k'] })
    expect(rows).toHaveLength(values.length)
    // The key is a hidden column.
    const others = await resumed({ table, column: ["'x'", 'LENGTH(k)'] })
    expect(others.rows).toHaveLength(values.length)
  })

  it('uuid and inet6, where the server has them', async () => {
    const [uuid, address] = database.isMariaDb ? ['uuid', 'inet6'] : ['char(36)', 'varchar(39)']
    const uuids = ['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff']
    for (let index = 0; index < 20; index += 1) {
      uuids.push(`${String(index * 7919).padStart(8, '1')}-e57b-${index % 8}1f1-a23e-02fc00000001`)
    }
    const table = await tableOf(
      `u ${uuid} PRIMARY KEY`,
      uuids.map((each) => [each]),
    )
    expect((await resumed({ table, column: ['u'] })).rows).toHaveLength(uuids.length)
    expect((await resumed({ table, column: ['1'] })).rows).toHaveLength(uuids.length)
    const addresses = await tableOf(`a ${address} PRIMARY KEY`, [['::'], ['::1'], ['2001:db8::1']])
    expect((await resumed({ table: addresses, column: ['a'] })).rows).toHaveLength(3)
  })

  it('dates that no calendar has', async () => {
    const table = await tableOf('d date PRIMARY KEY')
    await database.run("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'")
    const days = ['2026-02-28', '2026-02-30', '2026-02-31', '2026-03-01']
    await database.connection.query(`INSERT INTO ${table} VALUES ?`, [days.map((day) => [day])])
    await database.run("SET SESSION sql_mode = ''")
    expect((await resumed({ table, column: ['d'] })).rows).toHaveLength(days.length)
  })

  it('composite keys, of which one column is not selected', async () => {
    const values = Array.from({ length: 60 }, (_, index) => [
      index % 3,
      ['x', 'Y', 'z'][(index % 5) % 3],
      index,
      `row ${index}`,
    ])
    const key = 'PRIMARY KEY (c, a, b)'
    const table = await tableOf(
      `a int, b varchar(9) COLLATE utf8mb4_unicode_ci, c int unsigned, v varchar(9), ${key}`,
      values,
    )
    const { rows } = await resumed({ table, column: ['v', 'b', 'a'] }, { maxRows: 7 })
    expect(rows).toHaveLength(60)
    const three = 'UNIQUE KEY (a, b, c)'
    const other = await tableOf(
      `a int NOT NULL, b varchar(9) NOT NULL, c int NOT NULL, v text, ${three}`,
      values,
    )
    expect((await resumed({ table: other, column: ['*'] })).rows).toHaveLength(60)
  })

  it('a splitPk that is neither unique nor never NULL', async () => {
    const values = Array.from({ length: 60 }, (_, index) => [
      index % 7 === 0 ? null : index % 11,
      index,
    ])
    for (const index of ['KEY (k)', 'KEY (n)']) {
      const table = await tableOf(`k int, n int PRIMARY KEY, ${index}`, values)
      const parameters = { table, column: ['k', 'n'], splitPk: 'k', splitFactor: 2 }
      const { rows, splits } = await resumed(parameters, { desired: 2, maxRows: 2 })
      expect(splits.length).toBeGreaterThan(2)
      expect(rows).toHaveLength(60)
      const hidden = await resumed({ ...parameters, column: ['1'] }, { desired: 2, maxRows: 2 })
      expect(hidden.rows).toHaveLength(60)
    }
  })

  it('a splitPk of text that ignores case', async () => {
    const words = ['a', 'A', 'ä', 'b', 'B', 'c', "o'x", null]
    const values = Array.from({ length: 80 }, (_, index) => [words[index % words.length], index])
    const table = await tableOf(
      'k varchar(9) COLLATE utf8mb4_unicode_ci, n int PRIMARY KEY, KEY (k)',
      values,
    )
    const parameters = { table, column: ['n'], splitPk: 'k', splitFactor: 2 }
    const { rows, splits } = await resumed(parameters, { desired: 2, maxRows: 3 })
    expect(splits.length).toBeGreaterThan(2)
    expect(rows).toHaveLength(80)
  })

  it('keys whose beginnings are the same for longer than the server sorts by', async () => {
    const values = Array.from({ length: 40 }, (_, index) => [
      'x'.repeat(650) + String((index * 7919) % 1000),
      index % 3,
    ])
    const table = await tableOf(
      'k varchar(700) COLLATE utf8mb4_unicode_ci PRIMARY KEY, s int NOT NULL',
      values,
      'ROW_FORMAT=DYNAMIC',
    )
    const parameters = { table, column: ['s'], splitPk: 's', splitFactor: 1 }
    const { rows } = await resumed(parameters, { desired: 2, maxRows: 3 })
    expect(rows).toHaveLength(40)
  })

  it('any strings, whatever the collation holds equal, by an index or not', async () => {
    const strings = fc.uniqueArray(fc.string({ unit: 'grapheme', maxLength: 5 }), {
      minLength: 1,
      maxLength: 25,
    })
    const indexes = fc.constantFrom(
      'UNIQUE KEY (k, n)',
      'UNIQUE KEY (n), KEY (k)',
      'UNIQUE KEY (n)',
    )
    await fc.assert(
      fc.asyncProperty(strings, indexes, fc.integer({ min: 1, max: 4 }), async (...drawn) => {
        const [values, index, maxRows] = drawn
        const table = await tableOf(
          `k varchar(60) COLLATE utf8mb4_unicode_ci NOT NULL, n int NOT NULL, ${index}`,
          values.map((value, number) => [value, number]),
        )
        const parameters = { table, column: ['n', 'k'], splitPk: 'k', splitFactor: 1 }
        const { rows } = await resumed(parameters, { desired: 2, maxRows })
        expect(rows).toHaveLength(values.length)
      }),
      { numRuns: 15 },
    )
  })
})

describe('what else a job may say', () => {
  const numbers: Values = Array.from({ length: 30 }, (_, index) => [index - 10, `n${index}`])
  const declared = 'id int PRIMARY KEY, name varchar(20)'

  it('columns that are expressions, one of them called like the key', async () => {
    const table = await tableOf(declared, numbers)
    const column = ["'x'", 'null', '-id AS id', 'name', 'id']
    const { rows } = await resumed({ table, column, where: "id <> 0 -- not zero;'" })
    expect(rows).toHaveLength(29)
    expect(rows[0]).toBe(JSON.stringify(['x', null, '10', 'n0', '-10']))
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

  it('several tables, several connections', async () => {
    const first = await tableOf(declared, numbers)
    const second = await tableOf(declared, numbers)
    const connection = [
      { datasource: 'a', table: [first, `${database.name}.${second}`] },
      { datasource: 'b', table: [`\`${first}\``] },
    ]
    const parameters = { connection, column: ['name'], splitPk: 'id' }
    const { rows, splits } = await resumed(parameters, { desired: 6, maxRows: 4 })
    expect(splits.length).toBeGreaterThan(3)
    expect(rows).toHaveLength(90)
  })

  it('another sql_mode, and an encoding', async () => {
    const words = [...text.filter((word) => word.length > 0), 'Ä1'].map((word) => [word])
    const table = await tableOf('k varchar(20) PRIMARY KEY', words)
    const modes =
      "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES,PAD_CHAR_TO_FULL_LENGTH'"
    const session = [modes]
    expect((await resumed({ table, column: ['k'], session })).rows).toHaveLength(words.length)
    const encoded = { table, column: ['k'], encoding: 'gbk' }
    expect((await resumed(encoded)).rows).toHaveLength(words.length)
  })
})
