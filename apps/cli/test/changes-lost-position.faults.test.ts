import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, vi } from 'vitest'
import type { SourceKind } from './support/load-source.ts'
import { pipelineFolder, type PipelineFolder } from './support/pipeline-folder.ts'
import { test, type RedisTarget } from './support/redis-test.ts'
import { startRestartableSource } from './support/restartable-source.ts'
import {
  cutLogReaders,
  dropSlots,
  makeChangeDatabase,
  type TestDatabase,
} from './support/test-database.ts'

const kinds = ['postgresql', 'mysql'] as const
const rowCount = 20_000
const waitOptions = { timeout: 30_000, interval: 20 }
vi.setConfig({ testTimeout: 300_000 })

type LogDatabase = Pick<TestDatabase, 'name' | 'execute' | 'query'>

/** A database whose log may be taken away: MySQL's is that of the whole server. */
async function makeDatabase(kind: SourceKind): Promise<TestDatabase> {
  if (kind === 'postgresql') return await makeChangeDatabase(kind)
  const server = await startRestartableSource('mysql', 0)
  return {
    ...(server.source.database as TestDatabase),
    [Symbol.asyncDispose]: async () => await server[Symbol.asyncDispose](),
  }
}

async function makeItems(kind: SourceKind, database: LogDatabase): Promise<void> {
  const numbers =
    kind === 'mysql' ? `seq_1_to_${rowCount}` : `generate_series(1, ${rowCount}) AS s (seq)`
  await database.execute(
    'CREATE TABLE item (id int PRIMARY KEY, name varchar(40), note varchar(500))',
    // More than what stands in buffers, so that the server is read from for a while.
    `INSERT INTO item SELECT seq, concat('item ', seq), repeat('x', 500) FROM ${numbers}`,
  )
}

function itemPipeline(
  target: RedisTarget,
  kind: SourceKind,
  database: TestDatabase,
  onLostPosition?: string,
): PipelineFolder {
  const namespace = kind === 'mysql' ? database.name : 'public'
  return pipelineFolder(target, kind, database, {
    tables: { [`${namespace}.item`]: {} },
    others: {
      processors: { write_batch_size: 50 },
      ...(onLostPosition === undefined ? {} : { millrace: { on_lost_position: onLostPosition } }),
    },
  })
}

/** Takes away what a pipeline that does not run would need next. */
async function loseLog(kind: SourceKind, database: TestDatabase): Promise<void> {
  if (kind === 'postgresql') {
    await dropSlots(database)
    return
  }
  await database.execute('FLUSH BINARY LOGS')
  // The connection that has read a file keeps it for as long as the server takes it to be there.
  await vi.waitFor(async () => {
    await cutLogReaders('mysql', database, 'root')
    const logs = await database.query('SHOW BINARY LOGS')
    await database.execute(`PURGE BINARY LOGS TO '${String(logs.at(-1)?.['Log_name'])}'`)
    expect(await database.query('SHOW BINARY LOGS')).toHaveLength(1)
  }, waitOptions)
}

/** Takes the log away whenever a run reads its table. */
async function keepLosingLog(
  kind: SourceKind,
  database: TestDatabase,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    if (kind === 'mysql') {
      const reads = await database.query(
        `SELECT id FROM information_schema.processlist
          WHERE id <> CONNECTION_ID() AND command = 'Query' AND info LIKE 'SELECT %\`item\`%'`,
      )
      if (reads.length > 0) await loseLog(kind, database)
      await sleep(5)
    } else
      await database.query(
        `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
          WHERE database = '${database.name}' AND NOT active AND NOT temporary`,
      )
  }
}

describe.concurrent.each(kinds)('a position that %s has lost', (kind) => {
  test('is answered by a new snapshot where that is wanted', async ({ target }) => {
    const { client } = target
    await using database = await makeDatabase(kind)
    await makeItems(kind, database)
    const pipeline = itemPipeline(target, kind, database, 'resnapshot')
    const first = await pipeline.catchUp()
    expect(first.exitCode, first.stderr).toBe(0)
    await database.execute(
      "UPDATE item SET name = 'lost' WHERE id = 1",
      'DELETE FROM item WHERE id = 2',
    )
    await loseLog(kind, database)
    const second = await pipeline.catchUp()
    expect(second.exitCode, second.stderr).toBe(0)
    expect(second.report).toMatchObject({ status: 'complete', recordsRead: rowCount - 1 })
    expect(second.report?.notes).toEqual([expect.stringContaining('the tables are read again')])
    expect(await client.hget('item:id:1', 'name')).toBe('lost')
    // What the report warns of.
    expect(await client.exists('item:id:2')).toBe(1)
    await database.execute("UPDATE item SET name = 'followed' WHERE id = 1")
    const third = await pipeline.catchUp()
    expect(third.exitCode, third.stderr).toBe(0)
    expect(third.report).toMatchObject({ recordsRead: 1 })
    expect(await client.hget('item:id:1', 'name')).toBe('followed')
  })

  test('ends the run with 4 when two new snapshots in a row do not help', async ({ target }) => {
    await using database = await makeDatabase(kind)
    await makeItems(kind, database)
    const pipeline = itemPipeline(target, kind, database, 'resnapshot')
    const over = new AbortController()
    const losing = keepLosingLog(kind, database, over.signal)
    const lost = await pipeline.follow().ended.finally(() => over.abort())
    await losing
    expect(lost.exitCode, lost.stderr).toBe(4)
    expect(pipeline.folder.report()?.notes).toHaveLength(2)
    expect(lost.stderr).toContain('2 new snapshots in a row did not help')
    const further = await pipeline.follow().ended
    expect(further.exitCode, further.stderr).toBe(4)
    const anew = await pipeline.catchUp(['--restart'])
    expect(anew.exitCode, anew.stderr).toBe(0)
  })
})

test('a publication that lacked a table for a while has left changes out', async ({ target }) => {
  await using database = await makeDatabase('postgresql')
  await makeItems('postgresql', database)
  const pipeline = itemPipeline(target, 'postgresql', database)
  const first = await pipeline.catchUp()
  expect(first.exitCode, first.stderr).toBe(0)
  const [publication] = await database.query('SELECT pubname FROM pg_publication')
  const alter = `ALTER PUBLICATION ${String(publication?.['pubname'])}`
  await database.execute(
    `${alter} DROP TABLE item`,
    "UPDATE item SET name = 'unseen' WHERE id = 1",
    `${alter} ADD TABLE item`,
  )
  const lost = await pipeline.catchUp()
  expect(lost.exitCode, lost.stderr).toBe(4)
  expect(lost.stderr).toContain('a table of the job was put into it again')
  const anew = await pipeline.catchUp(['--restart'])
  expect(anew.exitCode, anew.stderr).toBe(0)
  expect(await target.client.hget('item:id:1', 'name')).toBe('unseen')
})

test('a log that was begun anew is no place to go on', async ({ target }) => {
  await using database = await makeDatabase('mysql')
  await makeItems('mysql', database)
  const pipeline = itemPipeline(target, 'mysql', database)
  const first = await pipeline.catchUp()
  expect(first.exitCode, first.stderr).toBe(0)
  await database.execute('RESET MASTER')
  const empty = await pipeline.catchUp()
  expect(empty.exitCode, empty.stderr).toBe(4)
  // The file of that name has grown past the place.
  for (let tries = 0; tries < 15; tries += 1)
    await database.execute(
      'DELETE FROM item',
      `INSERT INTO item SELECT seq, concat('again ', seq), '' FROM seq_1_to_${rowCount}`,
    )
  const grown = await pipeline.catchUp()
  expect(grown.exitCode, grown.stderr).toBe(4)
  expect(grown.report?.errors[0]?.code).toBe('POSITION_LOST')
  expect(await target.client.hget('item:id:1', 'name')).toBe('item 1')
})
