import assert from 'node:assert/strict'
import { conformanceCase, type ConformanceCase } from '../conformance-case.ts'
import { given, lacking, methodOf } from '../optional-part.ts'
import { never } from '../test-context.ts'
import { within } from '../waiting.ts'
import { assertContents, changesOf, OpenWriter, type Change } from './open-writer.ts'
import { assertAllAccounted } from './row-cases.ts'
import type { WriterHarness } from './writer-harness.ts'

/** Batches of changes, some keys again and again; what is left of them stands below. */
const batches: readonly (readonly Change[])[] = [
  [
    ['r', 'read', 'v0'],
    ['c', 'created', 'v0'],
    ['c', 'updated', 'v0'],
    ['u', 'updated', 'v1'],
    ['c', 'deleted', 'v0'],
    ['c', 'brief', 'v0'],
    ['d', 'brief', 'v0'],
    ['c', 'again', 'v0'],
    ['d', 'again', 'v0'],
    ['c', 'again', 'v1'],
  ],
  [
    ['d', 'deleted', 'v0'],
    ['u', 'updated', 'v2'],
    ['u', 'unknown', 'v0'],
    ['d', 'never', 'v0'],
  ],
]

const left = {
  read: ['v0'],
  created: ['v0'],
  updated: ['v2'],
  again: ['v1'],
  unknown: ['v0'],
}

/** Updates that change keys, of which the source tells the whole row before, or its key alone. */
const moves: readonly (readonly Change[])[] = [
  [
    ['c', 'here', 'v0'],
    ['c', 'away', 'v0'],
    ['u', 'there', 'v1', ['here', 'v0']],
  ],
  [['u', 'onward', 'v0', ['away', undefined]]],
]

const moved = { there: ['v1'], onward: ['v0'] }

/** Updates that send no value, in the batch of the row and in a later one. */
const unsent: readonly (readonly Change[])[] = [
  [
    ['c', 'whole', 'v0'],
    ['c', 'later', 'v0'],
    ['u', 'whole', undefined],
  ],
  [
    ['u', 'later', 'v1'],
    ['u', 'later', undefined],
  ],
]

/** Why a case that needs a target for changes is skipped. */
const withoutDeletes = (harness: WriterHarness) =>
  harness.plugin.capabilities.deletes
    ? lacking('changesTarget')(harness)
    : 'capabilities.deletes is false'

/** Writes batches of changes to a target that applies them, and fails when it holds anything else than `expected`. */
async function assertApplied(
  harness: WriterHarness,
  written: readonly (readonly Change[])[],
  expected: Readonly<Record<string, readonly string[]>>,
  circumstances: string,
): Promise<void> {
  await using target = await given(harness, 'changesTarget')()
  await using writer = await OpenWriter.open(harness, target)
  for (const changes of written)
    assertAllAccounted(await writer.write(changesOf(target, changes)), changes.length)
  await assertContents(target, expected, circumstances)
}

/** Cases about changes of rows. */
export const writerChangeCases: readonly ConformanceCase<WriterHarness>[] = [
  conformanceCase({
    promise: 'operation codes',
    name: 'r, c and u put the row, d removes what its key holds, in their order; each counts as written',
    skipReason: withoutDeletes,
    async run(harness) {
      await assertApplied(harness, batches, left, ', once all changes are applied')
    },
  }),
  conformanceCase({
    promise: 'operation codes',
    name: 'u whose row before has another key moves the row: nothing stays under the old key',
    skipReason: withoutDeletes,
    async run(harness) {
      await assertApplied(harness, moves, moved, ', once the keys have changed')
    },
  }),
  conformanceCase({
    promise: 'operation codes',
    name: 'a cell that was not sent leaves what stands there',
    skipReason: withoutDeletes,
    async run(harness) {
      await assertApplied(
        harness,
        unsent,
        { whole: ['v0'], later: ['v1'] },
        ', after an update that did not send the value',
      )
    },
  }),
  conformanceCase({
    promise: 'operation codes',
    name: 'without the capability deletes d goes to admit, and changes nothing',
    skipReason: ({ plugin }) =>
      plugin.capabilities.deletes ? 'capabilities.deletes is true' : undefined,
    async run(harness) {
      await using target = await harness.makeTarget()
      await using writer = await OpenWriter.open(harness, target)
      const changes = changesOf(target, [
        ['c', 'kept', 'v0'],
        ['d', 'kept', 'v0'],
        ['c', 'next', 'v0'],
      ])
      const tried = await writer.write(changes)
      assertAllAccounted(tried, 3)
      const { written } = tried.result
      const rejected = (tried.admitted[0] ?? []).map(({ row }) => row).join(', ')
      const found = `admit names rows ${rejected || 'none'} as rejected, expected 1, which is a delete`
      assert.equal(rejected, '1', found)
      assert.equal(written, 2, `${written} rows are said to be written, 2 were`)
      await assertContents(target, { kept: ['v0'], next: ['v0'] }, ', after a rejected delete')
    },
  }),
  conformanceCase({
    promise: 'truncate',
    name: 'it removes what the rows of the table left, and rows behind it stay; it may be repeated',
    skipReason: lacking('truncatedTarget'),
    async run(harness) {
      await using target = await given(harness, 'truncatedTarget')()
      await using writer = await OpenWriter.open(harness, target)
      await writer.write(
        changesOf(target, [
          ['c', 'before', 'v0'],
          ['c', 'both', 'v0'],
        ]),
      )
      for (const sequence of [2, 3]) {
        const progress = { split: 's', sequence, fence: 'conformance' }
        const emptying = methodOf(writer.session, 'truncate')(target.schema, {
          signal: never,
          progress,
        })
        const found = 'it never ends'
        const { sent } = await within(emptying, found, harness.timeoutMs)
        assert.ok(sent, 'its result says that nothing was sent')
      }
      await assertContents(target, {}, ' after it')
      await writer.write(changesOf(target, [['c', 'both', 'v1']]))
      await assertContents(target, { both: ['v1'] }, ', written after it')
    },
  }),
]
