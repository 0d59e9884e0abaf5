import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { describe, expect, vi } from 'vitest'
import type { SourceKind } from './support/load-source.ts'
import { billStream, readOnceFaults, type Written } from './support/bill-messages.ts'
import { pipelineFolder, setTables, type PipelineFolder } from './support/pipeline-folder.ts'
import { test, type RedisTarget } from './support/redis-test.ts'
import { makeChangeDatabase, type TestDatabase } from './support/test-database.ts'

const kinds = ['postgresql', 'mysql'] as const
const rowCount = 12_000
const waitOptions = { timeout: 100_000, interval: 20 }
vi.setConfig({ testTimeout: 400_000 })

const hashJob = (table: string, output: object = {}) => ({
  source: { table },
  output: [{ uses: 'redis.write', with: { data_type: 'hash', ...output } }],
})

const billJob = {
  ...hashJob('bill'),
  output: [
    ...hashJob('bill').output,
    {
      uses: 'redis.write',
      with: {
        data_type: 'stream',
        key: { language: 'jmespath', expression: `\`${billStream}\`` },
        mapping: ['id', 'version'],
      },
    },
  ],
}

async function makeItems(database: TestDatabase): Promise<void> {
  await database.execute(
    'CREATE TABLE item (id int PRIMARY KEY, version int)',
    'INSERT INTO item VALUES (1, 0), (2, 0)',
  )
}

/** A table that was another one when it began to be written to. */
async function makeBills(database: TestDatabase): Promise<void> {
  await database.execute(
    'CREATE TABLE bill (id int PRIMARY KEY)',
    'INSERT INTO bill VALUES (0)',
    'ALTER TABLE bill ADD COLUMN version int',
    'ALTER TABLE bill ADD COLUMN note varchar(200)',
    'UPDATE bill SET version = 0 WHERE id = 0',
  )
  for (let from = 1; from < rowCount; from += 3000) {
    const ids = Array.from({ length: Math.min(3000, rowCount - from) }, (_, at) => from + at)
    const rows = ids.map((id) => `(${id}, 0, '${'x'.repeat(100)}')`)
    await database.execute(`INSERT INTO bill VALUES ${rows.join(', ')}`)
  }
}

/** Changes both tables until told to end. */
async function writeBills(database: TestDatabase, signal: AbortSignal): Promise<Written> {
  const written: Written = new Map()
  for (let version = 1; !signal.aborted; version += 1) {
    const id = version % 3 === 0 ? (version * 7919) % rowCount : (version * 31) % 100
    await database.execute(
      `UPDATE bill SET version = ${version} WHERE id = ${id}`,
      `UPDATE item SET version = ${version} WHERE id = 1`,
    )
    written.set(id, [...(written.get(id) ?? []), version])
    await sleep(1)
  }
  return written
}

function tablesOf(kind: SourceKind, { name }: TestDatabase, tables: readonly string[]) {
  const namespace = kind === 'mysql' ? name : 'public'
  return Object.fromEntries(tables.map((table) => [`${namespace}.${table}`, {}]))
}

/** A pipeline of the table `item`. */
function itemPipeline(
  target: RedisTarget,
  kind: SourceKind,
  database: TestDatabase,
): PipelineFolder {
  const pipeline = pipelineFolder(target, kind, database, {
    tables: tablesOf(kind, database, ['item']),
    others: { processors: { write_batch_size: 100 } },
  })
  pipeline.job('item', hashJob('item'))
  return pipeline
}

async function hashesOf(client: Redis, table: string, rows: readonly Record<string, unknown>[]) {
  const hashes = await Promise.all(
    rows.map(({ id }) => client.hgetall(`${table}:id:${Number(id)}`)),
  )
  return hashes.map(({ id, version }) => ({ id: Number(id), version: Number(version) }))
}

describe.concurrent.each(kinds)('a table that a pipeline from %s has got', (kind) => {
  test('is read while changes go on, each once, though the run is killed in its middle', async ({
    target,
  }) => {
    const { client } = target
    await using database = await makeChangeDatabase(kind)
    await makeItems(database)
    const pipeline = itemPipeline(target, kind, database)
    const first = await pipeline.catchUp()
    expect(first.exitCode, first.stderr).toBe(0)
    await makeBills(database)
    const over = new AbortController()
    const writing = writeBills(database, over.signal)
    try {
      await sleep(300)
      setTables(pipeline, tablesOf(kind, database, ['item', 'bill']))
      pipeline.job('bill', billJob)
      for (const least of [1, 3000, 7000]) {
        const running = pipeline.follow()
        await vi.waitFor(async () => {
          if (running.child.exitCode !== null) throw new Error((await running.ended).stderr)
          expect(await client.xlen(billStream)).toBeGreaterThanOrEqual(least)
        }, waitOptions)
        running.child.kill('SIGKILL')
        await running.ended
      }
      expect(await client.exists(`bill:id:${rowCount - 1}`)).toBe(0)
      const running = pipeline.follow()
      await vi.waitFor(async () => {
        if (running.child.exitCode !== null) throw new Error((await running.ended).stderr)
        expect(await client.exists(`bill:id:${rowCount - 1}`)).toBe(1)
      }, waitOptions)
      running.child.kill('SIGTERM')
      const { exitCode, stderr } = await running.ended
      expect(exitCode, stderr).toBe(143)
    } finally {
      over.abort()
    }
    const written = await writing
    const last = await pipeline.catchUp()
    expect(last.exitCode, last.stderr).toBe(0)
    expect(last.report).toMatchObject({ guarantee: 'exactly-once', splits: { done: 2, total: 2 } })
    expect(await readOnceFaults(client, written, rowCount)).toEqual([])
    for (const table of ['item', 'bill']) {
      const rows = await database.query(`SELECT id, version FROM ${table} ORDER BY id`)
      expect(await hashesOf(client, table, rows)).toEqual(
        rows.map(({ id, version }) => ({ id: Number(id), version: Number(version) })),
      )
    }
  })

  test('may go again, and leaves what was written; another definition of a table is refused', async ({
    target,
  }) => {
    const { client } = target
    await using database = await makeChangeDatabase(kind)
    await makeItems(database)
    const pipeline = itemPipeline(target, kind, database)
    await pipeline.catchUp()
    await database.execute(
      'CREATE TABLE tag (id int PRIMARY KEY, version int)',
      'INSERT INTO tag VALUES (1, 0)',
    )
    setTables(pipeline, tablesOf(kind, database, ['item', 'tag']))
    const taken = await pipeline.catchUp()
    expect(taken.exitCode, taken.stderr).toBe(0)
    expect(taken.stderr).toMatch(/new tables of the job: \w+\.tag/)
    expect(await client.hget('tag:id:1', 'version')).toBe('0')
    pipeline.job('item', hashJob('item', { key: { language: 'jmespath', expression: 'id' } }))
    const refused = await pipeline.catchUp()
    expect(refused.exitCode, refused.stderr).toBe(2)
    expect(refused.stderr).toMatch(/tables\.\w+\.item\.transform\.job\.outputs/)
    pipeline.job('item', hashJob('item'))
    await database.execute(
      'UPDATE tag SET version = 1',
      'DELETE FROM tag',
      'UPDATE item SET version = 5 WHERE id = 2',
    )
    setTables(pipeline, tablesOf(kind, database, ['item']))
    const without = await pipeline.catchUp()
    expect(without.exitCode, without.stderr).toBe(0)
    expect(without.report?.notes?.[0]).toMatch(/no longer reads \w+\.tag/)
    expect(await client.hget('tag:id:1', 'version')).toBe('0')
    expect(await client.hget('item:id:2', 'version')).toBe('5')
    await database.execute('INSERT INTO tag VALUES (7, 7)')
    setTables(pipeline, tablesOf(kind, database, ['tag', 'item']))
    const again = await pipeline.catchUp()
    expect(again.exitCode, again.stderr).toBe(0)
    expect(await client.hget('tag:id:7', 'version')).toBe('7')
  })

  test('is followed from then on where rows are not read', async ({ target }) => {
    const { client } = target
    await using database = await makeChangeDatabase(kind)
    await makeItems(database)
    const pipeline = pipelineFolder(target, kind, database, {
      tables: tablesOf(kind, database, ['item']),
      settings: { 'snapshot.mode': 'never' },
    })
    const first = await pipeline.catchUp()
    expect(first.exitCode, first.stderr).toBe(0)
    await makeBills(database)
    await database.execute('UPDATE item SET version = 1 WHERE id = 1')
    setTables(pipeline, tablesOf(kind, database, ['item', 'bill']))
    const second = await pipeline.catchUp()
    expect(second.exitCode, second.stderr).toBe(0)
    expect(await client.hgetall('item:id:1')).toMatchObject({ version: '1' })
    await database.execute('UPDATE bill SET version = 7 WHERE id = 5')
    const third = await pipeline.catchUp()
    expect(third.exitCode, third.stderr).toBe(0)
    expect(third.report).toMatchObject({ recordsRead: 1 })
    expect(await client.hgetall('bill:id:5')).toMatchObject({ version: '7' })
    expect(await client.exists('bill:id:6', 'item:id:2')).toBe(0)
  })

  test('is found where the source has no list of tables', async ({ target }) => {
    await using database = await makeChangeDatabase(kind)
    await makeItems(database)
    const pipeline = pipelineFolder(target, kind, database)
    const first = await pipeline.catchUp()
    expect(first.exitCode, first.stderr).toBe(0)
    await database.execute(
      'CREATE TABLE tag (id int PRIMARY KEY, version int)',
      'INSERT INTO tag VALUES (1, 0)',
      'UPDATE tag SET version = 1',
    )
    const second = await pipeline.catchUp()
    expect(second.exitCode, second.stderr).toBe(0)
    await database.execute('UPDATE tag SET version = 2', 'DROP TABLE item')
    const third = await pipeline.catchUp()
    expect(third.exitCode, third.stderr).toBe(0)
    expect(third.report?.notes?.[0]).toMatch(/no longer reads \w+\.item/)
    expect(await target.client.hgetall('tag:id:1')).toEqual({ id: '1', version: '2' })
    expect(await target.client.hget('item:id:1', 'version')).toBe('0')
  })
})
