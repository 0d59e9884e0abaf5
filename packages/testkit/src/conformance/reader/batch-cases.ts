import assert from 'node:assert/strict'
import { byteLengthOfCell, type RecordBatch } from '@millrace/core/record'
import { sampleDataset } from '../../dataset.ts'
import { conformanceCase, type ConformanceCase } from '../conformance-case.ts'
import { given, lacking } from '../optional-part.ts'
import { within } from '../waiting.ts'
import { columnNames, givenForm } from './document-form.ts'
import { abandon, OpenReader } from './open-reader.ts'
import { assertSameRows } from './read-rows.ts'
import type { ReaderHarness } from './reader-harness.ts'

/** Length of the cells of all rows in bytes. */
export function byteLengthOfRows({ rows }: RecordBatch): number {
  let bytes = 0
  for (const row of rows) for (const cell of row) bytes += byteLengthOfCell(cell)
  return bytes
}

interface Bounds {
  readonly maxRows: number
  readonly maxBytes: number
}

async function readBounded(
  harness: ReaderHarness,
  bounds: readonly Bounds[],
  assertBounded: (batch: RecordBatch, bound: Bounds) => void,
): Promise<void> {
  const sample = sampleDataset(300)
  const dataset = givenForm(harness, sample)
  await using source = await harness.hold(sample)
  await using reader = await OpenReader.open(harness, source)
  const split = await reader.onlySplit()
  for (const bound of bounds) {
    const batches = await reader.read(split, bound)
    for (const batch of batches) assertBounded(batch, bound)
    const { maxRows, maxBytes } = bound
    assertSameRows(batches, dataset, `, with maxRows ${maxRows} and maxBytes ${maxBytes}`)
  }
}

const wide = 1_000_000

/** Cases about what stands in a batch. */
export const readerBatchCases: readonly ConformanceCase<ReaderHarness>[] = [
  conformanceCase({
    promise: 'maxRows',
    name: 'no batch has more rows, or none',
    run: (harness) =>
      readBounded(
        harness,
        [1, 7, 299, 1000].map((maxRows) => ({ maxRows, maxBytes: wide })),
        ({ rows, unreadable = [] }, { maxRows }) => {
          assert.ok(
            rows.length <= maxRows,
            `a batch has ${rows.length} rows, maxRows is ${maxRows}`,
          )
          assert.ok(rows.length + unreadable.length > 0, 'a batch without rows was handed out')
        },
      ),
  }),
  conformanceCase({
    promise: 'maxBytes',
    name: 'no batch has more bytes; a row that has more comes alone',
    run: (harness) =>
      readBounded(
        harness,
        [
          { maxRows: 1000, maxBytes: 400 },
          { maxRows: 3, maxBytes: 100 },
          { maxRows: 1000, maxBytes: 1 },
        ],
        (batch, { maxBytes }) => {
          const bytes = byteLengthOfRows(batch)
          const { length } = batch.rows
          const found = `a batch of ${length} rows has ${bytes} bytes, maxBytes is ${maxBytes}`
          assert.ok(bytes <= maxBytes || length === 1, found)
        },
      ),
  }),
  conformanceCase({
    promise: 'byteSize',
    name: 'it is the length of the cells in bytes',
    run: (harness) =>
      readBounded(harness, [{ maxRows: 10, maxBytes: wide }], (batch) => {
        const bytes = byteLengthOfRows(batch)
        const found = `a batch says ${batch.byteSize} bytes, its cells have ${bytes}`
        assert.equal(batch.byteSize, bytes, found)
      }),
  }),
  conformanceCase({
    promise: 'maxDelayMs',
    name: 'rows behind which the source falls silent are handed out in a batch that is not full',
    skipReason: lacking('pausingSource'),
    async run(harness) {
      await using source = await given(harness, 'pausingSource')()
      await using reader = await OpenReader.open(harness, source)
      const controller = new AbortController()
      const { signal } = controller
      const iterator = reader.iterate(await reader.onlySplit(), { signal, maxDelayMs: 50 })
      try {
        const next = iterator.next()
        const found = 'rows that have come wait for more rows, although the source is silent'
        const { value } = await within(next, found, harness.timeoutMs)
        assert.ok(value?.rows.length > 0, 'a batch without rows was handed out')
      } finally {
        controller.abort()
        abandon(iterator)
      }
    },
  }),
  conformanceCase({
    promise: 'describe',
    name: 'it tells the columns of the batches, and all of them share its schema object',
    async run(harness) {
      const sample = sampleDataset(50)
      await using source = await harness.hold(sample)
      await using reader = await OpenReader.open(harness, source)
      const [schema, ...others] = await reader.describe()
      assert.ok(schema !== undefined, 'it tells no schema of a table')
      assert.equal(others.length, 0, `it tells ${others.length + 1} schemas of one table`)
      const columns = columnNames(schema).join(', ')
      const expected = columnNames(givenForm(harness, sample).schema).join(', ')
      assert.equal(columns, expected, `it tells the columns ${columns}, the table has ${expected}`)
      const batches = await reader.read(await reader.onlySplit(), { maxRows: 10 })
      for (const { schema: found } of batches)
        assert.ok(found === schema, 'a batch has another schema object than describe gave')
    },
  }),
  conformanceCase({
    promise: 'capabilities',
    name: 'they agree with the methods and the splits there are',
    async run(harness) {
      await using source = await harness.hold(sampleDataset(50))
      await using reader = await OpenReader.open(harness, source)
      const { follow, resumableSplits } = harness.plugin.capabilities
      const methods = ['follow', 'takeSnapshot', 'currentPosition', 'acknowledge'] as const
      for (const method of methods) {
        const isThere = typeof reader.session[method] === 'function'
        const found = `follow is declared ${follow}, and the session has ${isThere ? '' : 'no '}${method}`
        assert.equal(isThere, follow, found)
      }
      for (const { id, resumable } of (await reader.plan(2)).splits) {
        const found = `resumableSplits is declared ${resumableSplits}, and split ${id} of a table with a key says resumable: ${resumable}`
        assert.equal(resumable, resumableSplits, found)
      }
    },
  }),
]
