import { conformanceCase, type ConformanceCase } from '../conformance-case.ts'
import { given, lacking } from '../optional-part.ts'
import { never } from '../test-context.ts'
import { assertRefused, onCheckpoint, withoutCheckpoint } from './checkpoint-scene.ts'
import { assertContents } from './open-writer.ts'
import type { WriterHarness } from './writer-harness.ts'

const call = { signal: never }

/** Cases about runs that must not write side by side. */
export const writerFenceCases: readonly ConformanceCase<WriterHarness>[] = [
  conformanceCase({
    promise: 'fence',
    name: 'while a run lives no other takes it; when that run has ended, another goes on where it stood',
    skipReason: withoutCheckpoint,
    run: (harness) =>
      onCheckpoint(harness, async ({ run, target }) => {
        const [first, second] = [await run('one'), await run('two')]
        await first.begin()
        await first.write(1, 'k0', 'v0')
        const what = 'a second run while the first lives'
        await assertRefused(second.acquire(), 'TARGET_FENCED', what, harness)
        await first.write(2, 'k1', 'v1')
        await first[Symbol.asyncDispose]()
        await second.acquire()
        await second.write(3, 'k2', 'v2')
        await assertContents(target, { k0: ['v0'], k1: ['v1'], k2: ['v2'] }, ', of two runs')
        await second.assertProgress(3, ', after the second run')
      }),
  }),
  conformanceCase({
    promise: 'lost fence',
    name: 'a run that was taken for dead writes nothing any more, and moves no progress',
    skipReason: (harness) => withoutCheckpoint(harness) ?? lacking('cutConnections')(harness),
    run: (harness) =>
      onCheckpoint(harness, async ({ run, target }) => {
        const cutConnections = given(target, 'cutConnections')
        const [first, second] = [await run('one'), await run('two')]
        await first.begin()
        await first.write(1, 'k0', 'v0')
        await cutConnections()
        await second.acquire()
        const fenced = (waiting: Promise<unknown>, what: string) =>
          assertRefused(waiting, 'TARGET_FENCED', `${what} of a run that lost it`, harness)
        await fenced(first.write(2, 'lost', 'v1'), 'a batch')
        const progress = { split: 's', expected: undefined, sequence: 9, record: { at: 9 } }
        await fenced(first.checkpoint.update(progress, call), 'an update')
        await fenced(first.checkpoint.finish({ is: 'ended' }, new Map(), call), 'the end')
        await second.write(2, 'k1', 'v2')
        // What is kept after the rows cannot keep them back.
        if (harness.keepsCheckpoint === 'with-data')
          await assertContents(target, { k0: ['v0'], k1: ['v2'] }, ', after the fence was lost')
        await second.assertProgress(2, ', after the fence was lost')
      }),
  }),
]
