import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, vi } from 'vitest'
import { pipelineFolder } from './support/pipeline-folder.ts'
import { test } from './support/redis-test.ts'
import { makeChangeDatabase, type TestDatabase } from './support/test-database.ts'

const rowCount = 12_000
const waitOptions = { timeout: 20_000, interval: 50 }

async function makeItems(database: TestDatabase): Promise<void> {
  await database.execute('CREATE TABLE item (id int PRIMARY KEY, version int, name varchar(40))')
  for (let from = 1; from <= rowCount; from += 2000)
    await database.execute(
      `INSERT INTO item VALUES ${Array.from({ length: 2000 }, (_, at) => `(${from + at}, 0, 'item ${from + at}')`).join(', ')}`,
    )
}

describe.concurrent.each(['postgresql', 'mysql'] as const)('a table of %s', (kind) => {
  test('is read again while its changes go on', { timeout: 60_000 }, async ({ target }) => {
    const { client } = target
    await using database = await makeChangeDatabase(kind)
    await makeItems(database)
    const namespace = kind === 'mysql' ? database.name : 'public'
    const pipeline = pipelineFolder(target, kind, database, {
      tables: { [`${namespace}.item`]: {} },
    })
    const running = pipeline.follow()
    await vi.waitFor(async () => expect(await client.dbsize()).toBe(rowCount + 1), waitOptions)

    let isOver = false
    const writing = (async () => {
      for (let version = 1; !isOver; version += 1) {
        const id = 1 + ((version * 7919) % rowCount)
        await database.execute(`UPDATE item SET version = ${version} WHERE id = ${id}`)
        await sleep(2)
      }
    })()
    // What somebody has done to the target.
    const missing = Array.from({ length: rowCount / 3 }, (_, at) => `item:id:${at * 3 + 1}`)
    await client.unlink(missing)
    await client.hset('item:id:2', 'name', 'spoilt')
    const wrong = await pipeline.folder.millrace(['resync', 'p', '--table', 'itme'])
    expect(wrong.exitCode, wrong.stderr).toBe(2)
    expect(wrong.stderr).toContain(`Did you mean ${namespace}.item?`)
    const asked = await pipeline.folder.millrace(['resync', 'p', '--table', 'item'])
    expect(asked.exitCode, asked.stderr).toBe(0)
    expect(asked.stdout).toContain('the run that goes on reads it again')
    await vi.waitFor(async () => {
      expect(await client.exists(missing)).toBe(missing.length)
      expect(await client.hget('item:id:2', 'name')).toBe('item 2')
    }, waitOptions)
    isOver = true
    await writing
    running.child.kill('SIGTERM')
    const { exitCode, stderr } = await running.ended
    expect(exitCode, stderr).toBe(143)
    expect(pipeline.folder.report()?.notes).toEqual([
      expect.stringMatching(
        new RegExp(`^${namespace}.item was read again, as was asked: keys item:id:… of rows that`),
      ),
    ])

    const last = await pipeline.catchUp()
    expect(last.exitCode, last.stderr).toBe(0)
    expect(last.report?.splits).toMatchObject({ done: last.report?.splits.total })
    const rows = await database.query('SELECT id, version, name FROM item ORDER BY id')
    const found = await Promise.all(rows.map(({ id }) => client.hgetall(`item:id:${Number(id)}`)))
    expect(found).toEqual(
      rows.map(({ id, version, name }) => ({ id: String(id), version: String(version), name })),
    )

    const anew = await pipeline.catchUp(['--restart'])
    expect(anew.report?.notes, anew.stderr).toEqual([
      expect.stringMatching(
        new RegExp(
          `^Rows that were deleted since the last change that was applied, \\S+ \\(\\S+Z\\) .* of ${namespace}.item \\(item:id:…\\)$`,
        ),
      ),
    ])
  })
})
