import assert from 'node:assert/strict'
import type { ReaderSession, Split } from '@millrace/core/plugin'
import type { RecordBatch } from '@millrace/core/record'
import { rowKey, sampleDataset, type Dataset } from '../dataset.ts'
import type { ConformanceCase } from './conformance-case.ts'
import { never, openChecked, readSplit } from './open-reader.ts'
import type { ReaderHarness } from './reader-harness.ts'

/** Fails when rows were lost, repeated or changed. */
export function assertSameRows(
  batches: readonly RecordBatch[],
  rows: Dataset['rows'],
  promise: string,
): void {
  const read = batches.flatMap((batch) => batch.rows.map(rowKey)).sort()
  assert.deepEqual(read, rows.map(rowKey).sort(), promise)
}

async function plannedIds(harness: ReaderHarness, dataset: Dataset): Promise<string[]> {
  await using source = await harness.hold(dataset)
  await using session = await openChecked(harness, source)
  const plan = await session.split(4, { signal: never })
  assert.match(plan.consistency, /^(?:one-snapshot|per-split)$/)
  return plan.splits.map(({ id }) => id)
}

async function readSideBySide(
  session: ReaderSession,
  splits: readonly Split[],
): Promise<RecordBatch[]> {
  const batches: RecordBatch[] = []
  const waiting = [...splits]
  const channel = async () => {
    for (let split = waiting.pop(); split; split = waiting.pop()) {
      batches.push(...(await readSplit(session, split, { maxRows: 50 })))
    }
  }
  await Promise.all([channel(), channel()])
  return batches
}

/** Cases about splits. */
export const readerSplitCases: readonly ConformanceCase<ReaderHarness>[] = [
  {
    name: 'split ids are unique',
    appliesTo: () => true,
    async run(harness) {
      const ids = await plannedIds(harness, sampleDataset(100))
      assert.equal(new Set(ids).size, ids.length, `split ids are not unique: ${ids.join(', ')}`)
    },
  },
  {
    name: 'the same part of the source has the same split id in a later session',
    appliesTo: () => true,
    async run(harness) {
      await using source = await harness.hold(sampleDataset(100))
      const plans: string[][] = []
      for (const _ of [1, 2]) {
        await using session = await openChecked(harness, source)
        const plan = await session.split(4, { signal: never })
        plans.push(plan.splits.map(({ id }) => id))
      }
      assert.deepEqual(plans[1], plans[0], 'split ids differ between two sessions')
    },
  },
  {
    name: 'every row is read exactly once over all splits, also after a round trip through JSON',
    appliesTo: () => true,
    async run(harness) {
      const dataset = sampleDataset(1000)
      await using source = await harness.hold(dataset)
      for (const desired of [1, 4]) {
        await using session = await openChecked(harness, source)
        const { splits } = await session.split(desired, { signal: never })
        const copies = JSON.parse(JSON.stringify(splits)) as Split[]
        const batches = await readSideBySide(session, copies)
        const promise = `rows were lost, repeated or changed over ${splits.length} splits`
        assertSameRows(batches, dataset.rows, promise)
      }
    },
  },
  {
    name: 'without the capability parallelSplits a table is one split',
    appliesTo: ({ plugin }) => !plugin.capabilities.parallelSplits,
    async run(harness) {
      const ids = await plannedIds(harness, sampleDataset(100))
      assert.equal(ids.length, 1, 'the table is cut although parallelSplits is not declared')
    },
  },
  {
    name: 'an empty table has at least one split and no rows',
    appliesTo: () => true,
    async run(harness) {
      await using source = await harness.hold(sampleDataset(0))
      await using session = await openChecked(harness, source)
      const { splits } = await session.split(4, { signal: never })
      assert.ok(splits.length > 0, 'a plan is never empty, that of an empty table neither')
      for (const split of splits) {
        const batches = await readSplit(session, split)
        assertSameRows(batches, [], 'an empty table has no rows')
      }
    },
  },
]
