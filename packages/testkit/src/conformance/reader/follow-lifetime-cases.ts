import { setTimeout as sleep } from 'node:timers/promises'
import { conformanceCase, type ConformanceCase } from '../conformance-case.ts'
import { lacking } from '../optional-part.ts'
import { firstRows } from './follow-cases.ts'
import {
  changesUntilNow,
  creations,
  currentPosition,
  followTables,
  withoutFollow,
} from './follow-scene.ts'
import type { SourceChange } from './followed-source.ts'
import { assertSameChanges } from './found-changes.ts'
import { assertAborted } from './lifetime-cases.ts'
import type { ReaderHarness } from './reader-harness.ts'
import { assertBounded, wideDataset } from './slow-consumer-cases.ts'

/** Cases about breaking off and ending while changes are followed. */
export const readerFollowLifetimeCases: readonly ConformanceCase<ReaderHarness>[] = [
  conformanceCase({
    promise: 'abort of changes',
    name: 'while nothing changes it rejects at once with its reason and releases what was open',
    skipReason: withoutFollow,
    run: (harness) =>
      followTables(harness, async ({ reader, from }) => {
        const controller = new AbortController()
        const reason = new Error('the test aborts')
        const iterator = reader.follow(from, { signal: controller.signal })
        const next = firstRows(iterator)
        next.catch(() => undefined)
        await sleep(100)
        controller.abort(reason)
        await assertAborted(next, reason, iterator, harness)
        await reader.assertReleased('an abort while nothing changed')
      }),
  }),
  conformanceCase({
    promise: 'abort of changes',
    name: 'with a signal already aborted it rejects with its reason',
    skipReason: withoutFollow,
    run: (harness) =>
      followTables(harness, async ({ source, reader, from }) => {
        await source.commit(creations(0, [111]))
        const reason = new Error('the test aborted before')
        const iterator = reader.follow(from, { signal: AbortSignal.abort(reason) })
        await assertAborted(iterator.next(), reason, iterator, harness)
        await reader.assertReleased('following that was aborted before it began')
      }),
  }),
  conformanceCase({
    promise: 'early end of changes',
    name: 'ending the iteration releases what was open, and changes can be followed again',
    skipReason: withoutFollow,
    run: (harness) =>
      followTables(harness, async (scene) => {
        const { source, reader, from } = scene
        const made = creations(0, [121, 122])
        await source.commit(made)
        for (let round = 0; round < 3; round += 1) {
          const iterator = reader.follow(from, { maxRows: 1 })
          await firstRows(iterator)
          await iterator.return?.()
        }
        const batches = await changesUntilNow(reader, from)
        const circumstances = ', after following was ended early'
        assertSameChanges(scene, batches, made, { circumstances })
        await reader.assertReleased('following that was ended early')
      }),
  }),
  conformanceCase({
    promise: 'slow consumer of changes',
    name: 'memory stays flat while nobody asks for more',
    skipReason: (harness) => withoutFollow(harness) ?? lacking('memory')(harness),
    run: (harness) =>
      followTables(harness, async ({ source, reader, from }) => {
        const { rows } = wideDataset(5000)
        const changes = rows.map((row): SourceChange => {
          const [id, ...others] = row
          return { table: 0, operation: 'c', row: [Number(id) + 1000, ...others] }
        })
        for (let at = 0; at < changes.length; at += 500)
          await source.commit(changes.slice(at, at + 500))
        const until = await currentPosition(reader)
        const iterator = reader.follow(from, { until, maxRows: 10 })
        await assertBounded(10_000_000, () => firstRows(iterator))
        await iterator.return?.()
      }),
  }),
]
