import assert from 'node:assert/strict'
import { conformanceCase, type ConformanceCase } from '../conformance-case.ts'
import { given, lacking } from '../optional-part.ts'
import { rejectionOf } from '../waiting.ts'
import { assertContents, batchOf, OpenWriter } from './open-writer.ts'
import type { WriterHarness } from './writer-harness.ts'

/** Cases about beginning, breaking off and ending. */
export const writerLifetimeCases: readonly ConformanceCase<WriterHarness>[] = [
  conformanceCase({
    promise: 'open',
    name: 'it does not connect, and preview works without a connection',
    async run(harness) {
      await using target = await harness.makeTarget()
      await using writer = await OpenWriter.unconnected(harness, target)
      writer.session.preview(batchOf(target, [target.row('k0', 'v0')]))
      const count = (await target.openConnections?.()) ?? 0
      assert.equal(count, 0, `${count} connections are open before check or write was called`)
    },
  }),
  conformanceCase({
    promise: 'abort',
    name: 'a write with a signal already aborted rejects with its reason and sends nothing',
    async run(harness) {
      await using target = await harness.makeTarget()
      await using writer = await OpenWriter.open(harness, target)
      const reason = new Error('the test aborted before')
      const signal = AbortSignal.abort(reason)
      const writing = writer.writeRows([target.row('k0', 'v0')], { signal })
      const error = await rejectionOf(writing, 'it is not heard: the write succeeds')
      assertReason(error, reason)
      await assertContents(target, {}, ' when the signal was aborted before')
    },
  }),
  conformanceCase({
    promise: 'abort',
    name: 'while a write is under way it ends it: done, or rejected with its reason',
    async run(harness) {
      await using target = await harness.makeTarget()
      await using writer = await OpenWriter.open(harness, target)
      const controller = new AbortController()
      const reason = new Error('the test aborts')
      const rows = Array.from({ length: 1000 }, (_, index) => target.row(`k${index}`, 'v'))
      const writing = writer.writeRows(rows, { signal: controller.signal }).then(
        () => undefined,
        (error: unknown) => ({ error }),
      )
      controller.abort(reason)
      const ended = await writing
      if (ended !== undefined) assertReason(ended.error, reason)
      await writer.assertReleased('an abort')
    },
  }),
  conformanceCase({
    promise: 'connections',
    name: 'a session that has written has some, and one that is disposed has none',
    skipReason: lacking('openConnections'),
    async run(harness) {
      await using target = await harness.makeTarget()
      const openConnections = given(target, 'openConnections')
      await using writer = await OpenWriter.open(harness, target)
      await writer.writeRows([target.row('k0', 'v0')])
      const count = await openConnections()
      assert.ok(count > 0, 'the harness counts none of a session that has written')
      await writer.assertReleased('dispose')
    },
  }),
  conformanceCase({
    promise: 'dispose',
    name: 'it closes everything, loses no row that was written, and may be called twice',
    async run(harness) {
      await using target = await harness.makeTarget()
      await using writer = await OpenWriter.open(harness, target)
      await writer.writeRows([target.row('k0', 'v0')])
      await writer.assertReleased('dispose')
      await assertContents(target, { k0: ['v0'] }, ' after dispose')
      await assert.doesNotReject(
        async () => writer.session[Symbol.asyncDispose](),
        'the second call is rejected',
      )
    },
  }),
]

function assertReason(error: unknown, reason: Error): void {
  const found = `the write is rejected with another error than the reason of the signal: ${String(error)}`
  assert.ok(error === reason, found)
}
