import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Row } from '@millrace/core/record'
import { begin, changesUntilNow, openFollower, rowsOf, shownChanges } from './followed-source.ts'
import { availableCases, ownTypes, oddSettings } from './type-cases.ts'
import { never, shown, TestDatabase } from './test-source.ts'

let database: TestDatabase

/** Arrays of every kind that the server makes JSON of in its own way. */
const moreArrays: readonly (readonly [declaration: string, value: string])[] = [
  ['time[]', "'{04:05:06.000007}'"],
  ['timetz[]', "'{04:05:06+08}'"],
  ['date[]', '\'{"0044-03-15 BC",infinity,-infinity,12026-01-01}\''],
  ['timestamp[]', '\'{"0044-03-15 10:00:00 BC",infinity,12026-01-01 01:02:03.5}\''],
  ['timestamptz[]', '\'{"0044-03-15 10:00:00+00 BC",-infinity,12026-01-01 01:02:03.5+00}\''],
  ['interval[]', "'{1 day 02:00:00}'"],
  ['money[]', "'{1.50}'"],
  ['oid[]', "'{7}'"],
  ['box[]', "'{(1,2),(3,4);(5,6),(7,8)}'"],
  ['point[]', '\'{"(1,2)"}\''],
  ['real[]', "'{1e-10,-0,NaN,-Infinity,1e20}'"],
  ['numeric[]', "'{NaN,1.50,-0.10,1e30}'"],
  ['json[]', `ARRAY['{"a":  [1,"\\n"]}', 'null', '"x"']::json[]`],
  ['jsonb[][]', `ARRAY[ARRAY['{"a": 1}', NULL], ARRAY['[]', '"\\""']]::jsonb[]`],
  [
    'text[]',
    `ARRAY[E'\\x01\\x1f\\x7f\\b\\f\\n\\r\\t\\\\"/', 'é€😀', ' a ', '{}', 'null', NULL, '']`,
  ],
  ['char(3)[]', `'{a,bcd}'`],
  ['varchar[]', `'[2:3][-1:0]={{a,b},{c,d}}'`],
  ['pair[]', `ARRAY[(NULL,NULL)::pair, (1,'')::pair, (2,E'a,"b")(\\\\ ''')::pair, NULL]`],
  [
    'nested[]',
    `ARRAY[((1,'x')::pair, '{1,2}', true, '2026-02-03 04:05:06+00', '{"k": 1}', ARRAY[(1,'y')::pair])::nested]`,
  ],
  ['mood[]', `'{"so so"}'`],
  ['bit(3)[]', `'{101}'`],
  ['tsvector[]', `ARRAY['a b'::tsvector]`],
]

beforeAll(async () => {
  database = await TestDatabase.create()
})
afterAll(async () => database[Symbol.asyncDispose]())

it('every type has the same cells in changes as in a snapshot, however server and process are set up', async () => {
  const present = await availableCases(database)
  for (const extension of new Set(present.map((typeCase) => typeCase.extension)))
    if (extension !== undefined) await database.run(`CREATE EXTENSION ${extension}`)
  const cases = [
    ...present.map(({ declaration, value }) => [declaration, value] as const),
    ...moreArrays,
  ]
  const columns = cases.map(([declaration], index) => `c${index} ${declaration}`)
  const nulls = present.map((_, index) => `ALTER c${index} DROP NOT NULL`)
  const values = cases.map(([, value]) => value).join(', ')
  await database.run(
    "SET lc_monetary TO 'C'",
    ...ownTypes,
    'CREATE TYPE nested AS ("Pair" pair, numbers int[], flag bool, at timestamptz, doc jsonb, pairs pair[])',
    `CREATE TABLE types (id int PRIMARY KEY, ${columns.join(', ')})`,
    `ALTER TABLE types ${nulls.join(', ')}`,
    'ALTER TABLE types REPLICA IDENTITY FULL',
    `ALTER DATABASE ${database.name} SET lc_monetary TO 'C'`,
    ...oddSettings.map((setting) => `ALTER DATABASE ${database.name} SET ${setting}`),
  )
  const before = process.env['TZ']
  for (const timeZone of ['America/St_Johns', 'Asia/Kathmandu', 'UTC']) {
    try {
      process.env['TZ'] = timeZone
      await database.run(`ALTER DATABASE ${database.name} SET timezone TO '${timeZone}'`)
      await compare(values, cases.length)
    } finally {
      if (before === undefined) delete process.env['TZ']
      else process.env['TZ'] = before
    }
  }
}, 60_000)

async function compare(values: string, count: number): Promise<void> {
  await using session = await openFollower(database, ['types'])
  const from = await begin(session)
  const nulls = Array.from({ length: count }, () => 'NULL').join(', ')
  await database.run(
    `INSERT INTO types VALUES (1, ${values})`,
    `INSERT INTO types VALUES (2, ${nulls})`,
  )
  const { splits } = await session.split(1, { signal: never })
  const rows = await rowsOf(session, splits)
  await database.run('UPDATE types SET id = id + 10', 'DELETE FROM types')
  const batches = await changesUntilNow(session, from)
  const changes = shownChanges(batches)
  const wanted = rows.map((row) => row.map(shown)).toSorted(byId)
  expect(wanted).toHaveLength(2)
  const moved = wanted.map(([id, ...rest]) => [String(Number(id) + 10), ...rest])
  const of = (wantedOperation: string) =>
    changes.filter(([operation]) => operation === wantedOperation)
  expect(
    of('c')
      .map(([, row]) => row)
      .toSorted(byId),
  ).toEqual(wanted)
  expect(
    of('u')
      .map(([, row]) => row)
      .toSorted(byId),
  ).toEqual(moved)
  expect(
    of('u')
      .map(([, , row]) => row ?? [])
      .toSorted(byId),
  ).toEqual(wanted)
  expect(
    of('d')
      .map(([, row]) => row)
      .toSorted(byId),
  ).toEqual(moved)
  const [schema] = await session.describe({ signal: never })
  expect(batches.every((batch) => batch.schema === schema)).toBe(true)
}

function byId([left]: Row, [right]: Row): number {
  return Number(left) - Number(right)
}

it('text of a database without an encoding has the same cells, too', async () => {
  await using plain = await TestDatabase.create(
    "TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'",
  )
  await plain.run('CREATE TABLE t (id int PRIMARY KEY, a text, b text[])')
  await using session = await openFollower(plain, ['t'])
  const from = await begin(session)
  await plain.run(
    String.raw`INSERT INTO t VALUES (1, E'\xff\x41', ARRAY['x']), (2, E'\xc3\xa9', ARRAY[E'\xc3\xa9'])`,
  )
  const { splits } = await session.split(1, { signal: never })
  const rows = await rowsOf(session, splits)
  const changes = shownChanges(await changesUntilNow(session, from))
  expect(changes.map(([, row]) => row)).toEqual(rows.map((row) => row.map(shown)))
  expect(changes[0]?.[1]).toEqual(['1', '0xff41', '["x"]'])
  expect(changes[1]?.[1]).toEqual(['2', 'é', '["é"]'])
})
