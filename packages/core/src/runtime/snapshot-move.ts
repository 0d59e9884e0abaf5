import { PluginError } from '../plugin/errors.ts'
import type { ReaderSession, Split, SplitPlan } from '../plugin/reader.ts'
import type { ChannelContext } from './channel-context.ts'
import type { JobCheckpoint, LostSplit } from './job-checkpoint.ts'
import type { JobCounts } from './job-counts.ts'
import { runChannels } from './run-channels.ts'

/** What moving the rows of a plan needs of the run around it. */
export interface SnapshotMoveOptions {
  readonly plan: SplitPlan
  readonly reader: ReaderSession
  /** Absent: the writer keeps none. */
  readonly checkpoint: JobCheckpoint | undefined
  readonly channels: ChannelContext
  /** How many splits are moved at the same time. */
  readonly concurrency: number
  /** Counts of this run and of those that it goes on from. */
  readonly total: () => JobCounts
}

/** Moves the splits of a plan over the channels. */
export class SnapshotMove {
  readonly #options: SnapshotMoveOptions
  #flowingMs = 0
  #consistency: SplitPlan['consistency']

  constructor(options: SnapshotMoveOptions) {
    this.#options = options
    this.#consistency = options.plan.consistency
  }

  /** How long rows were flowing, in milliseconds. */
  get flowingMs(): number {
    return this.#flowingMs
  }

  /** What the rows are consistent with, as far as they have been read. */
  get consistency(): SplitPlan['consistency'] {
    return this.#consistency
  }

  /**
   * Moves the splits to their ends, and marks the job as complete. It may end before, when the run does.
   *
   * @throws PluginError TARGET_REWOUND when the checkpoint is gone from the target
   */
  async moveAll(): Promise<void> {
    const { plan, checkpoint } = this.#options
    for (;;) {
      if (!(await this.move(plan.splits))) return
      if (checkpoint === undefined || (await this.#conclude(checkpoint))) return
    }
  }

  /**
   * Moves those of some splits of the plan that are not done; false when the run ends before they are, or the read was
   * interrupted.
   */
  async move(
    splits: readonly Split[],
    interruption?: ChannelContext['interruption'],
  ): Promise<boolean> {
    const { plan, reader, channels, concurrency } = this.#options
    const { counters, dirty, recovery, readSignal } = channels
    const sinceMs = performance.now()
    counters.splitsDone = 0
    const context = interruption === undefined ? channels : { ...channels, interruption }
    await runChannels(splits, concurrency, context)
    this.#flowingMs += performance.now() - sinceMs
    this.#consistency = recovery.consistencyOf(plan, reader)
    const limitError = dirty.finalError()
    if (limitError !== undefined) channels.fail(limitError)
    if (readSignal.aborted || interruption?.error !== undefined) return false
    const { splitsDone } = counters
    if (splitsDone < splits.length)
      throw new Error(`only ${splitsDone} of ${splits.length} splits were moved to their end`)
    return true
  }

  /** Splits that were done go on again. */
  takeBack(lost: readonly LostSplit[]): void {
    const { counters, dirty, logger } = this.#options.channels
    for (const { split, record, counts } of lost) {
      logger.warn(`the target went back in time: ${split.id} goes on again`)
      counters.add(counts)
      dirty.goBack(split.id, record.counts.recordsDirty)
    }
    counters.splitsDone = 0
  }

  /** Marks the job as complete; false when the target lost splits that were done, which have to be moved again. */
  async #conclude(checkpoint: JobCheckpoint): Promise<boolean> {
    const { plan, total } = this.#options
    try {
      await checkpoint.finish(plan, total())
      return true
    } catch (error) {
      if (!PluginError.isInstance(error) || error.code !== 'TARGET_REWOUND') throw error
      const lost = await checkpoint.lostSplits(plan)
      if (lost.length === 0) throw error
      this.takeBack(lost)
      return false
    }
  }
}
