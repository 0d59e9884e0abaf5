import assert from 'node:assert/strict'
import { byteLengthOfCell, type RecordBatch } from '@millrace/core/record'
import { sampleDataset } from '../dataset.ts'
import type { ConformanceCase } from './conformance-case.ts'
import { never, onlySplit, openChecked, readSplit } from './open-reader.ts'
import type { ReaderHarness } from './reader-harness.ts'
import { assertSameRows } from './reader-split-cases.ts'

function assertWithinBounds(batch: RecordBatch, maxRows: number, maxBytes: number): void {
  const { rows, byteSize, unreadable = [] } = batch
  assert.ok(rows.length + unreadable.length > 0, 'a batch without rows was handed out')
  assert.ok(rows.length <= maxRows, `a batch has ${rows.length} rows, maxRows is ${maxRows}`)
  let counted = 0
  for (const row of rows) for (const cell of row) counted += byteLengthOfCell(cell)
  assert.equal(byteSize, counted, 'byteSize is not the length of the cells')
  const isOneRow = rows.length === 1
  assert.ok(
    byteSize <= maxBytes || isOneRow,
    `a batch of ${rows.length} rows has ${byteSize} bytes, maxBytes is ${maxBytes}`,
  )
}

/** Cases about what stands in a batch. */
export const readerBatchCases: readonly ConformanceCase<ReaderHarness>[] = [
  {
    name: 'batches keep maxRows and maxBytes; a larger row comes alone',
    appliesTo: () => true,
    async run(harness) {
      const dataset = sampleDataset(500)
      await using source = await harness.hold(dataset)
      await using session = await openChecked(harness, source)
      const split = await onlySplit(session)
      for (const [maxRows, maxBytes] of [
        [1, 1_000_000],
        [7, 1_000_000],
        [1000, 400],
        [3, 100],
      ] as const) {
        const batches = await readSplit(session, split, { maxRows, maxBytes })
        for (const batch of batches) assertWithinBounds(batch, maxRows, maxBytes)
        assertSameRows(batches, dataset.rows, 'rows were lost or repeated between batches')
      }
    },
  },
  {
    name: 'describe tells the columns of the batches, which share one schema object',
    appliesTo: () => true,
    async run(harness) {
      const dataset = sampleDataset(50)
      await using source = await harness.hold(dataset)
      await using session = await openChecked(harness, source)
      const schema = await session.describe({ signal: never })
      const names = dataset.schema.fields.map(({ name }) => name)
      assert.deepEqual(
        schema.fields.map(({ name }) => name),
        names,
        'describe gives other columns than the source has',
      )
      const batches = await readSplit(session, await onlySplit(session), { maxRows: 10 })
      for (const batch of batches) {
        assert.deepEqual(batch.schema, schema, 'a batch has other columns than describe told')
        assert.equal(batch.schema, batches[0]?.schema, 'batches do not share their schema object')
      }
    },
  },
  {
    name: 'capability flags agree with the methods and the splits there are',
    appliesTo: () => true,
    async run(harness) {
      await using source = await harness.hold(sampleDataset(50))
      await using session = await openChecked(harness, source)
      const { follow, resumableSplits } = harness.plugin.capabilities
      for (const method of ['follow', 'acknowledge'] as const) {
        const isThere = typeof session[method] === 'function'
        assert.equal(
          isThere,
          follow,
          `follow is declared ${follow}, ${method} is there: ${isThere}`,
        )
      }
      const { splits } = await session.split(2, { signal: never })
      for (const { id, resumable } of splits) {
        const found = `split ${id} of a table with an integer key is ${resumable ? '' : 'not '}resumable`
        assert.equal(resumable, resumableSplits, `resumableSplits is ${resumableSplits}, ${found}`)
      }
    },
  },
]
