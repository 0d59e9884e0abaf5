import assert from 'node:assert/strict'
import { PluginError, type ReaderSession, type Split } from '@millrace/core/plugin'
import type { JsonValue, Position, RecordBatch } from '@millrace/core/record'
import { rowKey, sampleDataset } from '../dataset.ts'
import type { ConformanceCase } from './conformance-case.ts'
import { never, openChecked, readSplit } from './open-reader.ts'
import type { ReaderHarness } from './reader-harness.ts'
import { rejectionOf } from './waiting.ts'

const rowKeys = (batches: readonly RecordBatch[]) => batches.flatMap(({ rows }) => rows.map(rowKey))

function copyOf<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}

/** What came up to each position of a split and behind it, read with small batches. */
async function readWithPositions(
  session: ReaderSession,
  split: Split,
): Promise<
  readonly {
    readonly position: Position
    readonly upTo: readonly string[]
    readonly behind: readonly string[]
  }[]
> {
  const batches = await readSplit(session, split, { positions: true, maxRows: 3 })
  return batches.map(({ position }, index) => {
    assert.ok(position, `split ${split.id} is resumable, but a batch comes without a position`)
    const upTo = rowKeys(batches.slice(0, index + 1))
    return { position: copyOf(position), upTo, behind: rowKeys(batches.slice(index + 1)) }
  })
}

async function resumeEverywhere(later: ReaderSession, session: ReaderSession, split: Split) {
  for (const { position: from, upTo, behind } of await readWithPositions(session, split)) {
    const promise = `after the position ${from.label} of ${split.id} rows were lost or repeated`
    const ordered = await readSplit(later, copyOf(split), { from, positions: true, maxRows: 11 })
    assert.deepEqual(rowKeys(ordered), behind, promise)
    const unordered = await readSplit(later, copyOf(split), { from })
    assert.deepEqual(rowKeys(unordered).toSorted(), behind.toSorted(), promise)
    const before = await readSplit(later, copyOf(split), { until: from, positions: true })
    assert.deepEqual(rowKeys(before), upTo, `reading until ${from.label} gave other rows`)
  }
}

/** Tokens that are no position in anything. */
const wrongTokens: readonly JsonValue[] = [null, 'no position', [], [[]], [['no column', '1']], {}]

/** Cases about positions inside splits. */
export const readerPositionCases: readonly ConformanceCase<ReaderHarness>[] = [
  {
    name: 'batches carry positions only when asked, and in a resumable split',
    appliesTo: () => true,
    async run(harness) {
      await using source = await harness.hold(sampleDataset(20))
      await using session = await openChecked(harness, source)
      const { splits } = await session.split(2, { signal: never })
      for (const split of splits) {
        for (const positions of [false, true]) {
          const batches = await readSplit(session, split, { positions, maxRows: 5 })
          const isDue = positions && split.resumable
          for (const { position } of batches) {
            const found = `split ${split.id} is ${split.resumable ? '' : 'not '}resumable and positions are ${positions ? '' : 'not '}asked for`
            assert.equal(position !== undefined, isDue, `${found}: ${position?.label ?? 'none'}`)
          }
        }
      }
    },
  },
  {
    name: 'reading on from every position, in a later session, gives the rest and nothing twice',
    appliesTo: ({ plugin }) => plugin.capabilities.resumableSplits,
    async run(harness) {
      await using source = await harness.hold(sampleDataset(40))
      await using later = await openChecked(harness, source)
      for (const desired of [1, 2]) {
        await using session = await openChecked(harness, source)
        const { splits } = await session.split(desired, { signal: never })
        for (const split of splits) {
          if (split.resumable) await resumeEverywhere(later, session, split)
        }
      }
    },
  },
  {
    name: 'a position that does not fit is refused as lost',
    appliesTo: ({ plugin }) => plugin.capabilities.resumableSplits,
    async run(harness) {
      await using source = await harness.hold(sampleDataset(5))
      await using session = await openChecked(harness, source)
      const { splits } = await session.split(1, { signal: never })
      const split = splits.find(({ resumable }) => resumable)
      assert.ok(split, 'resumableSplits is declared, but no split is resumable')
      for (const token of wrongTokens) {
        const from: Position = { token, label: 'wrong' }
        const promise = `the position ${JSON.stringify(token)} is taken for one`
        const error = await rejectionOf(
          readSplit(session, split, { from, positions: true }),
          promise,
          harness.timeoutMs,
        )
        const isLost = PluginError.isInstance(error) && error.code === 'POSITION_LOST'
        assert.ok(isLost, `${promise}, or refused without POSITION_LOST: ${String(error)}`)
      }
    },
  },
]
