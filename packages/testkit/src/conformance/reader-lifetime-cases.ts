import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RecordBatch } from '@millrace/core/record'
import { sampleDataset } from '../dataset.ts'
import type { ConformanceCase } from './conformance-case.ts'
import {
  assertAllClosed,
  iteratorOf,
  never,
  onlySplit,
  openChecked,
  readOptions,
  readSplit,
} from './open-reader.ts'
import type { ReaderHarness } from './reader-harness.ts'
import { assertSameRows } from './reader-split-cases.ts'
import { validConfig } from './schema-cases.ts'
import { assertTellsNoSecret, testContext } from './test-context.ts'
import { eventually, rejectionOf, within } from './waiting.ts'

async function assertRejectsWith(
  next: Promise<unknown>,
  reason: Error,
  promise: string,
  { timeoutMs }: ReaderHarness,
  iterator: AsyncIterator<RecordBatch>,
): Promise<void> {
  try {
    assert.equal(await rejectionOf(next, promise, timeoutMs), reason, promise)
  } catch (error) {
    // So that the broken promise is what fails, and not whatever meets the connection that is left. Not awaited: a
    // read that does not hear the abort may never end.
    iterator.return?.().catch(() => undefined)
    throw error
  }
}

/** Cases about beginning, breaking off and ending. */
export const readerLifetimeCases: readonly ConformanceCase<ReaderHarness>[] = [
  {
    name: 'ending the iteration early releases what the read had open',
    appliesTo: () => true,
    async run(harness) {
      const dataset = sampleDataset(2000)
      await using source = await harness.hold(dataset)
      await using session = await openChecked(harness, source)
      const split = await onlySplit(session)
      const count = async () => (await source.openConnections?.()) ?? 0
      const countBefore = await count()
      for (let round = 0; round < 3; round++) {
        for await (const batch of session.read(split, readOptions({ maxRows: 10 }))) {
          assert.ok(batch.rows.length > 0)
          break
        }
      }
      const whole = await within(
        readSplit(session, split),
        'after reads that were ended early the split cannot be read any more',
        harness.timeoutMs,
      )
      assertSameRows(whole, dataset.rows, 'after reads that were ended early rows are missing')
      // One more may wait in a pool for the next read.
      await eventually(
        async () => (await count()) <= countBefore + 1,
        'reads that were ended early pile up connections',
        harness.timeoutMs,
      )
      await session[Symbol.asyncDispose]()
      await assertAllClosed(harness, source, 'reads that were ended early')
    },
  },
  {
    name: 'an abort in mid-read rejects with its reason and releases what was open',
    appliesTo: () => true,
    async run(harness) {
      await using source = await harness.hold(sampleDataset(5000))
      await using session = await openChecked(harness, source)
      const controller = new AbortController()
      const reason = new Error('the test aborts')
      const iterator = iteratorOf(session, await onlySplit(session), {
        signal: controller.signal,
        maxRows: 10,
      })
      const first = await iterator.next()
      assert.equal(first.done, false)
      controller.abort(reason)
      const promise = 'after an abort the next batch is not rejected with the reason of the signal'
      await assertRejectsWith(iterator.next(), reason, promise, harness, iterator)
      await session[Symbol.asyncDispose]()
      await assertAllClosed(harness, source, 'an abort in mid-read')
    },
  },
  {
    name: 'an abort while the source is silent rejects at once and releases what was open',
    appliesTo: (harness) => harness.blockedSource !== undefined,
    async run(harness) {
      assert.ok(typeof harness.blockedSource === 'function')
      await using source = await harness.blockedSource()
      await using session = await openChecked(harness, source)
      const controller = new AbortController()
      const reason = new Error('the test aborts')
      const split = await onlySplit(session)
      const iterator = iteratorOf(session, split, { signal: controller.signal })
      const next = iterator.next()
      next.catch(() => undefined)
      await sleep(100)
      controller.abort(reason)
      const promise = 'an abort does not end a read that waits for the source'
      await assertRejectsWith(next, reason, promise, harness, iterator)
      await session[Symbol.asyncDispose]()
      await assertAllClosed(harness, source, 'an abort while the source is silent')
    },
  },
  {
    name: 'a read with a signal already aborted rejects with its reason',
    appliesTo: () => true,
    async run(harness) {
      await using source = await harness.hold(sampleDataset(10))
      await using session = await openChecked(harness, source)
      const reason = new Error('the test aborted before')
      const split = await onlySplit(session)
      const iterator = iteratorOf(session, split, { signal: AbortSignal.abort(reason) })
      const promise = 'a read with a signal already aborted is not rejected with its reason'
      await assertRejectsWith(iterator.next(), reason, promise, harness, iterator)
      await session[Symbol.asyncDispose]()
      await assertAllClosed(harness, source, 'a read that was aborted before it began')
    },
  },
  {
    name: 'dispose closes everything and may be called twice',
    appliesTo: () => true,
    async run(harness) {
      await using source = await harness.hold(sampleDataset(10))
      const session = await openChecked(harness, source)
      await readSplit(session, await onlySplit(session))
      await session[Symbol.asyncDispose]()
      await assertAllClosed(harness, source, 'dispose')
      await assert.doesNotReject(
        async () => session[Symbol.asyncDispose](),
        'a second dispose fails',
      )
    },
  },
  {
    name: 'a consumer that waits is not run ahead of',
    appliesTo: (harness) => harness.countsRows === true,
    async run(harness) {
      const dataset = sampleDataset(20_000)
      await using source = await harness.hold(dataset)
      assert.ok(typeof source.rowsProduced === 'function', 'the harness promises to count rows')
      await using session = await openChecked(harness, source)
      const iterator = iteratorOf(session, await onlySplit(session), { maxRows: 10 })
      const before = await source.rowsProduced()
      await iterator.next()
      await sleep(100)
      const produced = (await source.rowsProduced()) - before
      await iterator.return?.()
      assert.ok(
        produced <= dataset.rows.length / 2,
        `${produced} rows were read for a consumer that took 10: memory is not bounded`,
      )
    },
  },
  {
    name: 'refused access is a clear error that tells no secret',
    appliesTo: (harness) => harness.refused !== undefined,
    async run(harness) {
      assert.ok(harness.refused)
      const { secret } = harness.refused
      await using source = await harness.refused.source()
      const config = await validConfig(harness.plugin.config, source.config)
      const { context, messages } = testContext(source.dataSources)
      const attempt = async () => {
        await using session = await harness.plugin.open(config, context, { signal: never })
        await session.check({ signal: never })
      }
      const promise = 'neither open nor check refuses a wrong password'
      const error = await rejectionOf(attempt(), promise, harness.timeoutMs)
      assertTellsNoSecret(error, secret, messages)
      await assertAllClosed(harness, source, 'refused access')
    },
  },
]
