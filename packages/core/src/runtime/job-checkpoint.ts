import { hostname } from 'node:os'
import { PluginError } from '../plugin/errors.ts'
import type { CallOptions } from '../plugin/context.ts'
import type { Checkpoint, CheckpointContent, ProgressUpdate } from '../plugin/checkpoint.ts'
import type { Split, SplitPlan } from '../plugin/reader.ts'
import type { JsonValue } from '../record/record-batch.ts'
import { addCounts, noCounts, type JobCounts } from './job-counts.ts'
import { headerJson, jobHeaderOf, type JobHeader } from './job-header.ts'
import { decideResume, type ResumeDecision, type ResumeWish } from './resume-decision.ts'
import { freshSplit, recordJson, splitRecordOf, type SplitRecord } from './split-record.ts'

/** What a {@link JobCheckpoint} is made of. */
export interface JobCheckpointOptions {
  readonly checkpoint: Checkpoint
  /** Names this run. */
  readonly run: string
  /** What the job moves now. */
  readonly fingerprint: JsonValue
  /** Whether writing a row twice leaves what writing it once leaves. */
  readonly isIdempotent: boolean
  /** Whether rows may be written twice where that cannot be avoided. */
  readonly allowsDuplicates: boolean
  readonly signal: AbortSignal
}

/** A split of which the target has lost something. */
export interface LostSplit {
  readonly split: Split
  /** Where it begins now. */
  readonly record: SplitRecord
  /** What its counts have become; negative, for rows that have to be read again. */
  readonly counts: JobCounts
}

/** The checkpoint of a job while it runs: the plan of its splits, and how far each has come. */
export class JobCheckpoint {
  readonly #options: JobCheckpointOptions
  readonly #call: CallOptions
  #header: JobHeader | undefined
  #startedAt = ''
  #records = new Map<string, SplitRecord>()

  constructor(options: JobCheckpointOptions) {
    this.#options = options
    this.#call = { signal: options.signal }
  }

  /** Whether progress and rows of a batch are applied together. */
  get isAtomic(): boolean {
    return this.#options.checkpoint.atomicity === 'with-data'
  }

  /** Whether rows that were under way when a run broke off are appended a second time. */
  get #mayRepeat(): boolean {
    return !this.isAtomic && !this.#options.isIdempotent
  }

  /**
   * Takes the fence, looks at what stands there and decides how this run begins.
   *
   * @throws PluginError TARGET_FENCED while another run of the job lives; what `decideResume` throws
   */
  async open(job: string, wish: ResumeWish): Promise<ResumeDecision> {
    const { checkpoint, run, fingerprint } = this.#options
    await checkpoint.acquire({ run, host: hostname(), pid: process.pid }, this.#call)
    // A checkpoint that nobody can read any more is no obstacle to beginning anew.
    if (wish === 'restart') return { kind: 'begin' }
    const content = await checkpoint.read(this.#call)
    const header = content === undefined ? undefined : jobHeaderOf(content.header)
    const isTrace = header?.state === 'running' && content?.splits.size === 0 && !this.#mayRepeat
    if (!isTrace) return decideResume(job, header, wish, fingerprint)
    // A run that got no row into the target has left nothing to decide about, but it may have listed dirty ones.
    return wish === 'resume' ? { kind: 'begin', startedAt: header.startedAt } : { kind: 'begin' }
  }

  /** Begins anew with a plan; `startedAt` is that of the run before, where its dirty records stay valid. */
  async begin(plan: SplitPlan, startedAt = new Date().toISOString()): Promise<void> {
    const { checkpoint, fingerprint } = this.#options
    this.#records = new Map()
    this.#startedAt = startedAt
    await checkpoint.begin(
      headerJson({
        state: 'running',
        startedAt,
        fingerprint,
        plan,
      }),
      this.#call,
    )
  }

  /**
   * Goes on with the plan that stands there; gives where each split begins. Splits without positions begin anew.
   *
   * @throws PluginError RESUME_UNDECIDED when rows would or might be written twice, and that was not allowed
   */
  async resume(header: JobHeader): Promise<void> {
    this.#header = header
    this.#startedAt = header.startedAt
    const content = await this.#options.checkpoint.read(this.#call)
    this.#records = recordsIn(content)
    const isBegun = header.plan.splits.some((split) => !this.startOf(split).isDone)
    if (isBegun && this.#mayRepeat && !this.#options.allowsDuplicates) throw maybeRepeated()
    for (const split of header.plan.splits) {
      const record = this.startOf(split)
      if (record.sequence > 0 && !record.isDone && !split.resumable)
        this.#records.set(split.id, await this.#startOver(split))
    }
  }

  /** Where a split begins, or where it stood when this run came to its end. */
  startOf(split: Split): SplitRecord {
    return this.#records.get(split.id) ?? freshSplit
  }

  /** Counts of all splits, as far as they were settled by earlier runs. */
  get counts(): JobCounts {
    let sum = noCounts
    for (const { counts } of this.#records.values()) sum = addCounts(sum, counts)
    return sum
  }

  /** Settled dirty records by split, as far as they were settled by earlier runs. */
  get recordsDirtyBySplit(): ReadonlyMap<string, number> {
    return new Map([...this.#records].map(([split, { counts }]) => [split, counts.recordsDirty]))
  }

  /** How far the job has come, for people: `3 of 8 splits done, 120000 records settled`. */
  get progressText(): string {
    const splits = this.#header?.plan.splits ?? []
    const done = splits.filter((split) => this.startOf(split).isDone).length
    return `${done} of ${splits.length} splits done, ${this.counts.recordsRead} records settled`
  }

  /** Where a split goes on when the target is not where this run left it. */
  async reopen(split: Split): Promise<SplitRecord> {
    const content = await this.#options.checkpoint.read(this.#call)
    const record = recordsIn(content).get(split.id) ?? freshSplit
    if (record.sequence === 0 || split.resumable) return record
    return await this.#startOver(split)
  }

  /**
   * Keeps the progress of a split, behind the batches before it. The signal is that of writing: what has been settled is kept
   * also when the run is being stopped.
   */
  async update(progress: ProgressUpdate, call: CallOptions): Promise<void> {
    await this.#options.checkpoint.update(progress, call)
    this.#records.set(progress.split, splitRecordOf(progress.sequence, progress.record))
  }

  /**
   * After the target went back in time: the splits that were done and are no longer done there. They begin where it holds them
   * now.
   */
  async lostSplits({ splits }: SplitPlan): Promise<readonly LostSplit[]> {
    const content = await this.#options.checkpoint.read(this.#call)
    // A checkpoint that is gone altogether is the error of `finish`.
    if (content === undefined) return []
    const records = recordsIn(content)
    const lost: LostSplit[] = []
    for (const split of splits) {
      const known = this.startOf(split)
      const found = records.get(split.id) ?? freshSplit
      if (found.isDone || !known.isDone) continue
      const record = found.sequence > 0 && !split.resumable ? await this.#startOver(split) : found
      this.#records.set(split.id, record)
      lost.push({ split, record, counts: addCounts(record.counts, known.counts, -1) })
    }
    return lost
  }

  /**
   * The job is complete.
   *
   * @throws PluginError TARGET_REWOUND when the target no longer holds every split to its end
   */
  async finish(plan: SplitPlan, counts: JobCounts): Promise<void> {
    const { checkpoint, fingerprint } = this.#options
    const now = new Date().toISOString()
    await checkpoint.finish(
      headerJson({
        state: 'complete',
        startedAt: this.#startedAt,
        endedAt: now,
        fingerprint,
        plan,
        counts,
      }),
      new Map([...this.#records].map(([split, { sequence }]) => [split, sequence])),
      this.#call,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.checkpoint[Symbol.asyncDispose]()
  }

  async #startOver(split: Split): Promise<SplitRecord> {
    const { isIdempotent, allowsDuplicates, checkpoint } = this.#options
    if (!isIdempotent && !allowsDuplicates) {
      throw new PluginError({
        code: 'RESUME_UNDECIDED',
        message: `${split.id} has no unique key to go on by, so that it has to be read from its beginning, and its rows would be appended a second time`,
        hint: 'Delete what the job wrote and begin anew with --restart, or accept repeated rows with --allow-duplicates.',
      })
    }
    await checkpoint.update(
      { split: split.id, expected: undefined, sequence: 0, record: recordJson(freshSplit) },
      this.#call,
    )
    return freshSplit
  }
}

function maybeRepeated(): PluginError {
  return new PluginError({
    code: 'RESUME_UNDECIDED',
    message:
      'the target cannot keep the position of the job together with its rows: those that were being appended when the run broke off may be there already, and would be appended a second time',
    hint: 'Delete what the job wrote and begin anew with --restart, or accept repeated rows with --allow-duplicates.',
  })
}

function recordsIn(content: CheckpointContent | undefined): Map<string, SplitRecord> {
  const records = new Map<string, SplitRecord>()
  for (const [split, { sequence, record }] of content?.splits ?? [])
    records.set(split, splitRecordOf(sequence, record))
  return records
}
