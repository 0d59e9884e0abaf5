import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { stopProcess } from '../../../scripts/services/stop-process.mjs'
import { runUntil, settledRows } from './support/interrupted-load.ts'
import { differences, loadJob, loadKinds } from './support/load-kinds.ts'
import { makeLoadSource, type SourceKind } from './support/load-source.ts'
import { startPrivateRedis, type PrivateRedis } from './support/private-redis.ts'
import { test } from './support/redis-test.ts'
import { restartProcess } from './support/restart-process.ts'
import { listingDifferences, placeWrongTypes, touchedKeys } from './support/wrong-types.ts'

const rowCount = 20_000
// Slow enough that a busy machine asks for the state before the job is over.
const recordsPerSecond = 1500

/** Kills the server; it comes back with what `SAVE` kept. */
async function goBackInTime(redis: PrivateRedis): Promise<number> {
  const pid = await restartProcess(redis.pid, 'SIGKILL')
  while ((await redis.client.ping().catch(() => '')) !== 'PONG') await sleep(20)
  return pid
}

describe.concurrent('a Redis that comes back with an older state', () => {
  const cases = [
    ['list', 'postgresql'],
    ['fields', 'mysql'],
  ] as const satisfies readonly (readonly [keyof typeof loadKinds, SourceKind])[]

  for (const [name, sourceKind] of cases) {
    test(`${name} from ${sourceKind}: goes on from there in the same run`, async ({ target }) => {
      const kind = loadKinds[name]
      await using source = await makeLoadSource(sourceKind, rowCount)
      await using redis = await startPrivateRedis(['--set-proc-title', 'no'])
      const folder = target.folder({
        s: source.dataSource(),
        r: { type: 'redis', url: redis.url },
      })
      const wrong = await placeWrongTypes(redis.client, kind, source)
      const job = loadJob(kind, source, { recordsPerSecond, errorLimit: rowCount })
      const running = await runUntil(folder, job, 4000)
      await redis.client.save()
      while ((await settledRows(folder)) < 9000) await sleep(50)
      const pid = await goBackInTime(redis)
      try {
        const { exitCode, stderr } = await running.ended
        expect(exitCode, stderr).toBe(0)
        expect(stderr).toContain('went back in time')
        const isList = kind === loadKinds.list
        const left = isList ? wrong : new Set<string>()
        expect(await differences(redis.client, kind, source, left)).toEqual([])
        const rows = await source.rows()
        const recordsDirty = isList ? rows.filter(({ k }) => wrong.has(k)).length : 0
        const counts = {
          recordsRead: rowCount,
          recordsWritten: rowCount - recordsDirty,
          recordsDirty,
        }
        expect(folder.report()).toMatchObject({ ...counts, total: counts })
        if (!isList) return
        expect(await touchedKeys(redis.client, wrong)).toEqual([])
        const lines = folder.readLines(`${folder.report()?.job}.dirty.jsonl`)
        expect(await listingDifferences(lines, wrong, source)).toEqual([])
      } finally {
        await stopProcess({ pid, signal: 'SIGKILL' })
      }
    })
  }
})
