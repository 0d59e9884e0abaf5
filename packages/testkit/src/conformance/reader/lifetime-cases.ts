import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { PluginError } from '@millrace/core/plugin'
import type { RecordBatch } from '@millrace/core/record'
import { sampleDataset } from '../../dataset.ts'
import { conformanceCase, type ConformanceCase } from '../conformance-case.ts'
import { given, lacking } from '../optional-part.ts'
import { eventually, rejectionOf, within } from '../waiting.ts'
import { givenForm } from './document-form.ts'
import { abandon, openConnections, OpenReader } from './open-reader.ts'
import { assertSameRows } from './read-rows.ts'
import type { ReaderHarness } from './reader-harness.ts'

/** Fails unless the next batch is rejected with the reason of the abort. */
export async function assertAborted(
  next: Promise<unknown>,
  reason: Error,
  iterator: AsyncIterator<RecordBatch>,
  { timeoutMs }: ReaderHarness,
): Promise<void> {
  try {
    const error = await rejectionOf(next, 'it is not heard: the read goes on', timeoutMs)
    const found = `the read is rejected with another error than the reason of the signal: ${String(error)}`
    assert.ok(error === reason, found)
  } finally {
    abandon(iterator)
  }
}

/** Cases about breaking off and ending. */
export const readerLifetimeCases: readonly ConformanceCase<ReaderHarness>[] = [
  conformanceCase({
    promise: 'early end',
    name: 'ending the iteration releases what the read had open',
    async run(harness) {
      const sample = sampleDataset(2000)
      const dataset = givenForm(harness, sample)
      await using source = await harness.hold(sample)
      await using reader = await OpenReader.open(harness, source)
      const split = await reader.onlySplit()
      const countBefore = await openConnections(source)
      for (let round = 0; round < 3; round++) {
        const iterator = reader.iterate(split, { maxRows: 10 })
        const first = await iterator.next()
        assert.ok(first.done !== true, 'the first batch never comes')
        await iterator.return?.()
      }
      const whole = await reader.read(split)
      assertSameRows(whole, dataset, ', after reads that were ended early')
      // One more may wait in a pool for the next read.
      await eventually(
        async () => (await openConnections(source)) <= countBefore + 1,
        'reads that were ended early pile up connections',
        harness.timeoutMs,
      )
      await reader.assertReleased('reads that were ended early')
    },
  }),
  conformanceCase({
    promise: 'abort',
    name: 'in mid-read it rejects with its reason and releases what was open',
    async run(harness) {
      await using source = await harness.hold(sampleDataset(5000))
      await using reader = await OpenReader.open(harness, source)
      const controller = new AbortController()
      const reason = new Error('the test aborts')
      const { signal } = controller
      const iterator = reader.iterate(await reader.onlySplit(), { signal, maxRows: 10 })
      const first = await iterator.next()
      assert.ok(first.done !== true, 'the first batch never comes')
      controller.abort(reason)
      await assertAborted(iterator.next(), reason, iterator, harness)
      await reader.assertReleased('an abort in mid-read')
    },
  }),
  conformanceCase({
    promise: 'abort',
    name: 'while the source is silent it rejects at once and releases what was open',
    skipReason: lacking('blockedSource'),
    async run(harness) {
      await using source = await given(harness, 'blockedSource')()
      await using reader = await OpenReader.open(harness, source)
      const controller = new AbortController()
      const reason = new Error('the test aborts')
      const { signal } = controller
      const iterator = reader.iterate(await reader.onlySplit(), { signal })
      const next = iterator.next()
      next.catch(() => undefined)
      await sleep(100)
      controller.abort(reason)
      await assertAborted(next, reason, iterator, harness)
      await reader.assertReleased('an abort while the source was silent')
    },
  }),
  conformanceCase({
    promise: 'abort',
    name: 'a read with a signal already aborted rejects with its reason',
    async run(harness) {
      await using source = await harness.hold(sampleDataset(10))
      await using reader = await OpenReader.open(harness, source)
      const reason = new Error('the test aborted before')
      const signal = AbortSignal.abort(reason)
      const iterator = reader.iterate(await reader.onlySplit(), { signal })
      await assertAborted(iterator.next(), reason, iterator, harness)
      await reader.assertReleased('a read that was aborted before it began')
    },
  }),
  conformanceCase({
    promise: 'abort',
    name: 'check and split with a signal already aborted reject with its reason, unless they never wait',
    async run(harness) {
      await using source = await harness.hold(sampleDataset(10))
      await using reader = await OpenReader.open(harness, source)
      const reason = new Error('the test aborted before')
      const signal = AbortSignal.abort(reason)
      const { session } = reader
      for (const [name, call] of [
        ['check', () => session.check({ signal })],
        ['split', () => session.split(1, { signal })],
      ] as const) {
        const error = await within(
          call().then(
            () => reason,
            (fault: unknown) => fault,
          ),
          `${name} does not hear it`,
          harness.timeoutMs,
        )
        assert.ok(error === reason, `${name} is rejected with another error: ${String(error)}`)
      }
      await reader.assertReleased('calls that were aborted before they began')
    },
  }),
  conformanceCase({
    promise: 'connections',
    name: 'a read has some, and a session that is disposed has none',
    skipReason: lacking('openConnections'),
    async run(harness) {
      await using source = await harness.hold(sampleDataset(5000))
      given(source, 'openConnections')
      await using reader = await OpenReader.open(harness, source)
      const iterator = reader.iterate(await reader.onlySplit(), { maxRows: 1 })
      await iterator.next()
      const count = await openConnections(source)
      assert.ok(count > 0, 'the harness counts none while a read is under way')
      await iterator.return?.()
      await reader.assertReleased('dispose')
    },
  }),
  conformanceCase({
    promise: 'dispose',
    name: 'it closes everything and may be called twice',
    async run(harness) {
      await using source = await harness.hold(sampleDataset(10))
      await using reader = await OpenReader.open(harness, source)
      await reader.read(await reader.onlySplit())
      await reader.assertReleased('dispose')
      await disposeAgain(reader)
    },
  }),
  conformanceCase({
    promise: 'dispose',
    name: 'after a source that failed it closes everything and may be called twice',
    skipReason: lacking('failingSource'),
    async run(harness) {
      await using source = await given(harness, 'failingSource')()
      await using reader = await OpenReader.open(harness, source)
      const reading = reader.read(await reader.onlySplit(), { maxRows: 1 })
      const error = await rejectionOf(reading, 'a source that fails is read to its end')
      const isForUsers = PluginError.isInstance(error)
      assert.ok(isForUsers, `the read fails with what is no PluginError: ${String(error)}`)
      await reader.assertReleased('a source that failed')
      await disposeAgain(reader)
    },
  }),
]

async function disposeAgain(reader: OpenReader): Promise<void> {
  await assert.doesNotReject(
    async () => reader.session[Symbol.asyncDispose](),
    'the second call is rejected',
  )
}
