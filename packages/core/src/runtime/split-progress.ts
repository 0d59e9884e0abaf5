import type { ProgressUpdate } from '../plugin/checkpoint.ts'
import type { JsonValue, Position } from '../record/record-batch.ts'
import { addCounts, type JobCounts } from './job-counts.ts'
import { recordJson, type SplitRecord } from './split-record.ts'

/** How far a split has come: what is under way, and up to where everything is settled. */
export class SplitProgress {
  readonly #start: SplitRecord
  /** Batches sent so far, those of earlier runs included. */
  #sequence: number
  /** Up to where everything is settled, and the counts up to there. */
  #settledSequence: number
  #settled: Position | undefined
  #counts: JobCounts
  /** When the last change that was sent was committed. */
  #committedAtMs: number | undefined
  /** Batches that were settled before one of their predecessors. */
  readonly #early = new Map<number, { position: Position | undefined; counts: JobCounts }>()

  /** @param start - what the checkpoint says of the split */
  constructor(start: SplitRecord) {
    this.#start = start
    this.#sequence = start.sequence
    this.#settledSequence = start.sequence
    this.#settled = start.settled
    this.#counts = start.counts
    this.#committedAtMs = start.committedAtMs
  }

  get sequence(): number {
    return this.#sequence
  }

  /** Whether every batch that was sent is settled. */
  get isSettled(): boolean {
    return this.#settledSequence === this.#sequence
  }

  /** Counts of everything that was counted, also behind a batch that is not settled. */
  get allCounts(): JobCounts {
    let sum = this.#counts
    for (const { counts } of this.#early.values()) sum = addCounts(sum, counts)
    return sum
  }

  /** Up to where everything is settled. */
  get settled(): Position | undefined {
    return this.#settled
  }

  /** Numbers the next batch to be sent. */
  nextSequence(): number {
    this.#sequence += 1
    return this.#sequence
  }

  /** A batch that was sent is settled. */
  settle(sequence: number, position: Position | undefined, counts: JobCounts): void {
    this.#early.set(sequence, { position, counts })
    for (;;) {
      const next = this.#early.get(this.#settledSequence + 1)
      if (next === undefined) return
      this.#settledSequence += 1
      this.#early.delete(this.#settledSequence)
      this.#settled = next.position
      this.#counts = addCounts(this.#counts, next.counts)
    }
  }

  /** Counts rows that an earlier run has sent. */
  addCounts(counts: JobCounts): void {
    this.#counts = addCounts(this.#counts, counts)
  }

  /** All that earlier runs have sent is settled. */
  settleUpTo(position: Position): void {
    this.#settled = position
  }

  /**
   * What the checkpoint is to keep with a batch.
   *
   * @param committedAtMs of its last change, where it has one
   */
  recordAt(position: Position | undefined, committedAtMs: number | undefined): JsonValue {
    this.#committedAtMs = committedAtMs ?? this.#committedAtMs
    return this.#record(false, position)
  }

  /** What the checkpoint is to keep behind the last batch; `undefined` when that is what it holds. */
  closing(split: string, isDone: boolean): ProgressUpdate | undefined {
    const isUnchanged =
      this.#sequence === this.#start.sequence && this.#settled === this.#start.settled
    // A record without a position says that rows were written which have to be read again: not so when there were none.
    if (!isDone && (isUnchanged || this.#settled === undefined)) return undefined
    return {
      split,
      expected: this.#sequence,
      sequence: this.#sequence + 1,
      record: this.#record(isDone, this.#settled),
    }
  }

  #record(isDone: boolean, position: Position | undefined): JsonValue {
    const { backfill } = this.#start
    return recordJson({
      sequence: this.#sequence,
      ...(position === undefined ? {} : { position }),
      ...(this.#settled === undefined ? {} : { settled: this.#settled }),
      ...(this.#committedAtMs === undefined ? {} : { committedAtMs: this.#committedAtMs }),
      ...(backfill === undefined ? {} : { backfill }),
      counts: this.#counts,
      isDone,
    })
  }
}
