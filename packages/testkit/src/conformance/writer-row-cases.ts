import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Row } from '@millrace/core/record'
import type { ConformanceCase } from './conformance-case.ts'
import {
  assertContents,
  batchOf,
  openCheckedWriter,
  TestChannel,
  type TriedWrite,
} from './open-writer.ts'
import { validConfig } from './schema-cases.ts'
import { within } from './waiting.ts'
import type { WriterHarness, WriterTarget } from './writer-harness.ts'

/** Fails when the counts of a write do not add up to its rows. */
function assertAllAccounted({ result, admitted }: TriedWrite, rowCount: number): void {
  assert.equal(admitted.length, 1, `admit was called ${admitted.length} times for one batch`)
  assert.equal(result.sent, true, 'sent is false although admit agreed')
  const rejected = [...(admitted[0] ?? []), ...result.rejected]
  const indexes = rejected.map(({ row }) => row)
  assert.equal(new Set(indexes).size, indexes.length, 'a row was rejected twice')
  for (const { row, error } of rejected) {
    assert.ok(row >= 0 && row < rowCount, `row ${row} was rejected, but is not in the batch`)
    assert.ok(error.code !== '' && error.message !== '', 'a rejected row comes without a reason')
  }
  assert.equal(
    result.written + rejected.length,
    rowCount,
    `${result.written} written and ${rejected.length} rejected do not make ${rowCount} rows`,
  )
}

/** Good rows around the given ones, and what the target holds afterwards. */
async function writeAmongGood(
  harness: WriterHarness,
  target: WriterTarget,
  others: readonly Row[],
): Promise<TriedWrite> {
  await using session = await openCheckedWriter(harness, target)
  const rows = [target.row('k0', 'v0')]
  for (const [index, other] of others.entries()) {
    rows.push(other, target.row(`k${index + 1}`, `v${index + 1}`))
  }
  const tried = await new TestChannel(session).write(batchOf(target, rows))
  assertAllAccounted(tried, rows.length)
  const contents = await target.contents()
  for (let index = 0; index <= others.length; index++) {
    const found = contents.get(`k${index}`)
    assert.deepEqual(found, [`v${index}`], 'a row was lost because its neighbour was rejected')
  }
  return tried
}

/** Cases about what becomes of rows. */
export const writerRowCases: readonly ConformanceCase<WriterHarness>[] = [
  {
    name: 'limits are positive and the guarantee is told',
    appliesTo: () => true,
    async run(harness) {
      await using target = await harness.makeTarget()
      await using session = await openCheckedWriter(harness, target)
      const { maxRows, maxBytes, maxInFlight } = session.limits
      for (const [name, limit] of Object.entries({ maxRows, maxBytes, maxInFlight })) {
        assert.ok(Number.isInteger(limit) && limit > 0, `the limit ${name} is ${limit}`)
      }
      const config = await validConfig(harness.plugin.config, target.config)
      const { isIdempotent } = harness.plugin.guarantee(config)
      assert.equal(typeof isIdempotent, 'boolean', 'the guarantee does not say isIdempotent')
    },
  },
  {
    name: 'batches of a split are applied in order per key, with as many under way as allowed',
    appliesTo: () => true,
    async run(harness) {
      await using target = await harness.makeTarget()
      await using session = await openCheckedWriter(harness, target)
      const channel = new TestChannel(session)
      const values = new Map<string, string[]>()
      const underWay = new Set<Promise<void>>()
      for (let sequence = 0; sequence < 20; sequence++) {
        const rows = Array.from({ length: 8 }, (_, index) => {
          const [key, value] = [`k${index % 3}`, `v${sequence}x${index}`]
          values.set(key, [...(values.get(key) ?? []), value])
          return target.row(key, value)
        })
        const written = channel
          .write(batchOf(target, rows))
          .then((tried) => assertAllAccounted(tried, rows.length))
          .finally(() => underWay.delete(written))
        underWay.add(written)
        if (underWay.size >= session.limits.maxInFlight) await Promise.race(underWay)
      }
      await within(Promise.all(underWay), 'a write never ends', harness.timeoutMs)
      const expected = [...values].map(([key, all]) => [
        key,
        target.keeps === 'all' ? all : all.slice(-1),
      ])
      const promise = 'rows of a key were lost or applied in another order'
      await assertContents(target, Object.fromEntries(expected), promise)
    },
  },
  {
    name: 'a row that is found wrong goes to admit, and its neighbours are written',
    appliesTo: ({ hasBadRows }) => hasBadRows,
    async run(harness) {
      await using target = await harness.makeTarget()
      assert.ok(typeof target.badRow === 'function', 'the harness promises bad rows')
      const bad = [target.badRow(), target.badRow()]
      const { admitted } = await writeAmongGood(harness, target, bad)
      const indexes = admitted[0]?.map(({ row }) => row)
      assert.deepEqual(indexes, [1, 3], 'admit was not told of the rows that are wrong')
    },
  },
  {
    name: 'a row that the target refuses is rejected, and its neighbours are written',
    appliesTo: ({ hasRefusedRows }) => hasRefusedRows,
    async run(harness) {
      await using target = await harness.makeTarget()
      assert.ok(typeof target.refusedRow === 'function', 'the harness promises refused rows')
      const refused = await target.refusedRow()
      const { result } = await writeAmongGood(harness, target, [refused])
      const indexes = result.rejected.map(({ row }) => row)
      assert.deepEqual(indexes, [1], 'the result does not name the row that was refused')
    },
  },
  {
    name: 'nothing is sent when admit says no',
    appliesTo: () => true,
    async run(harness) {
      await using target = await harness.makeTarget()
      await using session = await openCheckedWriter(harness, target)
      const batch = batchOf(target, [target.row('k0', 'v0')])
      const { result, admitted } = await new TestChannel(session).write(batch, {
        isAdmitted: false,
      })
      assert.equal(admitted.length, 1, `admit was called ${admitted.length} times for one batch`)
      assert.deepEqual(
        [result.sent, result.written],
        [false, 0],
        'sent is not false although admit said no',
      )
      await assertContents(target, {}, 'rows were sent although admit said no')
    },
  },
  {
    name: 'an empty batch is written and changes nothing',
    appliesTo: () => true,
    async run(harness) {
      await using target = await harness.makeTarget()
      await using session = await openCheckedWriter(harness, target)
      const writing = new TestChannel(session).write(batchOf(target, []))
      const { result } = await within(writing, 'an empty batch never ends', harness.timeoutMs)
      const counts = [result.written, result.rejected.length]
      assert.deepEqual(counts, [0, 0], 'an empty batch has rows in its result')
      await assertContents(target, {}, 'an empty batch changed the target')
    },
  },
  {
    name: 'the guarantee holds: rows written twice leave what it says',
    appliesTo: () => true,
    async run(harness) {
      await using target = await harness.makeTarget()
      const config = await validConfig(harness.plugin.config, target.config)
      const { isIdempotent, note = '' } = harness.plugin.guarantee(config)
      assert.equal(isIdempotent, harness.isIdempotent, 'the guarantee says another isIdempotent')
      assert.ok(isIdempotent || note !== '', 'the guarantee does not say what a repeat leaves')
      await using session = await openCheckedWriter(harness, target)
      const channel = new TestChannel(session)
      const rows = ['v0', 'v1', 'v2'].map((value, index) => target.row(`k${index % 2}`, value))
      await channel.write(batchOf(target, rows))
      const once = Object.fromEntries(await target.contents())
      await channel.write(batchOf(target, rows))
      if (!isIdempotent) return
      const promise = 'isIdempotent is promised, but writing rows twice leaves something else'
      await assertContents(target, once, promise)
    },
  },
  {
    name: 'preview names a command per good row, rejects what write rejects, and sends nothing',
    appliesTo: () => true,
    async run(harness) {
      await using target = await harness.makeTarget()
      await using session = await openCheckedWriter(harness, target)
      const rows = [target.row('k0', 'v0'), ...(target.badRow ? [target.badRow()] : [])]
      const preview = session.preview(batchOf(target, rows))
      assert.ok(preview.commands.length > 0, 'preview gives no command for a good row')
      const indexes = preview.rejected.map(({ row }) => row)
      assert.deepEqual(
        indexes,
        rows.slice(1).map(() => 1),
        'preview rejects other rows than write',
      )
      await sleep(50)
      await assertContents(target, {}, 'preview sent something')
    },
  },
]
