import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RecordBatch } from '@millrace/core/record'
import { begin, changesUntilNow, openFollower, shownChanges } from './followed-source.ts'
import { never, TestDatabase } from './test-source.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await TestDatabase.create()
})
afterAll(async () => database[Symbol.asyncDispose]())

/** The columns of each definition in the order in which it comes. */
function definitions(batches: readonly RecordBatch[]): readonly (readonly [number, string])[] {
  const schemas = [...new Set(batches.map(({ schema }) => schema))]
  return schemas.map(({ version, fields }) => [
    version,
    fields.map(({ name, nativeType }) => `${name} ${nativeType}`).join(', '),
  ])
}

describe('a table whose definition changes', () => {
  it('gives its changes by the columns it had', async () => {
    await database.run('CREATE TABLE d (id int PRIMARY KEY, a text, b int)')
    await using session = await openFollower(database, ['d'])
    const [schema] = await session.describe({ signal: never })
    const from = await begin(session)
    await database.run(
      "INSERT INTO d VALUES (1, 'x', 5)",
      'ANALYZE d',
      "INSERT INTO d VALUES (2, 'x', 5)",
      'ALTER TABLE d ADD COLUMN c numeric(10,2) DEFAULT 1.5',
      "INSERT INTO d VALUES (3, 'x', 5, 2)",
      'ALTER TABLE d DROP COLUMN a',
      'INSERT INTO d VALUES (4, 5, 2)',
      'ALTER TABLE d RENAME COLUMN b TO beta',
      'INSERT INTO d VALUES (5, 5, 2)',
      'ALTER TABLE d ALTER COLUMN beta TYPE bigint, ADD COLUMN tags int[]',
      "INSERT INTO d VALUES (6, 9007199254740993, 2, '{1,2}')",
      'ALTER TABLE d RENAME TO e',
      'DELETE FROM e WHERE id = 6',
      'ALTER TABLE e REPLICA IDENTITY FULL',
      'DELETE FROM e WHERE id = 5',
    )
    const batches = await changesUntilNow(session, from)
    expect(shownChanges(batches).map(([operation, row]) => [operation, ...row])).toEqual([
      ['c', '1', 'x', '5'],
      ['c', '2', 'x', '5'],
      ['c', '3', 'x', '5', '2.00'],
      ['c', '4', '5', '2.00'],
      ['c', '5', '5', '2.00'],
      ['c', '6', '9007199254740993', '2.00', '[1,2]'],
      ['d', '6', undefined, undefined, undefined],
      ['d', '5', '5', '2.00', null],
    ])
    const types = 'id integer, beta bigint, c numeric(10,2), tags integer[]'
    expect(definitions(batches)).toEqual([
      [1, 'id integer, a text, b integer'],
      [2, 'id integer, a text, b integer, c numeric(10,2)'],
      [3, 'id integer, b integer, c numeric(10,2)'],
      [4, 'id integer, beta integer, c numeric(10,2)'],
      [5, types],
      [6, types],
    ])
    expect(batches[0]?.schema).toBe(schema)
    expect(batches.map(({ schema: { key } }) => key.join())).toEqual(batches.map(() => '0'))
    expect(batches.at(-1)?.schema.identity).toBeUndefined()
    await database.run('ALTER TABLE e RENAME TO d')
  })

  it('gives its changes by the columns it had to a session that begins later', async () => {
    await database.run('CREATE TABLE past (id int PRIMARY KEY, a text)')
    const parameters = { changes: { slotName: 'past_slot', publicationName: 'past' } }
    await using session = await openFollower(database, ['past'], { parameters })
    const from = await begin(session)
    await database.run(
      "INSERT INTO past VALUES (1, 'x')",
      'ALTER TABLE past ADD COLUMN b int, ALTER COLUMN a TYPE varchar(20)',
      "INSERT INTO past VALUES (2, 'y', 7)",
    )
    await using later = await openFollower(database, ['past'], { parameters })
    const batches = await changesUntilNow(later, from)
    expect(shownChanges(batches).map(([, row]) => row)).toEqual([
      ['1', 'x'],
      ['2', 'y', '7'],
    ])
    expect(definitions(batches)).toEqual([
      [2, 'id integer, a text'],
      [3, 'id integer, a character varying(20), b integer'],
    ])
  })

  it('keeps the columns the job names, and ends when one is gone', async () => {
    await database.run('CREATE TABLE named (id int PRIMARY KEY, a text, b int, c int)')
    const tables = [{ schema: 'public', table: 'named', columns: ['b', 'ID'] }]
    await using session = await openFollower(database, [], { parameters: { tables } })
    const [schema] = await session.describe({ signal: never })
    const from = await begin(session)
    await database.run(
      "INSERT INTO named VALUES (1, 'x', 5, 6)",
      'ALTER TABLE named ADD COLUMN d int, DROP COLUMN a',
      'UPDATE named SET b = 6, d = 4',
      'UPDATE named SET id = 2',
    )
    const batches = await changesUntilNow(session, from)
    expect(shownChanges(batches)).toEqual([
      ['c', ['5', '1'], null],
      ['u', ['6', '1'], null],
      ['u', ['6', '2'], [undefined, '1']],
    ])
    expect(batches.every((batch) => batch.schema === schema)).toBe(true)
    await database.run('ALTER TABLE named DROP COLUMN b', 'DELETE FROM named')
    await expect(changesUntilNow(session, from)).rejects.toMatchObject({
      code: 'SOURCE_OBJECT_MISSING',
      message: expect.stringContaining('no column b any more') as string,
    })
  })

  it('gives generated columns as not sent', async () => {
    await database.run(
      'CREATE TABLE computed (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED, b int)',
    )
    await using session = await openFollower(database, ['computed'])
    const [schema] = await session.describe({ signal: never })
    const from = await begin(session)
    await database.run('INSERT INTO computed VALUES (1, DEFAULT, 3)')
    const batches = await changesUntilNow(session, from)
    const isSent = (await database.version()) >= 18
    expect(shownChanges(batches)).toEqual([['c', ['1', isSent ? '2' : undefined, '3'], null]])
    expect(batches[0]?.schema).toBe(schema)
  })
})
