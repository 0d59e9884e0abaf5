import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PluginError } from '@millrace/core/plugin'
import type { Position } from '@millrace/core/record'
import {
  begin,
  changesBetween,
  changesUntilNow,
  openFollower,
  shownChanges,
} from './followed-source.ts'
import { never, TestDatabase } from './test-source.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await TestDatabase.create()
  await database.run('CREATE TABLE t (id int PRIMARY KEY)')
})
afterAll(async () => database[Symbol.asyncDispose]())

const slot = 'positions_slot'
const parameters = { changes: { slotName: slot } }

async function failure(work: Promise<unknown>): Promise<PluginError> {
  try {
    await work
  } catch (error) {
    if (PluginError.isInstance(error)) return error
    throw error
  }
  throw new Error('it did not fail')
}

describe('a position', () => {
  it('behind which the slot has moved on is lost', async () => {
    await using session = await openFollower(database, ['t'], { parameters })
    const from = await begin(session)
    await database.run('INSERT INTO t VALUES (1)')
    const [batch] = await changesUntilNow(session, from)
    await session.acknowledge(batch!.position!, { signal: never })
    const error = await failure(changesUntilNow(session, from))
    expect(error.code).toBe('POSITION_LOST')
    expect(error.message).toContain(slot)
    expect(error.message).toContain(batch!.position!.label)
    expect(await changesUntilNow(session, batch!.position!)).toHaveLength(1)
  })

  it('whose slot is gone is lost', async () => {
    await using session = await openFollower(database, ['t'], { parameters })
    const from = await begin(session)
    await database.run(`SELECT pg_drop_replication_slot('${slot}')`, 'INSERT INTO t VALUES (2)')
    const error = await failure(changesUntilNow(session, from))
    expect(error.code).toBe('POSITION_LOST')
    expect(error.message).toContain('not there')
  })

  it('whose publication is gone, or was made anew since, is lost', async () => {
    const changes = { slotName: slot, publicationName: 'positions' }
    const from = await (async () => {
      await using session = await openFollower(database, ['t'], { parameters: { changes } })
      return await begin(session)
    })()
    await database.run('DROP PUBLICATION positions', 'INSERT INTO t VALUES (200)')
    {
      await using session = await openFollower(database, ['t'], { parameters: { changes } })
      const error = await failure(changesUntilNow(session, from))
      expect(error.code).toBe('POSITION_LOST')
      expect(error.message).toContain('publication positions is not there')
    }
    await database.run('CREATE PUBLICATION positions FOR TABLE t')
    await using session = await openFollower(database, ['t'], { parameters: { changes } })
    const error = await failure(changesUntilNow(session, from))
    expect(error.code).toBe('POSITION_LOST')
    expect(error.message).toContain('publication positions was made anew')
  })

  it('is lost where the publication lacked a table meanwhile, and not where another one came', async () => {
    const changes = { slotName: slot, publicationName: 'membership' }
    await database.run('CREATE TABLE u (id int PRIMARY KEY)', 'CREATE TABLE v (id int PRIMARY KEY)')
    const open = (tables: readonly string[]) =>
      openFollower(database, tables, { parameters: { changes } })
    const from = await (async () => {
      await using session = await open(['t', 'u'])
      const beginning = await begin(session)
      await database.run('INSERT INTO t VALUES (300)')
      return (await changesUntilNow(session, beginning)).at(-1)!.position!
    })()
    await database.run('ALTER PUBLICATION membership ADD TABLE v', 'INSERT INTO v VALUES (1)')
    {
      await using session = await open(['t', 'u'])
      expect(shownChanges(await changesUntilNow(session, from))).toEqual([])
    }
    await database.run(
      'ALTER PUBLICATION membership DROP TABLE u',
      'INSERT INTO u VALUES (1)',
      'ALTER PUBLICATION membership ADD TABLE u',
    )
    {
      await using session = await open(['t', 'u'])
      const error = await failure(changesUntilNow(session, from))
      expect(error.code).toBe('POSITION_LOST')
      expect(error.message).toContain('publication membership')
      // The job takes it up anew.
      const given = await changesUntilNow(session, from, { leaveOut: new Set([`public.u`]) })
      expect(shownChanges(given)).toEqual([])
      const joined = given.at(-1)!.position!
      await database.run('INSERT INTO u VALUES (2)')
      expect(shownChanges(await changesUntilNow(session, joined))).toEqual([['c', ['2'], null]])
    }
    await using session = await open(['t'])
    expect(shownChanges(await changesUntilNow(session, from))).toEqual([])
    await database.run('ALTER PUBLICATION membership DROP TABLE t')
    await using lacking = await open(['t'])
    const error = await failure(changesUntilNow(lacking, from))
    expect(error.message).toContain('lacks public.t')
  })

  it.each([
    { token: null, label: '' },
    { token: { lsn: 'x' }, label: '' },
    { token: { lsn: '0/1', index: -1 }, label: '' },
    { token: [['id', '1']], label: '' },
    { token: { lsn: 'FFFFFF/0' }, label: 'of another server' },
  ] satisfies Position[])('%j is lost', async (position) => {
    await using session = await openFollower(database, ['t'], { parameters })
    await begin(session)
    expect((await failure(changesBetween(session, position, {}))).code).toBe('POSITION_LOST')
  })

  it('inside a transaction that the server does not send any more is lost', async () => {
    await database.run('CREATE TABLE gone (id int)', 'ALTER TABLE gone REPLICA IDENTITY FULL')
    await using session = await openFollower(database, ['gone', 't'], { parameters })
    const from = await begin(session)
    await database.run('INSERT INTO gone SELECT generate_series(1, 5)', 'INSERT INTO t VALUES (3)')
    const [first, second] = await changesUntilNow(session, from, { maxRows: 2 })
    const inside = first!.position!
    expect(inside.token).toMatchObject({ index: 2 })
    const token = { ...(second!.position!.token as object), index: 2, lsn: lsnOf(from) }
    const error = await failure(changesUntilNow(session, { token, label: 'inside' }))
    expect(error.code).toBe('POSITION_LOST')
    expect(shownChanges(await changesUntilNow(session, inside))).toHaveLength(4)
  })
})

describe('a slot', () => {
  it('that another process reads is waited for, then named with that process', async () => {
    await using first = await openFollower(database, ['t'], { parameters })
    await using second = await openFollower(database, ['t'], { parameters })
    const from = await begin(first)
    await database.run('INSERT INTO t VALUES (20)')
    const until = await second.currentPosition({ signal: never })
    const stop = new AbortController()
    const reading = changesBetween(first, from, { signal: stop.signal })
    const ended = expect(reading).rejects.toThrow('enough')
    const pid = await activePid()
    const error = await failure(changesBetween(second, from, { until }))
    expect(error.code).toBe('SOURCE_FAILED')
    expect(error.isRetryable).toBe(true)
    expect(`${error.message} ${error.hint}`).toContain(`pg_terminate_backend(${pid})`)
    const waiting = changesBetween(second, from, { until })
    stop.abort(new Error('enough'))
    await ended
    expect(await waiting).not.toHaveLength(0)
  })

  it('whose reader was terminated by the server can be read again', async () => {
    await using session = await openFollower(database, ['t'], { parameters })
    const from = await begin(session)
    const reading = changesBetween(session, from, {})
    const failed = failure(reading)
    const pid = await activePid()
    await database.run(`SELECT pg_terminate_backend(${pid})`, 'INSERT INTO t VALUES (30)')
    const error = await failed
    expect(error.code).toBe('SOURCE_FAILED')
    expect(error.isRetryable).toBe(true)
    expect(shownChanges(await changesUntilNow(session, from))).toEqual([['c', ['30'], null]])
  })

  async function activePid(): Promise<string> {
    for (;;) {
      const [row] = await database.rows(
        `SELECT active_pid FROM pg_replication_slots WHERE slot_name = '${slot}' AND active`,
      )
      if (row?.[0] !== undefined) return row[0]
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
})

describe('the log', () => {
  it('says how far a position is behind', async () => {
    await using session = await openFollower(database, ['t'], { parameters })
    const from = await begin(session)
    const before = await session.logStatus(from, { signal: never })
    await database.run('INSERT INTO t SELECT generate_series(1000, 2000)')
    const status = await session.logStatus(from, { signal: never })
    expect(status.lagBytes).toBeGreaterThan(Number(before.lagBytes) + 1000 * 30)
    expect(status.end).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/)
    expect(status.budgetBytes).toBeUndefined()
  })
})

function lsnOf({ token }: Position): string {
  return (token as { lsn: string }).lsn
}
