import { PluginError } from '../plugin/errors.ts'
import type { Split } from '../plugin/reader.ts'
import type { RejectedRow } from '../plugin/writer.ts'
import { rowCountOf, type Position, type RecordBatch } from '../record/record-batch.ts'
import type { ChannelContext } from './channel-context.ts'
import { failpoint } from './failpoint.ts'
import { addCounts, noCounts, type JobCounts } from './job-counts.ts'
import { recordJson, type SplitRecord } from './split-record.ts'

/** What became of reading a split once. */
type Outcome =
  /** Read to its end, everything settled. */
  | 'done'
  /** The run ends before it. */
  | 'stopped'
  /** The target went back in time: the split goes on from what the checkpoint says. */
  | 'rewound'

/** A batch that is not full is sent after this long without a further row. */
const maxDelayMs = 200

/**
 * Moves one split from reader to writer. Up to `maxInFlight` batches are under way; they are started in order.
 * Never rejects: errors go to `context.fail`. Resolves when every batch that was sent is settled; true when the split
 * was read to its end and all of it was settled.
 */
export async function runSplit(
  split: Split,
  start: SplitRecord,
  context: ChannelContext,
): Promise<boolean> {
  let record = start
  try {
    for (;;) {
      const run = new SplitRun(split, record, context)
      const outcome = await run.execute()
      if (outcome !== 'rewound') return outcome === 'done'
      record = await goBack(split, run.allCounts, context)
    }
  } catch (error) {
    context.fail(error)
    return false
  }
}

/** Where the split goes on after the target went back in time; rows that are lost count as not yet read. */
export async function goBack(
  split: Split,
  counts: JobCounts,
  { checkpoint, counters, dirty, logger }: ChannelContext,
): Promise<SplitRecord> {
  if (checkpoint === undefined) throw new Error('a split was rewound without a checkpoint')
  const record = await checkpoint.reopen(split)
  counters.add(addCounts(record.counts, counts, -1))
  dirty.goBack(split.id, record.counts.recordsDirty)
  logger.warn(
    `the target went back in time: ${split.id} goes on ${record.position === undefined ? 'from its beginning' : `after ${record.position.label}`}`,
  )
  return record
}

function isSamePlace(one: Position, other: Position | undefined): boolean {
  return JSON.stringify(one.token) === JSON.stringify(other?.token)
}

/** One pass over a split, from where its record stands. */
class SplitRun {
  readonly #split: Split
  readonly #start: SplitRecord
  readonly #context: ChannelContext
  /** Batches sent so far, those of earlier runs included. */
  #sequence: number
  #position: Position | undefined
  /** Up to where everything is settled, and the counts up to there. */
  #settledSequence: number
  #settled: Position | undefined
  #isRewound = false
  /** Batches that were settled before one of their predecessors. */
  readonly #early = new Map<number, { position: Position | undefined; counts: JobCounts }>()
  counts: JobCounts

  constructor(split: Split, start: SplitRecord, context: ChannelContext) {
    this.#split = split
    this.#start = start
    this.#context = context
    this.#sequence = start.sequence
    this.#settledSequence = start.sequence
    this.#position = start.position
    this.#settled = start.settled
    this.counts = start.counts
  }

  /** Counts of everything that was counted, also behind a batch that is not settled. */
  get allCounts(): JobCounts {
    let sum = this.counts
    for (const { counts } of this.#early.values()) sum = addCounts(sum, counts)
    return sum
  }

  async execute(): Promise<Outcome> {
    if (!(await this.#verifyWindow())) return this.#isRewound ? 'rewound' : 'stopped'
    const isReadToEnd = await this.#move()
    if (this.#isRewound) return 'rewound'
    const isDone = isReadToEnd && this.#settledSequence === this.#sequence
    return await this.#conclude(isDone)
  }

  /**
   * Looks at the rows between `settled` and `position` of an earlier run, which were applied, for those that were refused.
   * Their commands are not sent again.
   */
  async #verifyWindow(): Promise<boolean> {
    const { position, settled } = this.#start
    if (position === undefined || isSamePlace(position, settled)) return true
    const window = { until: position, ...(settled === undefined ? {} : { from: settled }) }
    let isSettled = true
    const isWhole = await this.#read(window, async (batch) => {
      const counts = await this.#settle(batch, true)
      if (counts === undefined) isSettled = false
      else this.counts = addCounts(this.counts, counts)
    })
    if (!isWhole || !isSettled) return false
    this.#settled = position
    return true
  }

  async #move(): Promise<boolean> {
    const { counters, limits } = this.#context
    const inFlight: Promise<void>[] = []
    const from = this.#position
    let isReadToEnd = false
    try {
      isReadToEnd = await this.#read(from === undefined ? {} : { from }, async (batch) => {
        if (inFlight.length >= limits.maxInFlight) {
          const startedAtMs = performance.now()
          await inFlight.shift()
          counters.waitWriterMs += performance.now() - startedAtMs
        }
        inFlight.push(this.#send(batch))
      })
    } catch (error) {
      this.#context.fail(error)
    }
    const startedAtMs = performance.now()
    await Promise.all(inFlight)
    counters.waitWriterMs += performance.now() - startedAtMs
    return isReadToEnd
  }

  /** Pulls batches while the run goes on; true when what was to be read came to its end. */
  async #read(
    bounds: { readonly from?: Position; readonly until?: Position },
    take: (batch: RecordBatch) => Promise<void>,
  ): Promise<boolean> {
    const { counters, readSignal, limits, reader, dirty, checkpoint } = this.#context
    const batches = reader
      .read(this.#split, {
        maxRows: limits.maxRows,
        maxBytes: limits.maxBytes,
        maxDelayMs,
        signal: readSignal,
        positions: checkpoint !== undefined,
        ...bounds,
      })
      [Symbol.asyncIterator]()
    try {
      for (;;) {
        const startedAtMs = performance.now()
        const next = await batches.next()
        counters.waitReaderMs += performance.now() - startedAtMs
        if (next.done === true) return true
        await failpoint('after-read', rowCountOf(next.value))
        await this.#throttle(next.value)
        if (readSignal.aborted || this.#isRewound) return false
        await take(next.value)
        if (dirty.isPassed) return false
      }
    } finally {
      await batches.return?.()
    }
  }

  async #throttle(batch: RecordBatch): Promise<void> {
    const { bytesPerSecond, recordsPerSecond, readSignal } = this.#context
    if (bytesPerSecond !== undefined) await bytesPerSecond.take(batch.byteSize, readSignal)
    if (recordsPerSecond !== undefined) await recordsPerSecond.take(rowCountOf(batch), readSignal)
  }

  /** Sends the next batch. Never rejects. */
  async #send(batch: RecordBatch): Promise<void> {
    this.#sequence += 1
    const sequence = this.#sequence
    const { position } = batch
    this.#position = position
    const counts = await this.#settle(batch, false)
    if (counts !== undefined) this.#onSettled(sequence, position, counts)
  }

  #onSettled(sequence: number, position: Position | undefined, counts: JobCounts): void {
    this.#early.set(sequence, { position, counts })
    for (;;) {
      const next = this.#early.get(this.#settledSequence + 1)
      if (next === undefined) return
      this.#settledSequence += 1
      this.#early.delete(this.#settledSequence)
      this.#settled = next.position
      this.counts = addCounts(this.counts, next.counts)
    }
  }

  /**
   * Transforms and writes one batch and accounts for every row of it. Never rejects; `undefined` when it was not written.
   *
   * @param isApplied the rows are in the target already
   */
  async #settle(read: RecordBatch, isApplied: boolean): Promise<JobCounts | undefined> {
    const { dirty, writer, transforms, counters, run } = this.#context
    const origin = { run, split: this.#split.id, position: read.position }
    const { byteSize } = read
    let dirtyCount = 0
    try {
      const list = (rows: Parameters<typeof dirty.add>[0], schema: RecordBatch['schema']) => {
        dirtyCount += rows.length
        return dirty.add(rows, { ...origin, schema })
      }
      if (read.unreadable !== undefined) list(read.unreadable, read.schema)
      const { batch, rejected, filtered } = transforms.apply(read)
      list(rejected, read.schema)
      const collect = (refused: readonly RejectedRow[]) =>
        list(
          refused.map(({ row, error }) => ({ row: batch.rows[row] ?? [], error })),
          batch.schema,
        )
      if (dirty.isPassed) return undefined
      const {
        sent,
        written,
        rejected: refused,
        bytesWritten,
      } = await writer.write(batch, {
        signal: this.#context.writeSignal,
        progress: this.#progressOf(read, isApplied),
        admit: collect,
      })
      await failpoint('after-reply', rowCountOf(read))
      collect(refused)
      if (!sent) return undefined
      const counts: JobCounts = {
        recordsRead: written + filtered + dirtyCount,
        recordsWritten: written,
        recordsFiltered: filtered,
        recordsDirty: dirtyCount,
        bytesRead: byteSize,
        bytesWritten,
      }
      counters.add({ ...counts, recordsDirty: 0 })
      return counts
    } catch (error) {
      if (PluginError.isInstance(error) && error.code === 'TARGET_REWOUND') {
        this.#isRewound = true
        counters.add({ ...noCounts, recordsDirty: -dirtyCount })
      } else this.#context.fail(error)
      return undefined
    } finally {
      read.release?.()
    }
  }

  #progressOf(read: RecordBatch, isApplied: boolean) {
    const { position } = read
    return {
      split: this.#split.id,
      sequence: this.#sequence,
      fence: this.#context.run,
      ...(position === undefined ? {} : { position }),
      ...(isApplied ? { isApplied } : {}),
      ...(isApplied || this.#context.checkpoint === undefined
        ? {}
        : { record: this.#record(false, position) }),
    }
  }

  #record(isDone: boolean, position: Position | undefined) {
    return recordJson({
      sequence: this.#sequence,
      ...(position === undefined ? {} : { position }),
      ...(this.#settled === undefined ? {} : { settled: this.#settled }),
      counts: this.counts,
      isDone,
    })
  }

  /** Keeps what is settled by now. */
  async #conclude(isDone: boolean): Promise<Outcome> {
    const { checkpoint, writeSignal } = this.#context
    const isBehind = this.#settledSequence !== this.#sequence
    if (checkpoint === undefined || isBehind) return isDone ? 'done' : 'stopped'
    // A record without a position says that rows were written which have to be read again: not so when there were none.
    if (!isDone && this.#settled === undefined) return 'stopped'
    try {
      const progress = {
        split: this.#split.id,
        expected: this.#sequence,
        sequence: this.#sequence + 1,
        record: this.#record(isDone, this.#settled),
      }
      await checkpoint.update(progress, { signal: writeSignal })
      return isDone ? 'done' : 'stopped'
    } catch (error) {
      if (PluginError.isInstance(error) && error.code === 'TARGET_REWOUND') return 'rewound'
      this.#context.fail(error)
      return 'stopped'
    }
  }
}
