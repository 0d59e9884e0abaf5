import assert from 'node:assert/strict'
import type { Position, RecordBatch } from '@millrace/core/record'
import { conformanceCase, type ConformanceCase } from '../conformance-case.ts'
import { given, lacking } from '../optional-part.ts'
import { sampleTransactions } from './follow-cases.ts'
import {
  changesUntilNow,
  commitAll,
  creations,
  currentPosition,
  followTables,
  withoutFollow,
} from './follow-scene.ts'
import { assertSameChanges, TableRows } from './found-changes.ts'
import { assertPositionLost, wrongTokens } from './position-cases.ts'
import type { ReaderHarness } from './reader-harness.ts'

const copyOf = (position: Position): Position => JSON.parse(JSON.stringify(position)) as Position

/** Cases about positions among changes. */
export const readerFollowPositionCases: readonly ConformanceCase<ReaderHarness>[] = [
  conformanceCase({
    promise: 'resume of changes',
    name: 'from every position, inside a transaction too, a later session gives the rest and nothing twice',
    skipReason: withoutFollow,
    run: (harness) =>
      followTables(harness, async (scene) => {
        const { source, reader, from, datasets, later } = scene
        await commitAll(source, sampleTransactions)
        const until = await currentPosition(reader)
        const made = sampleTransactions.flat()
        const wholes: RecordBatch[][] = []
        for (const maxRows of [1, 3]) wholes.push(await reader.changes(from, { until, maxRows }))
        await reader[Symbol.asyncDispose]()
        await using other = await later()
        for (const whole of wholes) {
          let done = 0
          for (const { rows, position } of whole) {
            assert.ok(position, 'a batch of changes comes without a position')
            done += rows.length
            const rest = await other.changes(copyOf(position), { until, maxRows: 3 })
            const before = new TableRows(datasets)
            for (const change of scene.given(made.slice(0, done))) before.apply(change)
            assertSameChanges(scene, rest, made.slice(done), {
              before,
              circumstances: `, behind ${position.label}`,
            })
          }
          assert.equal(done, made.length, `${done} of ${made.length} changes came`)
        }
      }),
  }),
  conformanceCase({
    promise: 'positions of changes',
    name: 'one that does not fit is refused as lost',
    skipReason: withoutFollow,
    run: (harness) =>
      followTables(harness, async ({ reader }) => {
        for (const token of wrongTokens) {
          const following = reader.follow({ token, label: 'wrong' })
          const what = `the position ${JSON.stringify(token)}`
          await assertPositionLost(following.next(), what, harness)
        }
      }),
  }),
  conformanceCase({
    promise: 'no gap',
    name: 'a position whose changes the source has forgotten is refused as lost, never skipped',
    skipReason: (harness) => withoutFollow(harness) ?? lacking('forgetChanges')(harness),
    run: (harness) =>
      followTables(harness, async ({ source, reader, from, later }) => {
        const forgetChanges = given(source, 'forgetChanges')
        await source.commit(creations(0, [71]))
        await reader[Symbol.asyncDispose]()
        await forgetChanges()
        await source.commit(creations(0, [72]))
        await using other = await later()
        const following = changesUntilNow(other, from)
        await assertPositionLost(following, `${from.label}, which is forgotten,`, harness)
      }),
  }),
]
