import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { differences, foundContents } from './support/change-contents.ts'
import { readMessages, streamDifferences, withoutVersion } from './support/change-stream-order.ts'
import { startJsonProxy, throughProxy, withDocuments } from './support/json-proxy.ts'
import { killRuns } from './support/kill-runs.ts'
import { mongoLogEnd, readMongoLog } from './support/mongo-log.ts'
import { startMongoSource, type MongoSource } from './support/mongo-source.ts'
import { fillMongoCollections } from './support/mongo-documents.ts'
import { expectedMongoContents, mongoKeys, mongoPipelineFolder } from './support/mongo-pipeline.ts'
import { runMongoWorkload } from './support/mongo-workload.ts'
import { test } from './support/redis-test.ts'
import { isLong, SeededRandom } from './support/seeded-random.ts'

const changesPerSecond = 800
const durationsMs = isLong
  ? { images: 120_000, lookups: 120_000 }
  : { images: 30_000, lookups: 20_000 }

/** Cuts all connections now and then, or has the primary step down, until told to end. Gives how often it did. */
async function disturb(
  { server }: MongoSource,
  random: SeededRandom,
  signal: AbortSignal,
): Promise<number> {
  let count = 0
  while (!signal.aborted) {
    await sleep(random.between(500, 4000))
    if (count % 3 === 2) server.control.stepDown(random.between(50, 400))
    else server.control.dropConnections()
    count += 1
  }
  return count
}

describe.each(['images', 'lookups'] as const)('changes of MongoDB with %s', (capture) => {
  const durationMs = durationsMs[capture]
  test(
    'arrive each once and in order, killed all the time',
    { timeout: 4 * durationMs + 120_000 },
    async ({ target }) => {
      const random = new SeededRandom(`killed while following mongodb with ${capture}`)
      const { seed } = random
      await using source = await startMongoSource()
      const began = await mongoLogEnd(source)
      await fillMongoCollections(source, seed, capture === 'images')
      await using redis = await startJsonProxy(target.server.port)
      const pipeline = mongoPipelineFolder(throughProxy(target, redis), source, capture)
      const over = new AbortController()
      const options = { seed, changesPerSecond, durationMs, signal: over.signal }
      const writing = runMongoWorkload(source, options).finally(() => over.abort())
      const [written, runs, disturbed] = await Promise.all([
        writing,
        killRuns(pipeline, target.client, random, over.signal).finally(() => over.abort()),
        disturb(source, random, over.signal),
      ])
      // The primary may be away for a moment.
      await sleep(500)
      const before = await readMessages(target.client, mongoKeys)
      const { exitCode, stderr, report } = await pipeline.catchUp()
      expect(exitCode, stderr).toBe(0)
      expect(report).toMatchObject({ guarantee: 'exactly-once', recordsDirty: 0 })
      const messages = await readMessages(target.client, mongoKeys)
      console.info(`mongodb: ${runs} runs killed, ${disturbed} disturbances, written:`, written)
      console.info(`mongodb: ${messages.length} messages, ${before.length} before the last run`)
      const log = await readMongoLog(source, began)
      const differing =
        capture === 'images'
          ? streamDifferences(messages, log)
          : // What looked-up documents say of a change is as they were later.
            streamDifferences(withoutVersion(messages), withoutVersion(log))
      expect(differing, `seed ${seed}`).toEqual([])
      const expected = await expectedMongoContents(source, capture)
      const found = await withDocuments(await foundContents(target.client), target.client)
      expect(differences(expected, found), `seed ${seed}`).toEqual([])
      // The test has met what it is about: the load was there, and runs got as far as changes before they were killed.
      expect(written.changes).toBeGreaterThan((changesPerSecond * durationMs) / 1000 / 16)
      expect(before.some(({ operation }) => operation !== 'r')).toBe(true)
      expect(disturbed).toBeGreaterThan(0)
    },
  )
})
