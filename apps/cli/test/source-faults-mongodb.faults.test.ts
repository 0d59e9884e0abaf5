import { describe, expect } from 'vitest'
import type { JobReport } from '@millrace/core'
import { expectClearError } from './support/clear-error.ts'
import { hookEnvironment } from './support/fault-hooks.ts'
import { runUntil } from './support/interrupted-load.ts'
import { differences, loadJob, loadKinds } from './support/load-kinds.ts'
import { test, type RedisTarget } from './support/redis-test.ts'
import { startRestartableMongo, type RestartableMongo } from './support/restartable-mongo.ts'

const rowCount = 40_000
/** So that documents are still in the server when it is hit: what sockets hold is read to its end. */
const recordsPerSecond = 2000
const { list } = loadKinds
const counts = { recordsRead: rowCount, recordsWritten: rowCount }

/** Hits the server in the middle of a run, which goes on by itself and has everything there once. */
async function expectCompleted(
  target: RedisTarget,
  server: RestartableMongo,
  hit: () => Promise<void> | void,
  expected: Partial<JobReport>,
) {
  const { source } = server
  const folder = target.folder({ s: source.dataSource() })
  const running = await runUntil(folder, loadJob(list, source, { recordsPerSecond }), 2000)
  await hit()
  const { exitCode, stderr } = await running.ended
  expect(exitCode, stderr).toBe(0)
  expect(stderr).toMatch(/warn.*reading collection t: .*; reading again behind .* in \d/)
  const report = folder.report()
  expect(report).toMatchObject({ status: 'complete', ...counts, ...expected })
  expect(report?.total).toMatchObject(counts)
  expect(await differences(target.client, list, source)).toEqual([])
}

describe('mongodb in mid-read', () => {
  test('connection ended: the run goes on behind the last document, at its instant', async ({
    target,
  }) => {
    await using server = await startRestartableMongo(rowCount)
    const cut = () => server.cutNextReply()
    await expectCompleted(target, server, cut, { consistency: 'one-snapshot' })
  })

  test('server restarted: the run goes on behind the last document', async ({ target }) => {
    await using server = await startRestartableMongo(rowCount)
    const restart = async () => await server.restart()
    await expectCompleted(target, server, restart, { consistency: 'per-split' })
  })

  test('server stays away: exit 1 after the deadline, and --resume completes', async ({
    target,
  }) => {
    await using server = await startRestartableMongo(rowCount)
    const { source } = server
    const folder = target.folder({ s: source.dataSource() })
    const job = loadJob(list, source, { recordsPerSecond })
    const running = await runUntil(folder, job, 2000, {
      env: hookEnvironment({ sourceDeadlineMs: 3000 }),
    })
    const start = await server.stop()
    const result = { ...(await running.ended), report: folder.report() }
    const mentions = ['; reading again behind', 'no row came for 3 s', '--resume']
    expectClearError(result, { exitCode: 1, code: 'SOURCE_FAILED', mentions })
    await start()
    const resumed = await folder.run(loadJob(list, source), { flags: ['--resume'] })
    expect(resumed.exitCode, resumed.stderr).toBe(0)
    expect(resumed.report?.total).toMatchObject(counts)
    expect(await differences(target.client, list, source)).toEqual([])
  })
})
