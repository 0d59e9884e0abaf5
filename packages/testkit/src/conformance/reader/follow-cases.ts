import assert from 'node:assert/strict'
import { qualifiedName, type RecordBatch } from '@millrace/core/record'
import { typeDataset, typeSampleNames, type TypeSampleName } from '../../type-samples.ts'
import { byteLengthOfRows } from './batch-cases.ts'
import { conformanceCase, type ConformanceCase } from '../conformance-case.ts'
import { given, lacking, methodOf } from '../optional-part.ts'
import { never } from '../test-context.ts'
import { within } from '../waiting.ts'
import { givenForm } from './document-form.ts'
import {
  changesUntilNow,
  commitAll,
  creations,
  currentPosition,
  followTables,
  withoutFollow,
} from './follow-scene.ts'
import type { SourceChange } from './followed-source.ts'
import { assertSameChanges, foundChanges } from './found-changes.ts'
import { abandon } from './open-reader.ts'
import type { ReaderHarness } from './reader-harness.ts'
import { assertSampleCells } from './type-cases.ts'

/** Transactions over both tables of the scene, a key of which is changed again and again. */
export const sampleTransactions: readonly (readonly SourceChange[])[] = [
  creations(0, [11, 12], 'made'),
  [{ table: 0, operation: 'u', row: [11, 'second', 'é 東京'] }],
  [
    ...creations(1, [11]),
    { table: 0, operation: 'u', row: [11, 'third', 'é 東京'] },
    { table: 1, operation: 'd', row: ['note 2', 2] },
    { table: 0, operation: 'u', row: [11, 'fourth', null] },
    ...creations(0, [13]),
  ],
  [{ table: 0, operation: 'd', row: [11, 'fourth', null] }],
  [{ table: 0, operation: 'c', row: [11, 'again', 'quote \' " \\'] }],
  [{ table: 1, operation: 'u', row: ['changed', 1] }],
]

const dayMs = 86_400_000

function assertBounded(batch: RecordBatch, maxRows: number, maxBytes: number): void {
  const { rows, changes, position } = batch
  const { length } = rows
  assert.ok(position, 'a batch of changes comes without a position')
  assert.ok(length <= maxRows, `a batch has ${length} changes, maxRows is ${maxRows}`)
  const bytes = byteLengthOfRows(batch)
  const found = `a batch of ${length} changes has ${bytes} bytes, maxBytes is ${maxBytes}`
  assert.ok(bytes <= maxBytes || length === 1, found)
  const { beginsTransaction: _, ...parts } = changes ?? {}
  for (const [part, { length: count }] of Object.entries(parts))
    assert.equal(count, length, `a batch of ${length} changes has ${count} ${part}`)
}

/** What a reader says to begin must not have come before. */
function assertBeginnings(batches: readonly RecordBatch[]): void {
  const seen = new Set<string>()
  for (const { schema, changes } of batches) {
    const names = changes?.transactions.map((number) => `${qualifiedName(schema)} ${number}`) ?? []
    const [first = ''] = names
    if (changes?.beginsTransaction === true)
      assert.ok(!seen.has(first), 'a batch that goes on with a transaction says that it begins it')
    for (const name of names) seen.add(name)
  }
}

/** Cases about the changes that are handed out. */
export const readerFollowCases: readonly ConformanceCase<ReaderHarness>[] = [
  conformanceCase({
    promise: 'order of changes',
    name: 'they come as they were committed, each key in its order, with operation, row and row before',
    skipReason: withoutFollow,
    run: (harness) =>
      followTables(harness, async (scene) => {
        const { source, reader, from, schemas } = scene
        await commitAll(source, sampleTransactions)
        const batches = await changesUntilNow(reader, from)
        assertSameChanges(scene, batches, sampleTransactions.flat())
        const isShared = batches.every(({ schema }) => schemas.includes(schema))
        assert.ok(isShared, 'a batch of changes has another schema object than describe gave')
      }),
  }),
  conformanceCase({
    promise: 'transactions',
    name: 'their numbers count up, the same within one and over batches; the time of commit is in milliseconds',
    skipReason: withoutFollow,
    run: (harness) =>
      followTables(harness, async (scene) => {
        const { source, reader, from } = scene
        await commitAll(source, sampleTransactions)
        const batches = await changesUntilNow(reader, from, { maxRows: 2 })
        assertBeginnings(batches)
        const found = foundChanges(scene, batches)
        const owners = sampleTransactions.flatMap((changes, index) => changes.map(() => index))
        assert.equal(
          found.length,
          owners.length,
          `${found.length} of ${owners.length} changes came`,
        )
        for (const [index, { transaction, committedAtMs }] of found.entries()) {
          const before = found[index - 1]
          const isOwn = index === 0 || owners[index] !== owners[index - 1]
          if (before !== undefined) {
            const text = `changes ${index} and ${index + 1} are of ${isOwn ? 'two transactions' : 'one transaction'} and have the numbers ${before.transaction} and ${transaction}`
            const isRight = isOwn
              ? transaction > before.transaction
              : transaction === before.transaction
            assert.ok(isRight, text)
          }
          const isRecent = Math.abs(committedAtMs - Date.now()) < dayMs
          assert.ok(isRecent, `a change was committed just now, and says ${committedAtMs} ms`)
        }
      }),
  }),
  conformanceCase({
    promise: 'bounds of changes',
    name: 'no batch has more than maxRows or maxBytes; all that is told of a change runs parallel to the rows',
    skipReason: withoutFollow,
    run: (harness) =>
      followTables(harness, async (scene) => {
        const { source, reader, from } = scene
        const made = creations(
          0,
          Array.from({ length: 60 }, (_, index) => index + 100),
        )
        await source.commit(made)
        for (const [maxRows, maxBytes] of [
          [1, 1_000_000],
          [7, 1_000_000],
          [1000, 100],
        ] as const) {
          const batches = await changesUntilNow(reader, from, { maxRows, maxBytes })
          for (const batch of batches) assertBounded(batch, maxRows, maxBytes)
          assertSameChanges(scene, batches, made)
        }
      }),
  }),
  conformanceCase({
    promise: 'maxDelayMs',
    name: 'a single change behind which the source falls silent is handed out',
    skipReason: withoutFollow,
    run: (harness) =>
      followTables(harness, async ({ source, reader, from }) => {
        const controller = new AbortController()
        const iterator = reader.follow(from, { signal: controller.signal, maxDelayMs: 20 })
        try {
          const found = 'a change that was committed waits for more changes'
          const coming = firstRows(iterator)
          coming.catch(() => undefined)
          await source.commit(creations(0, [21]))
          await within(coming, found, harness.timeoutMs)
        } finally {
          controller.abort()
          abandon(iterator)
        }
      }),
  }),
  conformanceCase({
    promise: 'committed only',
    name: 'changes that are rolled back are never handed out',
    skipReason: (harness) => withoutFollow(harness) ?? lacking('rollBack')(harness),
    run: (harness) =>
      followTables(harness, async (scene) => {
        const { source, reader, from } = scene
        const rollBack = given(source, 'rollBack')
        await rollBack(creations(0, [31, 32]))
        await source.commit(creations(0, [33]))
        await rollBack(creations(1, [31]))
        const batches = await changesUntilNow(reader, from)
        const circumstances = '; others were rolled back'
        assertSameChanges(scene, batches, creations(0, [33]), { circumstances })
      }),
  }),
  conformanceCase({
    promise: 'until',
    name: 'following ends at currentPosition: behind what was committed before it, before what was later',
    skipReason: withoutFollow,
    run: (harness) =>
      followTables(harness, async (scene) => {
        const { source, reader, from } = scene
        let before = from
        for (const key of [41, 42, 43]) {
          await source.commit(creations(0, [key]))
          const until = await currentPosition(reader)
          await source.commit(creations(1, [key]))
          const batches = await reader.changes(before, { until })
          const made = [...(key > 41 ? creations(1, [key - 1]) : []), ...creations(0, [key])]
          const circumstances = `, until ${until.label}`
          assertSameChanges(scene, batches, made, { circumstances })
          before = until
        }
      }),
  }),
  conformanceCase({
    promise: 'leaveOut',
    name: 'changes of the tables it names are not handed out, and the last position stands behind them',
    skipReason: withoutFollow,
    run: (harness) =>
      followTables(harness, async (scene) => {
        const { source, reader, from, datasets, schemas } = scene
        await commitAll(source, sampleTransactions)
        await source.commit(creations(1, [45]))
        const until = await currentPosition(reader)
        const leaveOut = new Set([qualifiedName(schemas[1] ?? datasets[1]!.schema)])
        const batches = await reader.changes(from, { until, leaveOut })
        const made = sampleTransactions.flat().filter(({ table }) => table === 0)
        const circumstances = ', with notes left out'
        assertSameChanges(scene, batches, made, { circumstances })
        const last = batches.at(-1)?.position
        assert.ok(last, 'the last batch comes without a position')
        const rest = foundChanges(scene, await reader.changes(last, { until }))
        const found = `${rest.length} changes come behind the last position, which is to stand at the end`
        assert.equal(rest.length, 0, found)
      }),
  }),
  conformanceCase({
    promise: 'snapshot equals stream',
    name: 'a cell has the same form in changes as in the rows that are read, for every type',
    skipReason: (harness) =>
      withoutFollow(harness) ??
      (harness.nativeTypes === undefined ? lacking('nativeTypes')(harness) : undefined),
    async run(harness) {
      const nativeTypes = given(harness, 'nativeTypes')
      const names = typeSampleNames.filter((name) => nativeTypes[name] !== undefined)
      const samples = names.map((name) => typeDataset(name, nativeTypes[name] ?? ''))
      const empty = samples.map(({ schema }) => ({ schema, rows: [] }))
      await followTables(
        harness,
        async ({ source, reader, from, schemas, later }) => {
          for (const [table, { rows }] of samples.entries())
            await source.commit(rows.map((row) => ({ table, operation: 'c', row })))
          const changes = await changesUntilNow(reader, from)
          await using other = await later()
          const { splits } = await other.plan(1)
          const read = (await other.readAll(splits)).flatMap(({ batches }) => batches)
          for (const [index, sample] of samples.entries()) {
            const name = names[index] as TypeSampleName
            const dataset = givenForm(harness, sample)
            const isOwn = ({ schema }: RecordBatch) => schema.table === schemas[index]?.table
            assertSampleCells(name, read.filter(isOwn), dataset, ' in the rows that are read')
            assertSampleCells(name, changes.filter(isOwn), dataset, ' in changes')
          }
        },
        empty,
      )
    },
  }),
  conformanceCase({
    promise: 'acknowledge',
    name: 'it may be called while changes are followed, and what is behind the position stays',
    skipReason: withoutFollow,
    run: (harness) =>
      followTables(harness, async (scene) => {
        const { source, reader, from, later } = scene
        const { session } = reader
        await source.commit(creations(0, [51]))
        const until = await currentPosition(reader)
        await source.commit(creations(0, [52]))
        const end = await currentPosition(reader)
        const iterator = reader.follow(from, { until: end, maxRows: 1 })
        await firstRows(iterator)
        await methodOf(session, 'acknowledge')(until, { signal: never })
        await iterator.return?.()
        await reader[Symbol.asyncDispose]()
        await using other = await later()
        const batches = await changesUntilNow(other, until)
        const circumstances = `, behind the acknowledged ${until.label}`
        assertSameChanges(scene, batches, creations(0, [52]), { circumstances })
      }),
  }),
  conformanceCase({
    promise: 'logStatus',
    name: 'it tells where the log ends, and less is left from a later position',
    skipReason: (harness) => withoutFollow(harness) ?? lacking('logStatus')(harness),
    run: (harness) =>
      followTables(harness, async ({ source, reader, from }) => {
        const logStatus = methodOf(reader.session, 'logStatus')
        await source.commit(creations(0, [61, 62, 63]))
        const end = await currentPosition(reader)
        const first = await logStatus(from, { signal: never })
        const last = await logStatus(end, { signal: never })
        assert.ok(first.end !== '' && last.end !== '', 'it does not say where the log ends')
        const [lag, left] = [first.lagBytes ?? 0, last.lagBytes ?? 0]
        const found = `${lag} bytes are left from the beginning, and ${left} from the end`
        const isTold = first.lagBytes === undefined || (lag > left && left >= 0)
        assert.ok(isTold, found)
      }),
  }),
]

/** The first batch with rows. */
export async function firstRows(iterator: AsyncIterator<RecordBatch>): Promise<RecordBatch> {
  for (;;) {
    const next = await iterator.next()
    assert.ok(next.done !== true, 'following ends before a change came')
    if (next.value.rows.length > 0) return next.value
  }
}
