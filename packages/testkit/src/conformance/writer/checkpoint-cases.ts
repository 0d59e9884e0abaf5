import assert from 'node:assert/strict'
import { conformanceCase, type ConformanceCase } from '../conformance-case.ts'
import { lacking, methodOf } from '../optional-part.ts'
import { never } from '../test-context.ts'
import { rejectionOf } from '../waiting.ts'
import { assertCode, assertRefused, onCheckpoint, withoutCheckpoint } from './checkpoint-scene.ts'
import { assertContents, OpenWriter } from './open-writer.ts'
import type { WriterHarness } from './writer-harness.ts'

const call = { signal: never }

/** Cases about progress that is kept in the target, beside the rows. */
export const writerCheckpointCases: readonly ConformanceCase<WriterHarness>[] = [
  conformanceCase({
    promise: 'checkpoint',
    name: 'sessions have one if that is declared, kept as declared, and only then',
    async run(harness) {
      await using target = await harness.makeTarget()
      await using writer = await OpenWriter.open(harness, target)
      const checkpoint = await writer.session.checkpoint?.('conformance_declared', call)
      await checkpoint?.[Symbol.asyncDispose]()
      const [declared = 'none', atomicity = 'none'] = [
        harness.keepsCheckpoint,
        checkpoint?.atomicity,
      ]
      const found = `keepsCheckpoint is declared ${declared}, and the session gives ${atomicity}`
      assert.equal(atomicity, declared, found)
    },
  }),
  conformanceCase({
    promise: 'checkpoint',
    name: 'nothing is there before it is begun; header and progress stand there in a later session',
    skipReason: withoutCheckpoint,
    run: (harness) =>
      onCheckpoint(harness, async ({ run }) => {
        const first = await run('one')
        const before = await first.checkpoint.read(call)
        assert.equal(before, undefined, 'a job that never ran has one')
        await first.begin({ is: 'the header' })
        await first.write(1, 'k0', 'v0')
        await first.write(2, 'k1', 'v1')
        const durability = (await first.checkpoint.confirm?.(call)) ?? 'memory'
        assert.match(durability, /^(?:memory|replica|disk)$/, `confirm says ${durability}`)
        await first[Symbol.asyncDispose]()
        const later = await run('two')
        const header = JSON.stringify((await later.checkpoint.read(call))?.header)
        assert.equal(header, '{"is":"the header"}', `the header read later is ${header}`)
        await later.assertProgress(2, ', in a later session')
      }),
  }),
  conformanceCase({
    promise: 'exactly once',
    name: 'a batch that is repeated is not applied again, and one that comes too early is refused',
    skipReason: (harness) =>
      withoutCheckpoint(harness) ??
      (harness.keepsCheckpoint === 'after-data' ? 'keepsCheckpoint is after-data' : undefined),
    run: (harness) =>
      onCheckpoint(harness, async ({ run, target }) => {
        {
          await using first = await run('one')
          await first.begin()
          await first.write(1, 'k0', 'v0')
          // One that is recognised may be answered as it was before.
          await first.write(1, 'k0', 'repeated').catch((error: unknown) => {
            assertCode(error, 'TARGET_REWOUND', 'batch 1, which is there,')
          })
          await assertContents(target, { k0: ['v0'] }, ', after batch 1 was repeated')
        }
        await using second = await run('two')
        await second.acquire()
        const skipping = second.write(3, 'k1', 'v1')
        await assertRefused(skipping, 'TARGET_REWOUND', 'batch 3 behind batch 1', harness)
        await assertContents(target, { k0: ['v0'] }, ', after batch 2 was left out')
        await second.assertProgress(1, ', after batches that were refused')
      }),
  }),
  conformanceCase({
    promise: 'progress',
    name: 'it stays where it is when a batch is not written',
    skipReason: withoutCheckpoint,
    run: (harness) =>
      onCheckpoint(harness, async ({ run, target }) => {
        const only = await run('one')
        await only.begin()
        const signal = AbortSignal.abort(new Error('the test aborted before'))
        await rejectionOf(only.write(1, 'k0', 'v0', { signal }), 'an aborted write is accepted')
        await only.write(1, 'k0', 'v0', { isAdmitted: false })
        await only.assertProgress(0, ', after batches that were not written')
        await assertContents(target, {}, ', after batches that were not written')
      }),
  }),
  conformanceCase({
    promise: 'progress',
    name: 'it can be moved without rows, from where it stands alone, or wherever it stands',
    skipReason: withoutCheckpoint,
    run: (harness) =>
      onCheckpoint(harness, async ({ run }) => {
        const only = await run('one')
        await only.begin()
        const move = (expected: number | undefined, sequence: number) =>
          only.checkpoint.update({ split: 's', expected, sequence, record: { at: sequence } }, call)
        await only.write(1, 'k0', 'v0')
        await move(1, 2)
        await only.assertProgress(2, ', after an update')
        await assertRefused(move(1, 3), 'TARGET_REWOUND', 'an update from 1 at 2', harness)
        await move(undefined, 7)
        await only.assertProgress(7, ', after an update from anywhere')
      }),
  }),
  conformanceCase({
    promise: 'finish',
    name: 'it is refused where a split stands elsewhere, and leaves the header alone',
    skipReason: withoutCheckpoint,
    run: (harness) =>
      onCheckpoint(harness, async ({ run }) => {
        const only = await run('one')
        await only.begin()
        await only.write(1, 'k0', 'v0')
        const finish = (sequence: number) =>
          only.checkpoint.finish({ is: 'ended' }, new Map([['s', sequence]]), call)
        await assertRefused(finish(2), 'TARGET_REWOUND', 'an end behind batch 2 at 1', harness)
        await only.assertProgress(1, ', after an end that was refused')
        await finish(1)
        const content = await only.checkpoint.read(call)
        const header = JSON.stringify(content?.header)
        assert.equal(header, '{"is":"ended"}', `the header behind the end is ${header}`)
        assert.equal(content?.splits.size, 0, 'splits stand there behind the end')
      }),
  }),
  conformanceCase({
    promise: 'begin',
    name: 'it removes what an earlier run left',
    skipReason: withoutCheckpoint,
    run: (harness) =>
      onCheckpoint(harness, async ({ run }) => {
        {
          await using first = await run('one')
          await first.begin()
          await first.write(1, 'k0', 'v0')
        }
        const second = await run('two')
        await second.begin({ is: 'anew' })
        await second.assertProgress(0, ', after begin')
        await second.write(1, 'k1', 'v1')
        await second.assertProgress(1, ', after begin and one batch')
      }),
  }),
  conformanceCase({
    promise: 'amend',
    name: 'it puts another header there, and the splits stay',
    skipReason: (harness) => withoutCheckpoint(harness) ?? lacking('amend')(harness),
    run: (harness) =>
      onCheckpoint(harness, async ({ run }) => {
        const only = await run('one')
        await only.begin()
        await only.write(1, 'k0', 'v0')
        await methodOf(only.checkpoint, 'amend')({ is: 'amended' }, call)
        const header = JSON.stringify((await only.checkpoint.read(call))?.header)
        assert.equal(header, '{"is":"amended"}', `the header behind it is ${header}`)
        await only.assertProgress(1, ', after amend')
        await only.write(2, 'k1', 'v1')
        await only.assertProgress(2, ', after amend and one more batch')
      }),
  }),
  conformanceCase({
    promise: 'requests',
    name: 'they wait in their order, and those that are dealt with are forgotten',
    skipReason: (harness) => withoutCheckpoint(harness) ?? lacking('requests')(harness),
    run: (harness) =>
      onCheckpoint(harness, async ({ run }) => {
        const [asking, asked] = [await run('one'), await run('two')]
        await asked.begin()
        for (const request of [{ table: 'a' }, { table: 'b' }, { table: 'c' }])
          await methodOf(asking.checkpoint, 'request')(request, call)
        const waiting = async () =>
          JSON.stringify(await methodOf(asked.checkpoint, 'requests')(call))
        const all = await waiting()
        const expected = '[{"table":"a"},{"table":"b"},{"table":"c"}]'
        assert.equal(all, expected, `those that wait are ${all}, expected ${expected}`)
        await methodOf(asked.checkpoint, 'forgetRequests')(2, call)
        const rest = await waiting()
        assert.equal(rest, '[{"table":"c"}]', `behind two that are forgotten wait ${rest}`)
      }),
  }),
]
