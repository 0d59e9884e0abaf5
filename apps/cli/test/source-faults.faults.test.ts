import { describe, expect } from 'vitest'
import type { JobReport } from '@millrace/core'
import { expectClearError } from './support/clear-error.ts'
import { hookEnvironment } from './support/fault-hooks.ts'
import { runUntil } from './support/interrupted-load.ts'
import type { RunResult } from './support/job-folder.ts'
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

/** The run has come to its end by itself, with everything there once. */
async function expectCompleted(
  { target, source, result }: { target: RedisTarget; source: LoadSource; result: RunResult },
  expected: Partial<JobReport> = {},
) {
  const { exitCode, stderr, report } = result
  expect(exitCode, stderr).toBe(0)
  expect(stderr).toMatch(/warn.*reading .*t: .*; reading again behind .* in \d/)
  const counts = { recordsRead: rowCount, recordsWritten: rowCount }
  expect(report).toMatchObject({ status: 'complete', ...counts, ...expected })
  expect(report?.total).toMatchObject(counts)
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
  test('connections ended: the run goes on behind the last row', async ({ target }) => {
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
    await expectCompleted({ target, source, result }, { consistency: 'per-split' })
  })

  test('server restarted: the run goes on behind the last row', async ({ target }) => {
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
    await expectCompleted({ target, source, result }, { consistency: 'per-split' })
  })

  test('server stays away: exit 1 after the deadline, and --resume completes', async ({
    target,
  }) => {
    await using server = await startRestartableSource(kind, rowCount)
    const { source } = server
    await widenRows(kind, source)
    const folder = target.folder({ s: source.dataSource() })
    const running = await runUntil(
      folder,
      loadJob(list, source, { recordsPerSecond, reader }),
      2000,
      { env: hookEnvironment({ sourceDeadlineMs: 3000 }) },
    )
    const start = await server.stop()
    const result = { ...(await running.ended), report: folder.report() }
    const mentions = ['; reading again behind', 'no row came for 3 s', '--resume']
    expectClearError(result, { exitCode: 1, code: 'SOURCE_FAILED', mentions })
    await start()
    const resumed = await folder.run(loadJob(list, source, { reader }), { flags: ['--resume'] })
    expect(resumed.exitCode, resumed.stderr).toBe(0)
    expect(resumed.report?.total).toMatchObject({ recordsRead: rowCount, recordsWritten: rowCount })
    expect(await differences(target.client, list, source)).toEqual([])
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
