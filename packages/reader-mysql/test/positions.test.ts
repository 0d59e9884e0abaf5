import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DataSource, ReaderSession, Split } from '@millrace/core/plugin'
import type { Position, Row } from '@millrace/core/record'
import { orderedSelect } from '@millrace/core/sql'
import type { OrderableColumn } from '../src/snapshot/source-object.ts'
import { orderDialect } from '../src/snapshot/split-order.ts'
import {
  batchesOf,
  never,
  openReader,
  shown,
  testDataSource,
  TestDatabase,
  type Parameters,
} from './test-source.ts'

let database: TestDatabase
let tableCount = 0

beforeAll(async () => {
  database = await TestDatabase.create()
})

afterAll(async () => database[Symbol.asyncDispose]())

type Values = readonly (readonly unknown[])[]

/** A table with these rows. */
async function tableOf(columns: string, values: Values = [], options = ''): Promise<string> {
  tableCount += 1
  const name = `p${tableCount}`
  await database.run(`CREATE TABLE ${name} (${columns}) ${options}`)
  if (values.length > 0) await database.connection.query(`INSERT INTO ${name} VALUES ?`, [values])
  return name
}

const sources = (): readonly DataSource[] => [testDataSource(database.name)]
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
    expect(byteSize).toBe(sizeOf(rows))
    const from = copyOf(position) as Position
    const rest = await batchesOf(later, copyOf(split), { from, positions: true, maxRows: 100 })
    expect(rest.flatMap((batch) => linesOf(batch.rows))).toEqual(all.slice(done))
  }
  return all
}

function sizeOf(rows: readonly Row[]): number {
  const lengths = rows.flat().map((cell) => {
    if (typeof cell === 'string') return Buffer.byteLength(cell)
    return cell instanceof Uint8Array ? cell.byteLength : typeof cell === 'boolean' ? 1 : 0
  })
  return lengths.reduce((sum, length) => sum + length, 0)
}

/** Checks every position of every split; gives all rows. */
async function resumed(
  parameters: Parameters,
  { desired = 1, maxRows = 1 } = {},
): Promise<{ rows: readonly string[]; splits: readonly Split[] }> {
  await using session = await openReader(parameters, sources())
  await using later = await openReader(parameters, sources())
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
    await using session = await openReader({ table, column: ['name, id'] }, sources())
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
    tableCount += 1
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
      const sql = orderedSelect({ ...read, doing: 'x' }, orderDialect)
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

  async function reading(parameters: Parameters, split: Split, from?: Position): Promise<unknown> {
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
