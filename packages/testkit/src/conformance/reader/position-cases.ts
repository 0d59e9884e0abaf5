import assert from 'node:assert/strict'
import { PluginError, type Split } from '@millrace/core/plugin'
import type { JsonValue, Position, RecordBatch } from '@millrace/core/record'
import { sampleDataset, type Dataset } from '../../dataset.ts'
import { conformanceCase, type ConformanceCase } from '../conformance-case.ts'
import { rejectionOf } from '../waiting.ts'
import { givenForm, rowsInOrder } from './document-form.ts'
import { OpenReader } from './open-reader.ts'
import { assertSameRows } from './read-rows.ts'
import type { ReaderHarness } from './reader-harness.ts'

function copyOf<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}

/** Tokens that are no position in anything. */
export const wrongTokens: readonly JsonValue[] = [
  null,
  'no position',
  [],
  [[]],
  [['no column', '1']],
  {},
]

/** Fails unless a position that does not fit is refused, and with the code that says so. */
export async function assertPositionLost(
  waiting: Promise<unknown>,
  what: string,
  { timeoutMs }: ReaderHarness,
): Promise<void> {
  const error = await rejectionOf(waiting, `${what} is taken for one`, timeoutMs)
  const code = PluginError.isInstance(error) ? error.code : 'no PluginError'
  const found = `${what} is refused with ${code}, expected POSITION_LOST: ${String(error)}`
  assert.equal(code, 'POSITION_LOST', found)
}

/** A position, and what was read up to it since the one before. */
interface Stretch {
  readonly position: Position
  readonly rows: Dataset['rows']
}

async function stretchesOf(
  reader: OpenReader,
  split: Split,
  { schema }: Dataset,
): Promise<readonly Stretch[]> {
  const batches = await reader.read(split, { positions: true, maxRows: 3 })
  return batches.map((batch: RecordBatch) => {
    const { position } = batch
    assert.ok(position, `a batch of the resumable split ${split.id} comes without a position`)
    const rows = rowsInOrder(batch, schema).map((row) => [...row])
    return { position: copyOf(position), rows }
  })
}

interface Scene {
  /** Reads in a session that made no plan. */
  readonly later: OpenReader
  readonly split: Split
  readonly stretches: readonly Stretch[]
  readonly dataset: Dataset
}

/** Reads between two of the positions of a split; without the first from its beginning, without the last to its end. */
async function assertBetween(scene: Scene, first?: number, last?: number): Promise<void> {
  const { later, split, stretches, dataset } = scene
  const [from, until] = [first, last].map((at) => (at === undefined ? undefined : stretches[at]))
  const start = first === undefined ? 0 : first + 1
  const rows = stretches.slice(start, last === undefined ? undefined : last + 1)
  const expected = { ...dataset, rows: rows.flatMap((stretch) => stretch.rows) }
  const options = {
    ...(from === undefined ? {} : { from: from.position }),
    ...(until === undefined ? {} : { until: until.position }),
  }
  const place = [
    from === undefined ? '' : ` behind ${from.position.label}`,
    until === undefined ? '' : ` until ${until.position.label}`,
  ].join('')
  for (const positions of [true, false]) {
    const batches = await later.read(copyOf(split), { ...options, positions, maxRows: 11 })
    const circumstances = `, reading split ${split.id}${place} with positions: ${positions}`
    assertSameRows(batches, expected, circumstances)
  }
}

const isResumable = ({ plugin }: ReaderHarness) =>
  plugin.capabilities.resumableSplits ? undefined : 'capabilities.resumableSplits is false'

async function onEverySplit(
  harness: ReaderHarness,
  act: (scene: Scene) => Promise<void>,
): Promise<void> {
  const sample = sampleDataset(30)
  const dataset = givenForm(harness, sample)
  await using source = await harness.hold(sample)
  await using later = await OpenReader.open(harness, source)
  for (const desired of [1, 2]) {
    await using reader = await OpenReader.open(harness, source)
    for (const split of (await reader.plan(desired)).splits) {
      if (!split.resumable) continue
      await act({ later, split, stretches: await stretchesOf(reader, split, dataset), dataset })
    }
  }
}

/** Cases about positions inside splits. */
export const readerPositionCases: readonly ConformanceCase<ReaderHarness>[] = [
  conformanceCase({
    promise: 'positions',
    name: 'batches carry them only when asked, and in a resumable split',
    async run(harness) {
      await using source = await harness.hold(sampleDataset(20))
      await using reader = await OpenReader.open(harness, source)
      for (const split of (await reader.plan(2)).splits) {
        for (const positions of [false, true]) {
          for (const { position } of await reader.read(split, { positions, maxRows: 5 })) {
            const found = `split ${split.id} is ${split.resumable ? '' : 'not '}resumable, positions are ${positions ? '' : 'not '}asked for, and a batch has ${position?.label ?? 'none'}`
            assert.equal(position !== undefined, positions && split.resumable, found)
          }
        }
      }
    },
  }),
  conformanceCase({
    promise: 'resume',
    name: 'reading on from every position, in a later session, gives the rest and nothing twice',
    skipReason: isResumable,
    run: (harness) =>
      onEverySplit(harness, async (scene) => {
        for (const at of scene.stretches.keys()) await assertBetween(scene, at)
      }),
  }),
  conformanceCase({
    promise: 'until',
    name: 'reading ends behind every position, begun anew or behind another one',
    skipReason: isResumable,
    run: (harness) =>
      onEverySplit(harness, async (scene) => {
        for (const last of scene.stretches.keys()) {
          await assertBetween(scene, undefined, last)
          if (last > 1) await assertBetween(scene, last - 2, last)
        }
      }),
  }),
  conformanceCase({
    promise: 'positions',
    name: 'one that does not fit is refused as lost',
    skipReason: isResumable,
    async run(harness) {
      await using source = await harness.hold(sampleDataset(5))
      await using reader = await OpenReader.open(harness, source)
      const split = (await reader.plan(1)).splits.find(({ resumable }) => resumable)
      assert.ok(split, 'resumableSplits is declared, but no split is resumable')
      for (const token of wrongTokens) {
        const from: Position = { token, label: 'wrong' }
        const reading = reader.read(split, { from, positions: true })
        await assertPositionLost(reading, `the position ${JSON.stringify(token)}`, harness)
      }
    },
  }),
]
