import { PluginError } from '../plugin/errors.ts'
import type { Changes, Position, RecordBatch } from '../record/record-batch.ts'
import type { TransformedBatch } from '../transform/index.ts'
import { freshRecordOf, type RunSplit } from './changes-split.ts'
import type { ChannelContext } from './channel-context.ts'
import { addCounts, type JobCounts } from './job-counts.ts'
import { pullBatches } from './pull-batches.ts'
import { isLeftOut, settleBatch, transformBatch } from './settle-batch.ts'
import { SplitRecovery } from './source-recovery.ts'
import { SplitProgress } from './split-progress.ts'
import type { SplitRecord } from './split-record.ts'

/** What became of reading a split once. */
type Outcome =
  /** Read to its end, everything settled. */
  | 'done'
  /** The run ends before it. */
  | 'stopped'
  /** The target went back in time: the split goes on from what the checkpoint says. */
  | 'rewound'
  /** The source failed behind rows without positions, and may be back: the split starts over. */
  | 'interrupted'

/**
 * Moves one split from reader to writer. Up to `maxInFlight` batches are under way; they are started in order.
 * Never rejects: errors go to `context.fail`. Resolves when every batch that was sent is settled; true when the split
 * was read to its end and all of it was settled.
 */
export async function runSplit(
  split: RunSplit,
  start: SplitRecord,
  context: ChannelContext,
): Promise<boolean> {
  let record = start
  const recovery = new SplitRecovery(context.recovery)
  // Hours may pass before the first change, and the source has answered until now.
  try {
    while (!record.isDone) {
      recovery.startBehind(record.counts.recordsRead)
      const run = new SplitRun(split, record, context, recovery)
      const outcome = await run.execute()
      if (outcome === 'done' || outcome === 'stopped') return outcome === 'done'
      record = await goBack(split, run.allCounts, context)
      if (outcome !== 'rewound') continue
      warnOfRewind(split, record, context)
      if ((await context.mayGoBack?.()) === false) return false
    }
    return true
  } catch (error) {
    context.fail(error)
    return false
  }
}

/** Where the split goes on when it cannot go on from where it is; rows behind that count as not yet read. */
async function goBack(
  split: RunSplit,
  counts: JobCounts,
  { checkpoint, counters, dirty }: ChannelContext,
): Promise<SplitRecord> {
  const record = checkpoint === undefined ? freshRecordOf(split) : await checkpoint.reopen(split)
  counters.add(addCounts(record.counts, counts, -1))
  dirty.goBack(split.id, record.counts.recordsDirty)
  return record
}

function warnOfRewind(
  { id }: RunSplit,
  { position }: SplitRecord,
  { logger }: ChannelContext,
): void {
  logger.warn(
    `the target went back in time: ${id} goes on ${position === undefined ? 'from its beginning' : `after ${position.label}`}`,
  )
}

function isSamePlace(one: Position, other: Position | undefined): boolean {
  return JSON.stringify(one.token) === JSON.stringify(other?.token)
}

/** When the last change of a batch was committed, where the source says it. */
function committedAtMsOf(changes: Changes | undefined): number | undefined {
  return changes?.committedAtMs.at(-1) || undefined
}

/** One pass over a split, from where its record stands. */
class SplitRun {
  readonly #split: RunSplit
  readonly #start: SplitRecord
  readonly #context: ChannelContext
  readonly #recovery: SplitRecovery
  readonly #progress: SplitProgress
  readonly #rewound = new AbortController()
  /** Aborted: no further batch is read. */
  readonly #signal: AbortSignal
  #isInterrupted = false

  constructor(
    split: RunSplit,
    start: SplitRecord,
    context: ChannelContext,
    recovery: SplitRecovery,
  ) {
    this.#split = split
    this.#start = start
    this.#context = context
    this.#recovery = recovery
    this.#progress = new SplitProgress(start)
    const { readSignal, pause } = context
    const signals = [readSignal, this.#rewound.signal, ...(pause === undefined ? [] : [pause])]
    this.#signal = AbortSignal.any(signals)
  }

  get #isRewound(): boolean {
    return this.#rewound.signal.aborted
  }

  /** Counts of everything that was counted, also behind a batch that is not settled. */
  get allCounts(): JobCounts {
    return this.#progress.allCounts
  }

  async execute(): Promise<Outcome> {
    if (!(await this.#verifyWindow())) return this.#isRewound ? 'rewound' : 'stopped'
    const isReadToEnd = await this.#move()
    if (this.#isRewound) return 'rewound'
    if (this.#isInterrupted) return 'interrupted'
    return await this.#conclude(isReadToEnd && this.#progress.isSettled)
  }

  /**
   * Looks at the rows between `settled` and `position` of an earlier run, which were applied, for those that were refused.
   * Their commands are not sent again.
   */
  async #verifyWindow(): Promise<boolean> {
    const { position, settled } = this.#start
    if (position === undefined || isSamePlace(position, settled)) return true
    let isSettled = true
    const isWhole = await this.#pull({ from: settled, until: position }, async (batch) => {
      const transformed = await transformBatch(batch, this.#context)
      const counts = transformed && (await this.#settle(batch, transformed, true))
      if (counts === undefined) isSettled = false
      else this.#progress.addCounts(counts)
    })
    if (!isWhole || !isSettled) return false
    this.#progress.settleUpTo(position)
    return true
  }

  /** True when the split was read to its end, and all of it was sent. Never rejects. */
  async #move(): Promise<boolean> {
    const { counters, limits } = this.#context
    const inFlight: Promise<void>[] = []
    let isReadToEnd = false
    let isSent = true
    try {
      isReadToEnd = await this.#pull({ from: this.#start.position }, async (batch) => {
        // A table is emptied behind everything before it, and before everything behind it. What is left out is progress alone.
        const isAlone = batch.isTruncate === true || isLeftOut(batch, this.#context)
        if (isAlone) await Promise.all(inFlight.splice(0))
        if (inFlight.length >= limits.maxInFlight) {
          const startedAtMs = performance.now()
          await inFlight.shift()
          counters.waitWriterMs += performance.now() - startedAtMs
        }
        this.#context.took?.(batch)
        // One after the other, so that batches are sent in their order.
        const transformed = await transformBatch(batch, this.#context)
        if (transformed === undefined) isSent = false
        else inFlight.push(this.#send(batch, transformed))
        if (isAlone) await Promise.all(inFlight)
      })
    } catch (error) {
      if (this.#mayStartOver(error)) await this.#awaitSource(error, inFlight)
      else this.#context.fail(error)
    }
    const startedAtMs = performance.now()
    await Promise.all(inFlight)
    counters.waitWriterMs += performance.now() - startedAtMs
    return isReadToEnd && isSent
  }

  #mayStartOver(error: unknown): error is PluginError {
    return this.#context.mayRepeat(this.#split) && this.#recovery.isPassing(error)
  }

  /** Waits until the split may be read from its beginning. Never rejects. */
  async #awaitSource(error: PluginError, inFlight: readonly Promise<void>[]): Promise<void> {
    await Promise.all(inFlight)
    if (this.#isRewound) return
    try {
      await this.#recovery.beforeNextTry(error, 'reading again from the beginning')
      this.#isInterrupted = true
    } catch (end) {
      this.#context.fail(end)
    }
  }

  async #pull(
    bounds: { readonly from: Position | undefined; readonly until?: Position },
    take: (batch: RecordBatch) => Promise<void>,
  ): Promise<boolean> {
    const pull = { ...bounds, signal: this.#signal, take }
    try {
      return await pullBatches(this.#split, pull, this.#context, this.#recovery)
    } catch (error) {
      const { pause, interruption } = this.#context
      if (this.#isRewound || pause?.aborted === true) return false
      if (interruption === undefined || !this.#recovery.isPassing(error)) throw error
      interruption.error ??= error
      return false
    }
  }

  /** Sends the next batch. Never rejects. */
  async #send(batch: RecordBatch, transformed: TransformedBatch): Promise<void> {
    const sequence = this.#progress.nextSequence()
    // What the checkpoint says is settled once this batch is in the target: a resume looks at everything behind it.
    const { settled } = this.#progress
    const counts = await this.#settle(batch, transformed, false)
    if (counts === undefined) return
    this.#progress.settle(sequence, batch.position, counts)
    const applied = this.#progress.settled
    if (applied !== undefined) this.#context.applied?.(applied)
    if (settled !== undefined) this.#context.settled?.(settled)
  }

  /**
   * Writes one batch. Never rejects; `undefined` when it was not written.
   *
   * @param isApplied the rows are in the target already
   */
  async #settle(
    read: RecordBatch,
    transformed: TransformedBatch,
    isApplied: boolean,
  ): Promise<JobCounts | undefined> {
    const progress = this.#progressOf(read, isApplied)
    const settlement = await settleBatch(read, transformed, progress, this.#context)
    if (settlement === 'rewound') this.#rewound.abort(new Error('the target went back in time'))
    return typeof settlement === 'string' ? undefined : settlement
  }

  #progressOf({ position, changes }: RecordBatch, isApplied: boolean) {
    const hasRecord = !isApplied && this.#context.checkpoint !== undefined
    return {
      split: this.#split.id,
      sequence: this.#progress.sequence,
      fence: this.#context.run,
      ...(position === undefined ? {} : { position }),
      ...(isApplied ? { isApplied } : {}),
      ...(hasRecord ? { record: this.#progress.recordAt(position, committedAtMsOf(changes)) } : {}),
    }
  }

  /** Keeps what is settled by now. */
  async #conclude(isDone: boolean): Promise<Outcome> {
    const { checkpoint, writeSignal } = this.#context
    const outcome = isDone ? 'done' : 'stopped'
    if (checkpoint === undefined || !this.#progress.isSettled) return outcome
    // Changes go on in a later run.
    const isOver = isDone && this.#split.startsAt === undefined
    const closing = this.#progress.closing(this.#split.id, isOver)
    if (closing === undefined) return outcome
    try {
      await checkpoint.update(closing, { signal: writeSignal })
      const { settled } = this.#progress
      if (settled !== undefined) this.#context.settled?.(settled)
      return outcome
    } catch (error) {
      if (PluginError.isInstance(error) && error.code === 'TARGET_REWOUND') return 'rewound'
      this.#context.fail(error)
      return 'stopped'
    }
  }
}
