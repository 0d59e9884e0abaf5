import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Row } from '@millrace/core/record'
import { sampleSchema, type Dataset } from '../../dataset.ts'
import { bytesInUse } from '../bytes-in-use.ts'
import { conformanceCase, type ConformanceCase } from '../conformance-case.ts'
import { given, lacking } from '../optional-part.ts'
import { OpenReader } from './open-reader.ts'
import type { ReaderHarness } from './reader-harness.ts'

/** How long the consumer waits for a reader that runs ahead. */
const waitMs = 500

/** Rows of 2,000 bytes. */
export function wideDataset(rowCount: number): Dataset {
  const note = 'wide '.repeat(400)
  const rows = Array.from({ length: rowCount }, (_, id): Row => [id, `name ${id}`, note])
  return { schema: sampleSchema, rows }
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`

/** Fails when what `begin` starts takes in more than half of the bytes while nobody asks for more. */
export async function assertBounded(bytes: number, begin: () => Promise<unknown>): Promise<void> {
  const before = await bytesInUse()
  await begin()
  await sleep(waitMs)
  const grown = (await bytesInUse()) - before
  const found = `${megabytes(grown)} of ${megabytes(bytes)} are held for a consumer that took one batch and waits`
  assert.ok(grown < bytes / 2, found)
}

/** Cases about consumers that are slower than the source. */
export const readerSlowConsumerCases: readonly ConformanceCase<ReaderHarness>[] = [
  conformanceCase({
    promise: 'slow consumer',
    name: 'the source is not read to its end while nobody asks for more',
    skipReason: lacking('rowsProduced'),
    async run(harness) {
      const dataset = wideDataset(5000)
      await using source = await harness.hold(dataset)
      const rowsProduced = given(source, 'rowsProduced')
      await using reader = await OpenReader.open(harness, source)
      const iterator = reader.iterate(await reader.onlySplit(), { maxRows: 10 })
      const before = await rowsProduced()
      await iterator.next()
      await sleep(waitMs)
      const produced = (await rowsProduced()) - before
      await iterator.return?.()
      const found = `${produced} of ${dataset.rows.length} rows were read for a consumer that took 10 and waits`
      assert.ok(produced > 0, 'the harness counts no rows')
      assert.ok(produced <= dataset.rows.length / 2, found)
    },
  }),
  conformanceCase({
    promise: 'slow consumer',
    name: 'memory stays flat while nobody asks for more',
    skipReason: lacking('memory'),
    async run(harness) {
      const dataset = wideDataset(5000)
      await using source = await harness.hold(dataset)
      await using reader = await OpenReader.open(harness, source)
      const iterator = reader.iterate(await reader.onlySplit(), { maxRows: 10 })
      await assertBounded(10_000_000, () => iterator.next())
      await iterator.return?.()
    },
  }),
]
