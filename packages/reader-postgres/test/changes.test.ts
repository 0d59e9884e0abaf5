import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Position, RecordBatch } from '@millrace/core/record'
import {
  begin,
  changesBetween,
  changesUntilNow,
  followOptions,
  openFollower,
  rowsOf,
  shownChanges,
} from './followed-source.ts'
import { connectTo, never, TestDatabase, until } from './test-source.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await TestDatabase.create()
})
afterAll(async () => database[Symbol.asyncDispose]())

const long = 'x'.repeat(50).concat('é')

/** A value that the server keeps aside, since it can't be compressed. */
const aside = `(SELECT string_agg(md5(i::text), '') FROM generate_series(1, 400) AS i)`

describe('changes', () => {
  it('come in commit order with their operations, and end exactly', async () => {
    await database.run('CREATE TABLE orders (id int PRIMARY KEY, note text, flag bool)')
    await using session = await openFollower(database, ['orders'])
    const [schema] = await session.describe({ signal: never })
    const from = await begin(session)
    const beforeMs = Date.now() - 60_000
    await database.run(
      `INSERT INTO orders VALUES (1, '${long}', true), (2, NULL, false)`,
      "UPDATE orders SET note = 'b' WHERE id = 2",
      'UPDATE orders SET id = 3 WHERE id = 2',
      'BEGIN',
      'INSERT INTO orders VALUES (9)',
      'ROLLBACK',
      'DELETE FROM orders WHERE id = 1',
      'TRUNCATE orders',
      "INSERT INTO orders VALUES (4, '', true)",
    )
    const end = await session.currentPosition({ signal: never })
    await database.run('INSERT INTO orders VALUES (5)')
    const batches = await changesBetween(session, from, { until: end })
    expect(shownChanges(batches)).toEqual([
      ['c', ['1', long, true], null],
      ['c', ['2', null, false], null],
      ['u', ['2', 'b', false], null],
      ['u', ['3', 'b', false], ['2', undefined, undefined]],
      ['d', ['1', undefined, undefined], null],
      ['t', ['orders'], null],
      ['c', ['4', '', true], null],
    ])
    expect(batches.every((batch) => batch.schema === schema)).toBe(true)
    expect(schema?.identity).toEqual([0])
    expect(batches.at(-1)?.position?.label).toBe(end.label)
    const transactions = batches.flatMap(({ changes }) => changes?.transactions ?? [])
    expect(transactions).toEqual(transactions.toSorted((left, right) => left - right))
    expect(new Set(transactions).size).toBe(5)
    expect(transactions[0]).toBe(transactions[1])
    for (const timeMs of batches.flatMap(({ changes }) => changes?.committedAtMs ?? [])) {
      expect(timeMs).toBeGreaterThan(beforeMs)
      expect(timeMs).toBeLessThan(beforeMs + 120_000)
    }
    expect(batches[0]?.byteSize).toBe(1 + 52 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1)
  })

  it('of transactions that were open come when they commit', async () => {
    await database.run('CREATE TABLE late (id int PRIMARY KEY)')
    const other = await connectTo(database.name)
    try {
      await using session = await openFollower(database, ['late'])
      const from = await begin(session)
      await other.query(
        'BEGIN; INSERT INTO late VALUES (1); SAVEPOINT a; INSERT INTO late VALUES (2)',
      )
      await database.run('INSERT INTO late VALUES (3)')
      const between = await session.currentPosition({ signal: never })
      await other.query('ROLLBACK TO a; COMMIT')
      const first = await changesBetween(session, from, { until: between })
      expect(shownChanges(first).map(([, row]) => row)).toEqual([['3']])
      const rest = await changesUntilNow(session, between)
      expect(shownChanges(rest).map(([, row]) => row)).toEqual([['1']])
    } finally {
      await other.end()
    }
  })

  it('hold what the replica identity gives of the row before', async () => {
    await database.run(
      'CREATE TABLE by_key (id int PRIMARY KEY, code text NOT NULL UNIQUE, big text)',
      'CREATE TABLE by_index (id int PRIMARY KEY, code text NOT NULL UNIQUE, big text)',
      'ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_code_key',
      'CREATE TABLE by_row (id int PRIMARY KEY, code text NOT NULL UNIQUE, big text)',
      'ALTER TABLE by_row REPLICA IDENTITY FULL',
    )
    const tables = ['by_key', 'by_index', 'by_row']
    await using session = await openFollower(database, tables)
    const schemas = await session.describe({ signal: never })
    expect(schemas.map(({ identity }) => identity)).toEqual([[0], [1], undefined])
    const from = await begin(session)
    for (const table of tables) {
      await database.run(
        `INSERT INTO ${table} VALUES (1, 'a', ${aside})`,
        `UPDATE ${table} SET id = 2`,
        `UPDATE ${table} SET code = 'b'`,
        `DELETE FROM ${table}`,
      )
    }
    const [row] = await database.rows(`SELECT ${aside}`)
    const big = row?.[0]
    const found = shownChanges(await changesUntilNow(session, from))
    const none = undefined
    expect(found).toEqual([
      ['c', ['1', 'a', big], null],
      ['u', ['2', 'a', none], ['1', none, none]],
      ['u', ['2', 'b', none], null],
      ['d', ['2', none, none], null],
      ['c', ['1', 'a', big], null],
      ['u', ['2', 'a', none], null],
      ['u', ['2', 'b', none], [none, 'a', none]],
      ['d', [none, 'b', none], null],
      ['c', ['1', 'a', big], null],
      ['u', ['2', 'a', big], ['1', 'a', big]],
      ['u', ['2', 'b', big], ['2', 'a', big]],
      ['d', ['2', 'b', big], null],
    ])
  })

  it('of partitions come as those of their table', async () => {
    await database.run(
      'CREATE TABLE parted (id int, part int, note text, PRIMARY KEY (id, part)) PARTITION BY LIST (part)',
      'CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1)',
      'CREATE TABLE parted_2 (note text, part int NOT NULL, id int NOT NULL, PRIMARY KEY (id, part))',
      'ALTER TABLE parted ATTACH PARTITION parted_2 FOR VALUES IN (2)',
      'CREATE PUBLICATION by_part FOR TABLE parted WITH (publish_via_partition_root = false)',
    )
    for (const changes of [{}, { publicationName: 'by_part', slotName: 'by_part' }]) {
      const warnings: string[] = []
      await using session = await openFollower(database, ['parted'], {
        parameters: { changes },
        warnings,
      })
      const [schema] = await session.describe({ signal: never })
      const from = await begin(session)
      await database.run(
        "INSERT INTO parted VALUES (1, 1, 'a'), (2, 2, 'b')",
        'UPDATE parted SET part = 2 WHERE id = 1',
        'TRUNCATE parted_2',
      )
      const batches = await changesUntilNow(session, from)
      expect(shownChanges(batches)).toEqual([
        ['c', ['1', '1', 'a'], null],
        ['c', ['2', '2', 'b'], null],
        ['d', ['1', '1', undefined], null],
        ['c', ['1', '2', 'a'], null],
      ])
      expect(batches.every((batch) => batch.schema === schema)).toBe(true)
      expect(warnings).toHaveLength('slotName' in changes ? 1 : 0)
    }
  })

  it('meet a snapshot exactly, while others write', async () => {
    await database.run('CREATE TABLE busy (id bigserial PRIMARY KEY)')
    await using session = await openFollower(database, ['busy'])
    const plan = await session.split(1, { signal: never })
    const writers = await Promise.all([1, 2, 3].map(() => connectTo(database.name)))
    let isOver = false
    const writing = writers.map(async (writer) => {
      while (!isOver) await writer.query('BEGIN; INSERT INTO busy DEFAULT VALUES; COMMIT')
    })
    const snapshots: { seen: Set<string>; position: Position }[] = []
    try {
      for (let round = 0; round < 12; round += 1) {
        const position = await session.takeSnapshot({ signal: never })
        const rows = await rowsOf(session, plan.splits)
        snapshots.push({ seen: new Set(rows.map(([id]) => String(id))), position })
      }
    } finally {
      isOver = true
      await Promise.all(writing)
      await Promise.all(writers.map((writer) => writer.end()))
    }
    const all = (await database.rows('SELECT id FROM busy')).map(([id]) => String(id))
    let from = plan.followFrom!
    const before = new Set<string>()
    for (const { seen, position } of snapshots) {
      for (const [, [id]] of shownChanges(await changesBetween(session, from, { until: position })))
        before.add(String(id))
      expect([...seen].toSorted()).toEqual([...before].toSorted())
      from = position
    }
    const rest = shownChanges(await changesUntilNow(session, from)).map(([, [id]]) => String(id))
    expect(rest.some((id) => before.has(id))).toBe(false)
    expect(new Set([...before, ...rest])).toEqual(new Set(all))
    expect(snapshots.at(-1)?.seen.size).toBeGreaterThan(100)
  })

  it('are never met by reads under another snapshot', async () => {
    await database.run('CREATE TABLE held (id int PRIMARY KEY)', 'INSERT INTO held VALUES (1)')
    await using session = await openFollower(database, ['held'])
    const plan = await session.split(1, { signal: never })
    const pids = await database.readerPids('%pg_export_snapshot%')
    expect(pids).toHaveLength(1)
    await database.run(`SELECT pg_terminate_backend(${pids[0]})`, 'INSERT INTO held VALUES (2)')
    await until(async () => (await database.readerPids('%pg_export_snapshot%')).length === 0)
    await expect(rowsOf(session, plan.splits)).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      isRetryable: true,
    })
    const position = await session.takeSnapshot({ signal: never })
    await database.run('INSERT INTO held VALUES (3)')
    expect(await rowsOf(session, plan.splits)).toEqual([['1'], ['2']])
    expect(shownChanges(await changesUntilNow(session, position))).toEqual([['c', ['3'], null]])
  })

  it('leave small transactions whole where they fit a batch of their own', async () => {
    await database.run('CREATE TABLE grouped (id serial PRIMARY KEY, group_id int)')
    await using session = await openFollower(database, ['grouped'])
    const from = await begin(session)
    for (const [group, count] of [3, 3, 3, 3, 10, 1].entries())
      await database.run(
        `INSERT INTO grouped (group_id) SELECT ${group} FROM generate_series(1, ${count})`,
      )
    const batches = await changesUntilNow(session, from, { maxRows: 4, maxDelayMs: 60_000 })
    const groups = batches.map(({ rows }) => rows.map(([, group]) => Number(group)))
    expect(groups.filter((rows) => rows.length > 0)).toEqual([
      [0, 0, 0],
      [1, 1, 1],
      [2, 2, 2],
      [3, 3, 3],
      [4, 4, 4, 4],
      [4, 4, 4, 4],
      [4, 4, 5],
    ])
  })

  it('go on from any position, inside a transaction, too', async () => {
    await database.run(
      'CREATE TABLE steps_a (id int PRIMARY KEY, note text)',
      'CREATE TABLE steps_b (id int PRIMARY KEY)',
    )
    await using session = await openFollower(database, ['steps_a', 'steps_b'])
    const from = await begin(session)
    await database.run(
      'BEGIN',
      "INSERT INTO steps_a SELECT i, 'n' FROM generate_series(1, 3) AS i",
      'INSERT INTO steps_b VALUES (1)',
      "UPDATE steps_a SET note = 'm' WHERE id = 2",
      'TRUNCATE steps_a, steps_b',
      'INSERT INTO steps_b VALUES (2), (3)',
      'COMMIT',
      'INSERT INTO steps_a VALUES (7)',
      'BEGIN',
      'INSERT INTO steps_a VALUES (8)',
      'DELETE FROM steps_a WHERE id = 7',
      'COMMIT',
    )
    const end = await session.currentPosition({ signal: never })
    const whole = await changesBetween(session, from, { until: end, maxRows: 1 })
    const wanted = shownChanges(whole)
    expect(wanted).toHaveLength(12)
    for (const [index, { position }] of whole.entries()) {
      const done = shownChanges(whole.slice(0, index + 1))
      // What the server may forget then, it still has to give.
      await session.acknowledge(position!, { signal: never })
      const rest = await changesBetween(session, position!, { until: end })
      expect([...done, ...shownChanges(rest)]).toEqual(wanted)
      const numbers = (batches: RecordBatch[]) =>
        batches.flatMap(({ changes }) => changes?.transactions ?? [])
      expect(numbers(rest)).toEqual(numbers(whole.slice(index + 1)))
    }
  })

  it('reach the consumer while the log goes on, and give room to what comes later', async () => {
    await database.run('CREATE TABLE flowing (id int PRIMARY KEY)')
    await using session = await openFollower(database, ['flowing'])
    const from = await begin(session)
    const stop = new AbortController()
    const seen: string[] = []
    const reading = (async () => {
      for await (const batch of session.follow(from, { ...followOptions, signal: stop.signal })) {
        seen.push(...batch.rows.map(([id]) => String(id)))
        if (batch.position !== undefined)
          await session.acknowledge(batch.position, { signal: never })
        if (seen.length === 3) stop.abort(new Error('seen enough'))
      }
    })()
    const ended = expect(reading).rejects.toThrow('seen enough')
    for (const id of [1, 2, 3]) {
      await database.run(`INSERT INTO flowing VALUES (${id})`)
      await until(async () => seen.length === id)
    }
    await ended
    expect(seen).toEqual(['1', '2', '3'])
  })

  it('move the slot on when nothing happens to the tables, as far as it was acknowledged', async () => {
    await database.run('CREATE TABLE quiet (id int PRIMARY KEY)', 'CREATE TABLE loud (id int)')
    await using session = await openFollower(database, ['quiet'], {
      parameters: { changes: { slotName: 'quiet_slot' } },
    })
    const from = await begin(session)
    const stop = new AbortController()
    const confirmed = async () => {
      const [row] = await database.rows(
        "SELECT confirmed_flush_lsn - '0/0' FROM pg_replication_slots WHERE slot_name = 'quiet_slot'",
      )
      return Number(row?.[0])
    }
    const [at] = await database.rows("SELECT pg_current_wal_insert_lsn() - '0/0'")
    let marks = 0
    const reading = (async () => {
      for await (const batch of session.follow(from, { ...followOptions, signal: stop.signal })) {
        expect(batch.rows).toEqual([])
        marks += 1
        // The first one is not acknowledged: the slot must not move by itself.
        if (marks === 1) expect(await confirmed()).toBeLessThanOrEqual(Number(at?.[0]))
        else await session.acknowledge(batch.position!, { signal: never })
      }
    })()
    const ended = expect(reading).rejects.toThrow('moved')
    await until(async () => {
      await database.run('INSERT INTO loud VALUES (1)')
      return (await confirmed()) > Number(at?.[0])
    })
    stop.abort(new Error('moved'))
    await ended
    expect(marks).toBeGreaterThan(1)
  })

  it('wait for a slow consumer without losing the connection', async () => {
    await using server = await TestDatabase.create()
    await server.run(
      'CREATE TABLE slow (id serial PRIMARY KEY, pad text)',
      `ALTER DATABASE ${server.name} SET wal_sender_timeout = '1s'`,
    )
    await using session = await openFollower(server, ['slow'])
    const from = await begin(session)
    await server.run(
      "INSERT INTO slow (pad) SELECT repeat('x', 1000) FROM generate_series(1, 40000)",
    )
    const end = await session.currentPosition({ signal: never })
    let count = 0
    let hasWaited = false
    for await (const batch of session.follow(from, {
      ...followOptions,
      until: end,
      maxRows: 100,
    })) {
      count += batch.rows.length
      if (hasWaited) continue
      await new Promise((resolve) => setTimeout(resolve, 4_000))
      hasWaited = true
    }
    expect(count).toBe(40_000)
  })
})
