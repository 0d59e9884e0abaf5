import { describe, expect } from 'vitest'
import { expectClearError } from './support/clear-error.ts'
import { runUntil } from './support/interrupted-load.ts'
import { differences, loadJob, loadKinds } from './support/load-kinds.ts'
import { makeLoadSource, type LoadSource, type SourceKind } from './support/load-source.ts'
import { test, type RedisTarget } from './support/redis-test.ts'
import { startRestartableSource } from './support/restartable-source.ts'

const rowCount = 40_000
/** So that rows are still in the server when it is hit: what sockets hold is read to its end. */
const recordsPerSecond = 2000
const kinds = ['postgresql', 'mysql'] as const
const { list } = loadKinds
/** One split of 40 MB: small ones would be in the sockets as a whole. */
const reader = { splitPk: undefined }

/** Resumes and compares. */
async function expectResumed(
  target: RedisTarget,
  source: LoadSource,
  folder: ReturnType<RedisTarget['folder']>,
) {
  const { exitCode, stderr, report } = await folder.run(loadJob(list, source, { reader }), {
    flags: ['--resume'],
  })
  expect(exitCode, stderr).toBe(0)
  expect(report?.total).toMatchObject({ recordsRead: rowCount, recordsWritten: rowCount })
  expect(await differences(target.client, list, source)).toEqual([])
}

async function endConnections(kind: SourceKind, { database }: LoadSource): Promise<number> {
  if (kind === 'postgresql') {
    const ended = await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    )
    return ended.length
  }
  const rows = await database.query(
    `SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()`,
  )
  // One that has just ended by itself is no longer known.
  for (const { id } of rows) await database.execute(`KILL ${String(id)}`).catch(() => {})
  return rows.length
}

describe.concurrent.each(kinds)('%s in mid-read', (kind) => {
  test('connections ended: exit 1, and --resume completes', async ({ target }) => {
    await using source = await makeLoadSource(kind, rowCount)
    await widenRows(kind, source)
    const folder = target.folder({ s: source.dataSource() })
    const running = await runUntil(
      folder,
      loadJob(list, source, { recordsPerSecond, reader }),
      2000,
    )
    expect(await endConnections(kind, source)).toBeGreaterThan(0)
    const result = { ...(await running.ended), report: folder.report() }
    expectClearError(result, { exitCode: 1, code: 'SOURCE_FAILED', mentions: ['t'] })
    await expectResumed(target, source, folder)
  })

  test('server restarted: exit 1, and --resume completes', async ({ target }) => {
    await using server = await startRestartableSource(kind, rowCount)
    const { source } = server
    await widenRows(kind, source)
    const folder = target.folder({ s: source.dataSource() })
    const running = await runUntil(
      folder,
      loadJob(list, source, { recordsPerSecond, reader }),
      2000,
    )
    await server.restart()
    const result = { ...(await running.ended), report: folder.report() }
    expectClearError(result, { exitCode: 1, code: 'SOURCE_FAILED', mentions: ['t'] })
    await expectResumed(target, source, folder)
  })
})

/** A kilobyte a row: more than what the sockets between server and reader hold. */
async function widenRows(kind: SourceKind, { database }: LoadSource): Promise<void> {
  await database.execute(
    kind === 'mysql'
      ? 'ALTER TABLE t MODIFY v varchar(2000) NOT NULL'
      : 'ALTER TABLE t ALTER COLUMN v TYPE varchar(2000)',
    `UPDATE t SET v = concat(v, repeat('y', 1000))`,
  )
}
