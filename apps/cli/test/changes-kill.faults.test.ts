import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { contentDifferences } from './support/change-contents.ts'
import { openChangeLog } from './support/change-log.ts'
import { changePipelineFolder } from './support/change-pipeline.ts'
import { readMessages, streamDifferences } from './support/change-stream-order.ts'
import { createChangeTables, fillChangeTables, keyWidths } from './support/change-tables.ts'
import { runChangeWorkload } from './support/change-workload.ts'
import { killRuns } from './support/kill-runs.ts'
import type { SourceKind } from './support/load-source.ts'
import { test } from './support/redis-test.ts'
import { isLong, SeededRandom } from './support/seeded-random.ts'
import {
  cutLogReaders,
  makeChangeDatabase,
  makeReplicationUser,
  type TestDatabase,
} from './support/test-database.ts'

const changesPerSecond = 2000
const durationMs = isLong ? 120_000 : 30_000
/** Writers, servers and the run that is killed share the cores: with few of them the writers do not keep up their rate. */
const leastShareOfLoad = availableParallelism() >= 4 ? 0.9 : 0.5
/** A run is killed this long after its start at the latest, all told, where its first message is waited for. */
const longestLifeMs = 10_000
const password = 'secret'

/** Cuts the connection that reads the log now and then until told to end. Gives how often it did. */
async function cutConnections(
  kind: SourceKind,
  database: TestDatabase,
  user: string,
  random: SeededRandom,
  signal: AbortSignal,
): Promise<number> {
  let cut = 0
  while (!signal.aborted) {
    await sleep(random.between(500, 4000))
    const before = cut
    while (cut === before && !signal.aborted) {
      // A connection that was just made mostly lives long enough to bring something.
      await sleep(random.between(200, 1200))
      cut += await cutLogReaders(kind, database, user)
    }
  }
  return cut
}

describe.each(['postgresql', 'mysql'] as const)('changes of %s, killed all the time', (kind) => {
  test(
    'arrive each once and in order',
    { timeout: 4 * durationMs + 120_000 },
    async ({ target }) => {
      const random = new SeededRandom(`killed while following ${kind}`)
      const { seed } = random
      await using database = await makeChangeDatabase(kind)
      await createChangeTables(kind, database)
      const user = kind === 'mysql' ? await makeReplicationUser(database, password) : ''
      await using log = await openChangeLog(kind, database)
      await fillChangeTables(database, seed)
      const connection = kind === 'mysql' ? { user, password } : {}
      const pipeline = changePipelineFolder(target, kind, database, connection)
      const over = new AbortController()
      const options = { seed, changesPerSecond, durationMs, signal: over.signal }
      const writing = runChangeWorkload(kind, database.url, options).finally(() => over.abort())
      const [written, runs, cut] = await Promise.all([
        writing,
        killRuns(pipeline, target.client, random, over.signal).finally(() => over.abort()),
        cutConnections(kind, database, user, random, over.signal),
      ])
      const before = await readMessages(target.client)
      const { exitCode, stderr, report } = await pipeline.catchUp()
      expect(exitCode, stderr).toBe(0)
      expect(report).toMatchObject({ guarantee: 'exactly-once', recordsDirty: 0 })
      const messages = await readMessages(target.client)
      console.info(`${kind}: ${runs} runs killed, ${cut} connections cut, written:`, written)
      console.info(`${kind}: ${messages.length} messages, ${before.length} before the last run`)
      expect(streamDifferences(messages, await log.read(keyWidths)), `seed ${seed}`).toEqual([])
      expect(await contentDifferences(target.client, database), `seed ${seed}`).toEqual([])
      // The test has met what it is about: the load was there, and runs got as far as changes before they were killed.
      const wanted = (changesPerSecond * durationMs) / 1000
      expect(written.changes).toBeGreaterThan(leastShareOfLoad * wanted)
      expect(runs).toBeGreaterThanOrEqual(durationMs / longestLifeMs)
      expect(before.some(({ operation }) => operation !== 'r')).toBe(true)
      expect(cut).toBeGreaterThan(0)
    },
  )
})
