import assert from 'node:assert/strict'
import type { OperationCode } from '@millrace/core/record'
import { conformanceCase, type ConformanceCase } from '../conformance-case.ts'
import { given, lacking, methodOf } from '../optional-part.ts'
import { never } from '../test-context.ts'
import { within } from '../waiting.ts'
import { assertContents, changesOf, OpenWriter } from './open-writer.ts'
import { assertAllAccounted } from './row-cases.ts'
import type { WriterHarness } from './writer-harness.ts'

type Change = readonly [operation: OperationCode, key: string, value: string]

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

/** Cases about changes of rows. */
export const writerChangeCases: readonly ConformanceCase<WriterHarness>[] = [
  conformanceCase({
    promise: 'operation codes',
    name: 'r, c and u put the row, d removes what its key holds, in their order; each counts as written',
    skipReason: (harness) =>
      harness.plugin.capabilities.deletes
        ? lacking('changesTarget')(harness)
        : 'capabilities.deletes is false',
    async run(harness) {
      await using target = await given(harness, 'changesTarget')()
      await using writer = await OpenWriter.open(harness, target)
      for (const changes of batches)
        assertAllAccounted(await writer.write(changesOf(target, changes)), changes.length)
      await assertContents(target, left, ', once all changes are applied')
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
