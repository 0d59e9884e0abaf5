import type { Position, RecordBatch } from '../record/record-batch.ts'
import type { LogBudget } from './log-budget.ts'
import { SlidingRate } from './sliding-rate.ts'

/** What of a log was heard last from the source. */
export interface LogSight {
  readonly lagBytes?: number
  /** Where the log ends, for people. */
  readonly end: string
  readonly budget?: LogBudget
}

/** Changes that have come to be settled, all those of one batch. */
export interface SettledChanges {
  readonly count: number
  /** From the commit of the first of them until now, in milliseconds. */
  readonly lagMs: number
}

interface PendingBatch {
  readonly position: Position | undefined
  readonly count: number
  readonly firstCommittedAtMs: number | undefined
  readonly lastCommittedAtMs: number | undefined
}

/** How the changes of a job go: kept up to date once a batch. */
export class ChangesProgress {
  /** Position behind the last change that is settled, for people. */
  position: string | undefined
  /** When the last change that is settled was committed, in milliseconds since the epoch. */
  committedAtMs: number | undefined
  /** When a batch came or was settled for the last time, as `performance.now` has it. */
  movedAtMs = performance.now()
  /** Changes that are settled. */
  count = 0
  log: LogSight | undefined
  #lagMs: number | undefined
  readonly #rate = new SlidingRate()
  /** Batches that have come and are not settled, in order. */
  readonly #pending: PendingBatch[] = []
  readonly #onSettled: ((changes: SettledChanges) => void) | undefined

  /** @param onSettled told of every batch with changes, once it is settled */
  constructor(onSettled?: (changes: SettledChanges) => void) {
    this.#onSettled = onSettled
  }

  /** Changes settled in a second, over the last few. */
  get perSecond(): number {
    return this.#rate.perSecond()
  }

  /**
   * From the commit of a change until it is settled, in milliseconds: that of the last one, or of the first that waits, where
   * that is more. 0 once the source has nothing further; `undefined` before the first change.
   */
  get lagMs(): number | undefined {
    const waitingSinceMs = this.#pending.find(
      ({ firstCommittedAtMs }) => firstCommittedAtMs !== undefined,
    )?.firstCommittedAtMs
    if (waitingSinceMs === undefined) return this.#lagMs
    return Math.max(Date.now() - waitingSinceMs, this.#lagMs ?? 0)
  }

  /** Following begins, at a position. */
  begin({ label }: Position): void {
    this.position ??= label
    this.movedAtMs = performance.now()
    this.#pending.length = 0
  }

  /** A batch has come. */
  took({ position, changes }: RecordBatch): void {
    this.movedAtMs = performance.now()
    const times = changes?.committedAtMs ?? []
    this.#pending.push({
      position,
      count: times.length,
      firstCommittedAtMs: knownTime(times[0]),
      lastCommittedAtMs: knownTime(times.at(-1)),
    })
  }

  /** Every batch up to this position is settled. */
  settled(position: Position): void {
    const end = this.#pending.findIndex((batch) => batch.position === position)
    if (end === -1) return
    this.movedAtMs = performance.now()
    this.position = position.label
    for (const batch of this.#pending.splice(0, end + 1)) this.#count(batch)
  }

  #count({ count, firstCommittedAtMs, lastCommittedAtMs }: PendingBatch): void {
    this.count += count
    this.#rate.add(count)
    // The source has gone on with nothing for this job.
    if (count === 0) this.#lagMs = 0
    if (firstCommittedAtMs === undefined || lastCommittedAtMs === undefined) return
    const nowMs = Date.now()
    this.committedAtMs = lastCommittedAtMs
    // The clock of the source may be ahead of ours.
    this.#lagMs = Math.max(0, nowMs - lastCommittedAtMs)
    this.#onSettled?.({ count, lagMs: Math.max(0, nowMs - firstCommittedAtMs) })
  }
}

/** 0 stands for a source that does not say when. */
function knownTime(atMs: number | undefined): number | undefined {
  return atMs === 0 ? undefined : atMs
}
