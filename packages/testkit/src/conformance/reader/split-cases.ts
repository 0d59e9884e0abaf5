import assert from 'node:assert/strict'
import type { Split } from '@millrace/core/plugin'
import { sampleDataset, sampleSchema, type Dataset } from '../../dataset.ts'
import { conformanceCase, type ConformanceCase } from '../conformance-case.ts'
import { givenForm } from './document-form.ts'
import { OpenReader } from './open-reader.ts'
import { assertEachRowOnce, type ReadPart } from './read-rows.ts'
import type { ReaderHarness } from './reader-harness.ts'

async function plannedIds(harness: ReaderHarness, dataset: Dataset): Promise<string[]> {
  await using source = await harness.hold(dataset)
  await using reader = await OpenReader.open(harness, source)
  const { splits, consistency } = await reader.plan(4)
  assert.match(
    consistency,
    /^(?:one-snapshot|per-split)$/,
    `the plan has the consistency ${consistency}`,
  )
  return splits.map(({ id }) => id)
}

/** Reads splits in two channels at a time. */
async function readSideBySide(
  reader: OpenReader,
  splits: readonly Split[],
): Promise<readonly ReadPart[]> {
  const parts: ReadPart[] = []
  const waiting = [...splits]
  const channel = async () => {
    for (let split = waiting.pop(); split; split = waiting.pop())
      parts.push({ split: split.id, batches: await reader.read(split, { maxRows: 50 }) })
  }
  await Promise.all([channel(), channel()])
  return parts
}

const copyOf = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

/** Cases about splits. */
export const readerSplitCases: readonly ConformanceCase<ReaderHarness>[] = [
  conformanceCase({
    promise: 'split ids',
    name: 'they are unique in a plan',
    async run(harness) {
      const ids = await plannedIds(harness, sampleDataset(100))
      const twice = ids.find((id, index) => ids.indexOf(id) !== index)
      assert.equal(twice, undefined, `two splits have the id ${twice}`)
    },
  }),
  conformanceCase({
    promise: 'split ids',
    name: 'the same part of the source has the same id in a later session',
    async run(harness) {
      await using source = await harness.hold(sampleDataset(100))
      const plans: string[] = []
      for (const _ of [1, 2]) {
        await using reader = await OpenReader.open(harness, source)
        plans.push((await reader.plan(4)).splits.map(({ id }) => id).join(', '))
      }
      const [first, second] = plans
      assert.equal(second, first, `two plans of one table have the splits ${first}, then ${second}`)
    },
  }),
  conformanceCase({
    promise: 'split coverage',
    name: 'every row is read exactly once, however many splits are desired, by channels side by side',
    async run(harness) {
      const sample = sampleDataset(40)
      const dataset = givenForm(harness, sample)
      await using source = await harness.hold(sample)
      for (const desired of [1, 2, 3, 7, 100]) {
        await using reader = await OpenReader.open(harness, source)
        const { splits } = await reader.plan(desired)
        const parts = await readSideBySide(reader, splits)
        assertEachRowOnce(parts, dataset, `, with ${desired} splits desired`)
      }
    },
  }),
  conformanceCase({
    promise: 'split coverage',
    name: 'rows without a key, some of them alike, are all read, and as often as they are there',
    async run(harness) {
      const { rows } = sampleDataset(60)
      const sample: Dataset = {
        schema: { ...sampleSchema, key: [] },
        rows: rows.flatMap((row, index) => (index % 3 === 0 ? [row, row] : [row])),
      }
      const dataset = givenForm(harness, sample)
      await using source = await harness.hold(sample)
      await using reader = await OpenReader.open(harness, source)
      const { splits } = await reader.plan(4)
      assertEachRowOnce(await reader.readAll(splits), dataset, ', in a table without a key')
    },
  }),
  conformanceCase({
    promise: 'split coverage',
    name: 'an empty table has at least one split and no rows',
    async run(harness) {
      const dataset = sampleDataset(0)
      await using source = await harness.hold(dataset)
      await using reader = await OpenReader.open(harness, source)
      const { splits } = await reader.plan(4)
      assert.ok(splits.length > 0, 'the plan of an empty table has no split, and is never empty')
      assertEachRowOnce(await reader.readAll(splits), dataset, ': it is empty')
    },
  }),
  conformanceCase({
    promise: 'stored splits',
    name: 'a plan that went through JSON is read by a session that never made one',
    async run(harness) {
      const sample = sampleDataset(200)
      const dataset = givenForm(harness, sample)
      await using source = await harness.hold(sample)
      let splits: readonly Split[]
      {
        await using reader = await OpenReader.open(harness, source)
        splits = copyOf((await reader.plan(4)).splits)
      }
      await using later = await OpenReader.open(harness, source)
      const circumstances = ', from a stored plan in a later session'
      assertEachRowOnce(await later.readAll(splits), dataset, circumstances)
    },
  }),
  conformanceCase({
    promise: 'parallelSplits',
    name: 'without the capability a table is one split',
    skipReason: ({ plugin }) =>
      plugin.capabilities.parallelSplits ? 'capabilities.parallelSplits is true' : undefined,
    async run(harness) {
      const { length } = await plannedIds(harness, sampleDataset(100))
      assert.equal(length, 1, `it is not declared, and a table is cut into ${length} splits`)
    },
  }),
]
