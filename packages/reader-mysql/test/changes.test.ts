import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FollowOptions } from '@millrace/core/plugin'
import type { Position, RecordBatch } from '@millrace/core/record'
import { changesUntilNow, followingReader, followOptions, lines } from './changes-source.ts'
import { batchesOf, never, TestDatabase } from './test-source.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await TestDatabase.create()
})
afterAll(async () => database?.[Symbol.asyncDispose]())

/** A table of this definition, followed from now on. */
async function followed(table: string, columns = 'id int PRIMARY KEY, name varchar(20)') {
  await database.run(`CREATE TABLE ${table} (${columns})`)
  const session = await followingReader(database, [table])
  const [schema] = await session.describe({ signal: never })
  const from = await session.currentPosition({ signal: never })
  return { session, schema, from, [Symbol.asyncDispose]: () => session[Symbol.asyncDispose]() }
}

/** Table and number of each transaction of a batch. */
function transactionsOf({ schema, changes }: RecordBatch): readonly string[] {
  return (changes?.transactions ?? []).map((transaction) => `${schema.table} ${transaction}`)
}

describe('following changes', () => {
  it('gives inserts, updates and deletes in commit order, and ends at a position', async () => {
    await using source = await followed('basic')
    const { session, schema, from } = source
    await database.run(
      "INSERT INTO basic VALUES (1, 'a'), (2, NULL)",
      "UPDATE basic SET name = 'b' WHERE id = 1",
      'DELETE FROM basic WHERE id = 2',
    )
    const batches = await changesUntilNow(session, from)
    expect(lines(batches)).toEqual(['c 1,a', 'c 2,', 'u 1,a>1,b', 'd 2,'])
    expect(batches.every((batch) => batch.schema === schema)).toBe(true)
    const last = batches.at(-1)!.position!
    expect(lines(await changesUntilNow(session, last))).toEqual([])
    await database.run("INSERT INTO basic VALUES (3, 'c')")
    expect(lines(await changesUntilNow(session, last))).toEqual(['c 3,c'])
  })

  it('numbers transactions upwards, tells when they were committed, and leaves out what was rolled back', async () => {
    await using source = await followed('numbered')
    const startMs = Date.now()
    await database.run(
      "INSERT INTO numbered VALUES (1, 'a')",
      'BEGIN',
      "INSERT INTO numbered VALUES (2, 'a')",
      'SAVEPOINT one',
      "INSERT INTO numbered VALUES (3, 'a')",
      'ROLLBACK TO one',
      "INSERT INTO numbered VALUES (4, 'a')",
      'COMMIT',
      'BEGIN',
      "INSERT INTO numbered VALUES (5, 'a')",
      'ROLLBACK',
      "INSERT INTO numbered VALUES (6, 'a')",
    )
    const batches = await changesUntilNow(source.session, source.from)
    expect(lines(batches)).toEqual(['c 1,a', 'c 2,a', 'c 4,a', 'c 6,a'])
    const [first, second, third, fourth] = batches.flatMap(({ changes }) => changes!.transactions)
    expect(second).toBe(third)
    expect(first).toBeLessThan(second!)
    expect(third).toBeLessThan(fourth!)
    for (const at of batches.flatMap(({ changes }) => changes!.committedAtMs)) {
      expect(Math.abs(at - startMs)).toBeLessThan(5_000)
    }
  })

  it('goes on from every position, inside transactions too, without repeating or losing a change', async () => {
    await database.run(
      'CREATE TABLE left_side (id int PRIMARY KEY, name varchar(20))',
      'CREATE TABLE right_side (id int PRIMARY KEY, name varchar(20))',
      'CREATE TABLE unfollowed (id int PRIMARY KEY)',
    )
    await using session = await followingReader(database, ['left_side', 'right_side'])
    const from = await session.currentPosition({ signal: never })
    await database.run(
      "INSERT INTO left_side VALUES (1, 'a'), (2, 'a'), (3, 'a')",
      'BEGIN',
      "INSERT INTO right_side VALUES (1, 'r'), (2, 'r')",
      'INSERT INTO unfollowed VALUES (1), (2)',
      "UPDATE left_side SET name = 'b'",
      'DELETE FROM right_side WHERE id = 1',
      "INSERT INTO left_side VALUES (4, 'a')",
      'COMMIT',
      'FLUSH LOGS',
      'INSERT INTO unfollowed VALUES (3)',
      "INSERT INTO right_side VALUES (9, 'r')",
    )
    const whole = await changesUntilNow(session, from)
    const wanted = whole.flatMap((batch) =>
      lines([batch]).map((line) => `${batch.schema.table} ${line}`),
    )
    expect(wanted).toHaveLength(11)
    const begun = new Set<string>()
    for (const batch of whole) {
      const [first = ''] = transactionsOf(batch)
      expect(batch.changes?.beginsTransaction).toBe(!begun.has(first))
      for (const transaction of transactionsOf(batch)) begun.add(transaction)
    }
    for (const maxRows of [1, 2]) {
      const batches = await changesUntilNow(session, from, { maxRows })
      const given = batches.map((batch) =>
        lines([batch]).map((line) => `${batch.schema.table} ${line}`),
      )
      expect(given.flat()).toEqual(wanted)
      for (const [index, { position }] of batches.entries()) {
        await using other = await followingReader(database, ['left_side', 'right_side'])
        const kept = JSON.parse(JSON.stringify(position)) as Position
        const rest = await changesUntilNow(other, kept, { maxRows })
        const text = rest.flatMap((batch) =>
          lines([batch]).map((line) => `${batch.schema.table} ${line}`),
        )
        expect(text).toEqual(given.slice(index + 1).flat())
        const seen = new Set(batches.slice(0, index + 1).flatMap(transactionsOf))
        for (const batch of rest) {
          const [first = ''] = transactionsOf(batch)
          if (seen.has(first)) expect(batch.changes?.beginsTransaction).toBe(false)
          for (const transaction of transactionsOf(batch)) seen.add(transaction)
        }
      }
    }
  })

  it('keeps a transaction that fits a batch of its own in one', async () => {
    await using source = await followed('whole')
    const insert = (first: number, count: number) =>
      `INSERT INTO whole (id) VALUES ${Array.from({ length: count }, (_, at) => `(${first + at})`).join(', ')}`
    await database.run(insert(0, 3), insert(10, 3), insert(20, 4), insert(30, 7), insert(40, 2))
    const batches = await changesUntilNow(source.session, source.from, { maxRows: 5 })
    const ids = batches.map(({ rows }) => rows.map(([id]) => Number(id)))
    expect(ids).toEqual([
      [0, 1, 2],
      [10, 11, 12],
      [20, 21, 22, 23],
      [30, 31, 32, 33, 34],
      [35, 36, 40, 41],
    ])
    expect(ids.flat()).toHaveLength(19)
    await using other = await followingReader(database, ['whole'])
    const rest = await changesUntilNow(other, batches[3]!.position!, { maxRows: 5 })
    expect(rest.flatMap(({ rows }) => rows.map(([id]) => Number(id)))).toEqual([35, 36, 40, 41])
  })

  it('gives nothing behind the end, and ends there while others write', async () => {
    await using source = await followed('bounded')
    const { session, from } = source
    await database.run("INSERT INTO bounded VALUES (1, 'a')")
    const until = await session.currentPosition({ signal: never })
    await database.run("INSERT INTO bounded VALUES (2, 'a')", 'FLUSH LOGS')
    const batches: RecordBatch[] = []
    for await (const batch of session.follow(from, { ...followOptions, until })) batches.push(batch)
    expect(lines(batches)).toEqual(['c 1,a'])
    expect(batches.at(-1)?.position).toEqual(until)
  })

  it('tells where the log stands when it moves on without changes for the job', async () => {
    await using source = await followed('silent')
    await database.run('CREATE TABLE noise (id int PRIMARY KEY)')
    await database.run(...Array.from({ length: 5 }, (_, id) => `INSERT INTO noise VALUES (${id})`))
    const until = await source.session.currentPosition({ signal: never })
    const batches = await changesUntilNow(source.session, source.from, { until })
    expect(lines(batches)).toEqual([])
    expect(batches.at(-1)?.position).toEqual(until)
  })

  it('hands a change out soon after its commit', async () => {
    await using source = await followed('prompt')
    const stop = new AbortController()
    const seen: string[] = []
    const following = (async () => {
      const options: FollowOptions = { ...followOptions, signal: stop.signal }
      for await (const batch of source.session.follow(source.from, options)) {
        seen.push(...lines([batch]))
      }
    })()
    for (const id of [1, 2, 3]) {
      await database.run(`INSERT INTO prompt VALUES (${id}, 'a')`)
      await delay(300)
      expect(seen).toHaveLength(id)
    }
    stop.abort(new Error('enough'))
    await expect(following).rejects.toThrow('enough')
  })

  it('gives TRUNCATE as an empty batch, in its place', async () => {
    await using source = await followed('emptied')
    await database.run(
      "INSERT INTO emptied VALUES (1, 'a')",
      'TRUNCATE TABLE emptied',
      "INSERT INTO emptied VALUES (2, 'b')",
      `/* by hand */ TRUNCATE \`${database.name}\`.\`emptied\``,
    )
    const batches = await changesUntilNow(source.session, source.from)
    expect(lines(batches)).toEqual(['c 1,a', 'truncate', 'c 2,b', 'truncate'])
    const rest = await changesUntilNow(source.session, batches[1]!.position!)
    expect(lines(rest)).toEqual(['c 2,b', 'truncate'])
  })

  it('meets the snapshot', async () => {
    await database.run(
      'CREATE TABLE meets (id int PRIMARY KEY AUTO_INCREMENT, name varchar(20))',
      "INSERT INTO meets (name) VALUES ('a'), ('b')",
    )
    await using session = await followingReader(database, ['meets'])
    const plan = await session.split(2, { signal: never })
    expect(plan.consistency).toBe('one-snapshot')
    await database.run("INSERT INTO meets (name) VALUES ('c')")
    const read: unknown[] = []
    for (const split of plan.splits) {
      for (const { rows } of await batchesOf(session, split)) read.push(...rows)
    }
    expect(read).toEqual([
      ['1', 'a'],
      ['2', 'b'],
    ])
    expect(lines(await changesUntilNow(session, plan.followFrom!))).toEqual(['c 3,c'])
  })
})

describe('a definition that changes while changes are followed', () => {
  it('comes as a schema of the next version, from its place on', async () => {
    await using source = await followed('evolving')
    await database.run(
      "INSERT INTO evolving VALUES (1, 'a')",
      'ALTER TABLE evolving ADD COLUMN note varchar(10) FIRST',
      "INSERT INTO evolving VALUES ('n', 2, 'b')",
      'ALTER TABLE evolving RENAME COLUMN name TO title',
      "INSERT INTO evolving VALUES ('n', 3, 'c')",
      'ALTER TABLE evolving DROP COLUMN note',
      "INSERT INTO evolving VALUES (4, 'd')",
      'ALTER TABLE evolving MODIFY id bigint',
      "INSERT INTO evolving VALUES (5000000000, 'e')",
      'ALTER TABLE evolving MODIFY title varchar(20) FIRST',
      "INSERT INTO evolving VALUES ('f', 6)",
    )
    const batches = await changesUntilNow(source.session, source.from)
    const given = batches.map(({ schema, rows }) => [
      schema.fields.map(({ name }) => name).join(','),
      rows.map((row) => row.join(',')).join(';'),
    ])
    expect(given).toEqual([
      ['id,name', '1,a'],
      ['note,id,name', 'n,2,b'],
      ['note,id,title', 'n,3,c'],
      ['id,title', '4,d'],
      ['id,title', '5000000000,e'],
      ['title,id', 'f,6'],
    ])
    const versions = batches.map(({ schema }) => schema.version)
    expect(versions).toEqual(versions.toSorted((left, right) => left - right))
    expect(new Set(versions).size).toBeGreaterThanOrEqual(5)
    expect(batches.at(-1)?.schema.key).toEqual([1])
  })

  it('keeps the columns that the job names', async () => {
    await database.run('CREATE TABLE named (id int PRIMARY KEY, a int, b int)')
    const tables = [{ table: 'named', columns: ['b', 'id'] }]
    await using session = await followingReader(database, [], { tables })
    const [schema] = await session.describe({ signal: never })
    const from = await session.currentPosition({ signal: never })
    await database.run(
      'INSERT INTO named VALUES (1, 10, 100)',
      'ALTER TABLE named ADD COLUMN c int FIRST, DROP COLUMN a',
      'INSERT INTO named VALUES (7, 2, 200)',
    )
    const batches = await changesUntilNow(session, from)
    expect(lines(batches)).toEqual(['c 100,1', 'c 200,2'])
    expect(batches.every((batch) => batch.schema === schema)).toBe(true)
    const here = await session.currentPosition({ signal: never })
    await database.run('ALTER TABLE named DROP COLUMN b', 'INSERT INTO named VALUES (7, 3)')
    await expect(changesUntilNow(session, here)).rejects.toMatchObject({
      code: 'SOURCE_OBJECT_MISSING',
      message: expect.stringContaining('"b"') as unknown,
    })
  })

  it('may put another table in the place of one', async () => {
    await using source = await followed('swapped')
    await database.run(
      "INSERT INTO swapped VALUES (1, 'a')",
      'CREATE TABLE swapped_new LIKE swapped',
      'ALTER TABLE swapped_new ADD COLUMN extra int DEFAULT 5',
      'RENAME TABLE swapped TO swapped_old, swapped_new TO swapped',
      "INSERT INTO swapped VALUES (2, 'b', 6)",
      "INSERT INTO swapped_old VALUES (3, 'c')",
    )
    const batches = await changesUntilNow(source.session, source.from)
    expect(lines(batches)).toEqual(['c 1,a', 'c 2,b,6'])
  })
})

describe('a table that is not there when its changes are read', () => {
  it('is read as the log describes it, and as it is once it is back', async () => {
    await using source = await followed('absent')
    await database.run(
      "INSERT INTO absent VALUES (1, 'a')",
      'ALTER TABLE absent ADD COLUMN note varchar(10)',
      "INSERT INTO absent VALUES (2, 'b', 'n')",
      'RENAME TABLE absent TO absent_away',
    )
    const { session, from } = source
    const batches = await changesUntilNow(session, from)
    expect(lines(batches)).toEqual(['c 1,a', 'c 2,b,n'])
    expect(batches.map(({ schema }) => schema.key)).toEqual([[0], [0]])
    const away = await session.currentPosition({ signal: never })
    await database.run(
      'ALTER TABLE absent_away DROP COLUMN name',
      'RENAME TABLE absent_away TO absent',
      "INSERT INTO absent VALUES (3, 'm')",
    )
    const back = await changesUntilNow(session, away)
    expect(lines(back)).toEqual(['c 3,m'])
    expect(back[0]?.schema.fields.map(({ name }) => name)).toEqual(['id', 'note'])
  })
})

describe('a position', () => {
  it('that the server has purged is lost', async () => {
    await using source = await followed('purged')
    const { session, from } = source
    const token = from.token as { file: string }
    // With GTIDs alone MySQL would find its place in another file.
    const file = token.file.replace(/\d+$/, '000000')
    const gone = JSON.parse(JSON.stringify({ ...token, file, gtid: undefined })) as typeof token
    const position: Position = { token: gone, label: `${gone.file}:4` }
    await expect(changesUntilNow(session, position)).rejects.toMatchObject({
      code: 'POSITION_LOST',
      message: expect.stringContaining(gone.file) as unknown,
      hint: expect.stringContaining('expire_logs') as unknown,
    })
  })

  it('of another server, or none of this reader, is lost', async () => {
    await using source = await followed('elsewhere')
    const { session, from } = source
    const token = from.token as Record<string, never>
    const wrong = [
      { ...token, server: 'another', gtid: undefined },
      { ...token, offset: 2 ** 40, gtid: undefined },
      { ...token, file: 'nothing.000001', gtid: undefined },
      'text',
    ]
    for (const each of wrong) {
      const position = JSON.parse(JSON.stringify({ label: 'wrong', token: each })) as Position
      await expect(changesUntilNow(session, position)).rejects.toMatchObject({
        code: 'POSITION_LOST',
      })
    }
  })
})
