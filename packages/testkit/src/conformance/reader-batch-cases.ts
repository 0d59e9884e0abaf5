import assert from 'node:assert/strict'
import { byteLengthOfCell, type RecordBatch } from '@millrace/core/record'
import { rowKey, sampleDataset } from '../dataset.ts'
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
    name: 'capability flags agree with the methods and the positions there are',
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
      const batches = await readSplit(session, await onlySplit(session), { maxRows: 10 })
      const hasPositions = batches.every(({ position }) => position !== undefined)
      assert.ok(
        hasPositions || !resumableSplits,
        'resumableSplits is declared, but batches come without a position',
      )
    },
  },
  {
    name: 'reading on from any position, passed through JSON, gives the rest and nothing twice',
    appliesTo: ({ plugin }) => plugin.capabilities.resumableSplits,
    async run(harness) {
      await using source = await harness.hold(sampleDataset(60))
      await using session = await openChecked(harness, source)
      const split = await onlySplit(session)
      const batches = await readSplit(session, split, { maxRows: 7 })
      for (const [index, { position }] of batches.entries()) {
        assert.ok(position, 'resumableSplits is declared, but batches come without a position')
        const from = JSON.parse(JSON.stringify(position)) as typeof position
        const rest = await readSplit(session, split, { from, maxRows: 11 })
        const expected = batches.slice(index + 1).flatMap(({ rows }) => rows)
        assert.deepEqual(
          rest.flatMap(({ rows }) => rows.map(rowKey)),
          expected.map(rowKey),
          `after the position ${position.label} rows were lost or repeated`,
        )
      }
    },
  },
]
