import assert from 'node:assert/strict'
import type { ConformanceCase } from './conformance-case.ts'
import { never } from './open-reader.ts'
import {
  assertContents,
  assertWriterClosed,
  batchOf,
  openCheckedWriter,
  openWriter,
  TestChannel,
} from './open-writer.ts'
import { validConfig } from './schema-cases.ts'
import { assertTellsNoSecret, testContext } from './test-context.ts'
import { rejectionOf, within } from './waiting.ts'
import type { WriterHarness } from './writer-harness.ts'

/** Cases about beginning, breaking off and ending. */
export const writerLifetimeCases: readonly ConformanceCase<WriterHarness>[] = [
  {
    name: 'open does not connect, and preview works without a connection',
    appliesTo: () => true,
    async run(harness) {
      await using target = await harness.makeTarget()
      await using session = await openWriter(harness, target)
      session.preview(batchOf(target, [target.row('k0', 'v0')]))
      const count = (await target.openConnections?.()) ?? 0
      assert.equal(count, 0, 'open or preview connects to the target')
    },
  },
  {
    name: 'a write with a signal already aborted rejects with its reason and sends nothing',
    appliesTo: () => true,
    async run(harness) {
      await using target = await harness.makeTarget()
      await using session = await openCheckedWriter(harness, target)
      const reason = new Error('the test aborted before')
      const writing = new TestChannel(session).write(batchOf(target, [target.row('k0', 'v0')]), {
        signal: AbortSignal.abort(reason),
      })
      const promise = 'a write with a signal already aborted is not rejected with its reason'
      assert.equal(await rejectionOf(writing, promise, harness.timeoutMs), reason, promise)
      await assertContents(target, {}, 'rows were sent although the signal was aborted before')
    },
  },
  {
    name: 'an abort while a write is under way ends it: done, or rejected with its reason',
    appliesTo: () => true,
    async run(harness) {
      await using target = await harness.makeTarget()
      await using session = await openCheckedWriter(harness, target)
      const controller = new AbortController()
      const reason = new Error('the test aborts')
      const rows = Array.from({ length: 1000 }, (_, index) => target.row(`k${index}`, 'v'))
      const writing = new TestChannel(session)
        .write(batchOf(target, rows), { signal: controller.signal })
        .then(
          () => undefined,
          (error: unknown) => ({ error }),
        )
      controller.abort(reason)
      const ended = await within(writing, 'an abort does not end a write', harness.timeoutMs)
      if (ended)
        assert.equal(ended.error, reason, 'an aborted write is rejected with another error')
      await session[Symbol.asyncDispose]()
      await assertWriterClosed(harness, target, 'an abort')
    },
  },
  {
    name: 'dispose closes everything and may be called twice',
    appliesTo: () => true,
    async run(harness) {
      await using target = await harness.makeTarget()
      const session = await openCheckedWriter(harness, target)
      await new TestChannel(session).write(batchOf(target, [target.row('k0', 'v0')]))
      await session[Symbol.asyncDispose]()
      await assertWriterClosed(harness, target, 'dispose')
      await assertContents(target, { k0: ['v0'] }, 'a row that was written is gone after dispose')
      await assert.doesNotReject(
        async () => session[Symbol.asyncDispose](),
        'a second dispose fails',
      )
    },
  },
  {
    name: 'refused access is a clear error that tells no secret',
    appliesTo: (harness) => harness.refused !== undefined,
    async run(harness) {
      assert.ok(harness.refused)
      await using target = await harness.refused.target()
      const config = await validConfig(harness.plugin.config, target.config)
      const { context, messages } = testContext(target.dataSources)
      const attempt = async () => {
        await using session = await harness.plugin.open(config, context, { signal: never })
        await session.check(target.schema, { signal: never })
      }
      const promise = 'check does not refuse a wrong password'
      const error = await rejectionOf(attempt(), promise, harness.timeoutMs)
      assertTellsNoSecret(error, harness.refused.secret, messages)
      await assertWriterClosed(harness, target, 'refused access')
    },
  },
]
