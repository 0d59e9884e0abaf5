import type { FollowOptions, ReaderPlugin, ReaderSession, Split } from '@millrace/core/plugin'
import type { Position, RecordBatch } from '@millrace/core/record'
import type { z } from 'zod'
import type { ReaderHarness } from '../../src/index.ts'

/** Breaks the reader of a harness. */
export type BreakingReader = (harness: ReaderHarness) => ReaderHarness

type Read = ReaderSession['read']
type Follow = NonNullable<ReaderSession['follow']>

/** Changes the plugin. */
export function plugin(change: (whole: ReaderPlugin) => Partial<ReaderPlugin>): BreakingReader {
  return (harness) => ({ ...harness, plugin: { ...harness.plugin, ...change(harness.plugin) } })
}

/** Replaces methods of every session. */
export function session(
  replace: (whole: Required<ReaderSession>) => Partial<ReaderSession>,
): BreakingReader {
  return plugin((healthy) => ({
    open: async (...parameters) => {
      const whole = (await healthy.open(...parameters)) as Required<ReaderSession>
      return {
        check: (options) => whole.check(options),
        describe: (options) => whole.describe(options),
        split: (desired, options) => whole.split(desired, options),
        read: (split, options) => whole.read(split, options),
        follow: (from, options) => whole.follow(from, options),
        takeSnapshot: (options) => whole.takeSnapshot(options),
        currentPosition: (options) => whole.currentPosition(options),
        acknowledge: (position, options) => whole.acknowledge(position, options),
        takeUp: (tables, desired, options) => whole.takeUp(tables, desired, options),
        logStatus: (position, options) => whole.logStatus(position, options),
        [Symbol.asyncDispose]: () => whole[Symbol.asyncDispose](),
        ...replace(whole),
      }
    },
  }))
}

/** Replaces the way of reading. */
export function reading(replace: (whole: ReaderSession) => Read): BreakingReader {
  return session((whole) => ({ read: replace(whole) }))
}

/** Replaces the way of following. */
export function following(replace: (whole: Required<ReaderSession>) => Follow): BreakingReader {
  return session((whole) => ({ follow: replace(whole) }))
}

/** Changes every batch, by its number; `undefined` leaves it out. */
export type ChangeBatch = (batch: RecordBatch, index: number) => RecordBatch | undefined

async function* changed(
  batches: AsyncIterable<RecordBatch>,
  change: ChangeBatch,
): AsyncGenerator<RecordBatch, void> {
  let index = 0
  for await (const batch of batches) {
    const next = change(batch, index++)
    if (next) yield next
  }
}

/** Changes every batch that is read. */
export function batches(change: ChangeBatch): BreakingReader {
  return reading((whole) => (split, options) => changed(whole.read(split, options), change))
}

/** Changes every batch of changes. */
export function changeBatches(change: ChangeBatch): BreakingReader {
  return following((whole) => (from, options) => changed(whole.follow(from, options), change))
}

/** Changes every split of a plan; `undefined` leaves it out. */
export function splits(
  change: (split: Split, index: number, all: readonly Split[]) => Split | undefined,
): BreakingReader {
  return session((whole) => ({
    split: async (desired, options) => {
      const plan = await whole.split(desired, options)
      const changedSplits = plan.splits.map((split, index) => change(split, index, plan.splits))
      return { ...plan, splits: changedSplits.filter((split) => split !== undefined) }
    },
  }))
}

/** The range of a split in memory, moved. */
export function moved(split: Split, startBy: number, endBy: number): Split {
  const { start, end } = split.range as { start: number; end: number | null }
  return { ...split, range: { start: start + startBy, end: end === null ? null : end + endBy } }
}

/** A position some rows or changes from another. */
export function shifted(position: Position, by: number): Position {
  return { ...position, token: Math.max(0, Number(position.token) + by) }
}

/** Follows with other options. */
export function followingWith(
  change: (from: Position, options: FollowOptions) => readonly [Position, FollowOptions],
): BreakingReader {
  return following((whole) => (from, options) => whole.follow(...change(from, options)))
}

/** Keeps what was read as bytes of its own, before the first batch is handed out. */
export async function* readAhead(
  source: AsyncIterable<RecordBatch>,
): AsyncGenerator<RecordBatch, void> {
  const all: RecordBatch[] = []
  const bytes: Buffer[] = []
  for await (const batch of source) {
    all.push(batch)
    for (const row of batch.rows) for (const cell of row) bytes.push(Buffer.from(String(cell)))
  }
  yield* all
  bytes.length = 0
}

/** Gives the plugin another schema. */
export function config(schema: z.ZodType): BreakingReader {
  return plugin(() => ({ config: schema as never }))
}
