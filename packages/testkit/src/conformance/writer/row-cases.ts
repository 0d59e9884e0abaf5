import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Row } from '@millrace/core/record'
import { conformanceCase, type ConformanceCase } from '../conformance-case.ts'
import { given, lacking } from '../optional-part.ts'
import { validConfig } from '../schema-cases.ts'
import { assertContents, batchOf, OpenWriter, type TriedWrite } from './open-writer.ts'
import type { WriterHarness, WriterTarget } from './writer-harness.ts'

/** Fails when the counts of a write do not add up to its rows. */
export function assertAllAccounted({ result, admitted }: TriedWrite, rowCount: number): void {
  assert.equal(admitted.length, 1, `admit was called ${admitted.length} times for one batch`)
  assert.equal(result.sent, true, 'sent is false although admit agreed')
  const rejected = [...(admitted[0] ?? []), ...result.rejected]
  const indexes = rejected.map(({ row }) => row)
  const twice = indexes.find((row, at) => indexes.indexOf(row) !== at)
  assert.equal(twice, undefined, `row ${twice} was rejected twice`)
  for (const { row, error } of rejected) {
    assert.ok(row >= 0 && row < rowCount, `row ${row} was rejected, but is not in the batch`)
    assert.ok(error.code !== '' && error.message !== '', `row ${row} was rejected without a reason`)
  }
  const found = `${result.written} written and ${rejected.length} rejected do not make ${rowCount} rows`
  assert.equal(result.written + rejected.length, rowCount, found)
}

/** Good rows around the given ones, all of one batch. */
async function writeAmongGood(
  harness: WriterHarness,
  target: WriterTarget,
  others: readonly Row[],
): Promise<TriedWrite> {
  await using writer = await OpenWriter.open(harness, target)
  const rows = [target.row('k0', 'v0')]
  for (const [index, other] of others.entries())
    rows.push(other, target.row(`k${index + 1}`, `v${index + 1}`))
  return await writer.writeRows(rows)
}

async function assertNeighbours(target: WriterTarget, count: number): Promise<void> {
  const contents = await target.contents()
  for (let index = 0; index <= count; index++) {
    const found = contents.get(`k${index}`)?.join()
    const text = `the row of k${index}, a neighbour of a rejected one, holds ${found ?? 'nothing'}`
    assert.equal(found, `v${index}`, text)
  }
}

function assertIndexes(
  found: readonly { row: number }[],
  expected: readonly number[],
  who: string,
) {
  const [rows, wanted] = [found.map(({ row }) => row).join(', '), expected.join(', ')]
  assert.equal(rows, wanted, `${who} names rows ${rows || 'none'} as rejected, expected ${wanted}`)
}

/** Cases about what becomes of rows. */
export const writerRowCases: readonly ConformanceCase<WriterHarness>[] = [
  conformanceCase({
    promise: 'limits',
    name: 'they are whole numbers above zero',
    async run(harness) {
      await using target = await harness.makeTarget()
      await using writer = await OpenWriter.open(harness, target)
      const { maxRows, maxBytes, maxInFlight } = writer.session.limits
      for (const [name, limit] of Object.entries({ maxRows, maxBytes, maxInFlight }))
        assert.ok(Number.isInteger(limit) && limit > 0, `${name} is ${limit}`)
    },
  }),
  conformanceCase({
    promise: 'order per key',
    name: 'batches of a split are applied in order, with as many under way as allowed, and nothing is lost',
    async run(harness) {
      await using target = await harness.makeTarget()
      await using writer = await OpenWriter.open(harness, target)
      const values = new Map<string, string[]>()
      const underWay = new Set<Promise<void>>()
      for (let sequence = 0; sequence < 20; sequence++) {
        const rows = Array.from({ length: 8 }, (_, index) => {
          const [key, value] = [`k${index % 3}`, `v${sequence}x${index}`]
          values.set(key, [...(values.get(key) ?? []), value])
          return target.row(key, value)
        })
        const written = writer
          .writeRows(rows)
          .then((tried) => assertAllAccounted(tried, rows.length))
          .finally(() => underWay.delete(written))
        underWay.add(written)
        if (underWay.size >= writer.session.limits.maxInFlight) await Promise.race(underWay)
      }
      await Promise.all(underWay)
      const expected = [...values].map(([key, all]) => [
        key,
        target.keeps === 'all' ? all : all.slice(-1),
      ])
      await assertContents(target, Object.fromEntries(expected), ', in the order of the batches')
    },
  }),
  conformanceCase({
    promise: 'rejected rows',
    name: 'one that is found wrong goes to admit, and its neighbours are written',
    skipReason: lacking('badRow'),
    async run(harness) {
      await using target = await harness.makeTarget()
      const badRow = given(target, 'badRow')
      const bad = [badRow(), badRow()]
      const { admitted } = await writeAmongGood(harness, target, bad)
      assert.equal(admitted.length, 1, `admit was called ${admitted.length} times for one batch`)
      assertIndexes(admitted[0] ?? [], [1, 3], 'admit')
      await assertNeighbours(target, 2)
    },
  }),
  conformanceCase({
    promise: 'rejected rows',
    name: 'one that the target refuses is in the result, and its neighbours are written',
    skipReason: lacking('refusedRow'),
    async run(harness) {
      await using target = await harness.makeTarget()
      const refused = await given(target, 'refusedRow')()
      const { result } = await writeAmongGood(harness, target, [refused])
      assertIndexes(result.rejected, [1], 'the result')
      await assertNeighbours(target, 1)
    },
  }),
  conformanceCase({
    promise: 'accounting',
    name: 'written and rejected rows make the rows of the batch, each once and with a reason',
    async run(harness) {
      await using target = await harness.makeTarget()
      const bad = target.badRow ? [target.badRow(), target.badRow(), target.badRow()] : []
      const refused = target.refusedRow ? [await target.refusedRow()] : []
      const others = [...bad.slice(0, 1), ...refused, ...bad.slice(1)]
      const tried = await writeAmongGood(harness, target, others)
      assertAllAccounted(tried, 2 * others.length + 1)
      const { written, bytesWritten } = tried.result
      const good = others.length + 1
      assert.equal(written, good, `${written} rows are said to be written, ${good} were`)
      const sent = `${bytesWritten} bytes are said to be sent for ${written} rows`
      assert.ok(bytesWritten > 0, sent)
    },
  }),
  conformanceCase({
    promise: 'accounting',
    name: 'an empty batch, and one of wrong rows alone, are written and change nothing',
    async run(harness) {
      await using target = await harness.makeTarget()
      await using writer = await OpenWriter.open(harness, target)
      for (const rows of [[], target.badRow ? [target.badRow()] : []]) {
        const tried = await writer.writeRows(rows)
        assertAllAccounted(tried, rows.length)
        const { written } = tried.result
        assert.equal(written, 0, `${written} rows are said to be written, none was`)
      }
      await assertContents(target, {}, ', after batches without a good row')
    },
  }),
  conformanceCase({
    promise: 'admit',
    name: 'when it says no, nothing is sent',
    async run(harness) {
      await using target = await harness.makeTarget()
      await using writer = await OpenWriter.open(harness, target)
      const rows = [target.row('k0', 'v0')]
      const { result, admitted } = await writer.writeRows(rows, { isAdmitted: false })
      assert.equal(admitted.length, 1, `it was called ${admitted.length} times for one batch`)
      const { sent, written } = result
      assert.equal(sent, false, 'sent is true although it said no')
      assert.equal(written, 0, `${written} rows are written although it said no`)
      await assertContents(target, {}, ' when admit says no')
    },
  }),
  conformanceCase({
    promise: 'guarantee',
    name: 'it says whether rows may be written twice, and that is so',
    async run(harness) {
      await using target = await harness.makeTarget()
      const config = await validConfig(harness.plugin.config, target.config)
      const { isIdempotent, note = '' } = harness.plugin.guarantee(config)
      const found = `it says isIdempotent: ${isIdempotent}, expected ${harness.isIdempotent}`
      assert.equal(isIdempotent, harness.isIdempotent, found)
      assert.ok(isIdempotent || note !== '', 'it does not say what writing twice leaves')
      await using writer = await OpenWriter.open(harness, target)
      const rows = ['v0', 'v1', 'v2'].map((value, index) => target.row(`k${index % 2}`, value))
      await writer.writeRows(rows)
      const once = Object.fromEntries(await target.contents())
      await writer.writeRows(rows)
      if (isIdempotent) await assertContents(target, once, ', since isIdempotent is promised')
    },
  }),
  conformanceCase({
    promise: 'preview',
    name: 'it gives commands for good rows, rejects what write rejects, and sends nothing',
    async run(harness) {
      await using target = await harness.makeTarget()
      await using writer = await OpenWriter.open(harness, target)
      const rows = [target.row('k0', 'v0'), ...(target.badRow ? [target.badRow()] : [])]
      const { commands, rejected } = writer.session.preview(batchOf(target, rows))
      assert.ok(commands.length > 0, 'it gives no command for a good row')
      assertIndexes(rejected, rows.length > 1 ? [1] : [], 'it')
      await sleep(50)
      await assertContents(target, {}, ' after a preview')
    },
  }),
]
