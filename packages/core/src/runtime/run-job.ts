import { randomUUID } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { JobPlan } from '../job/job-plan.ts'
import type { Logger } from '../plugin/context.ts'
import type { ReaderSession, SplitPlan } from '../plugin/reader.ts'
import type { Position } from '../record/record-batch.ts'
import { beginJob, openJobCheckpoint, type Beginning, type BeginOptions } from './begin-job.ts'
import { changesSplit, isFollowing } from './changes-split.ts'
import { channelLimits, type ChannelContext } from './channel-context.ts'
import { DirtyCollector } from './dirty-collector.ts'
import { DirtyMirror } from './dirty-mirror.ts'
import { followJob, noChanges, noPlaceForPosition } from './follow-job.ts'
import { guaranteeOf, type Guarantee } from './guarantee.ts'
import type { JobCheckpoint } from './job-checkpoint.ts'
import { JobCounters } from './job-counters.ts'
import { addCounts, noCounts, type JobCounts } from './job-counts.ts'
import type { JobReport } from './job-report.ts'
import { keyShapesOf, noteOfResync } from './left-keys.ts'
import { openJob, type OpenJob } from './open-job.ts'
import { rateLimitOf } from './rate-limit.ts'
import type { ResumeWish } from './resume-decision.ts'
import { repeatableSplits, type RepeatableSplits } from './repeatable-splits.ts'
import { RunEnd } from './run-end.ts'
import { SourceRecovery, steadily, type SourcePatience } from './source-recovery.ts'
import { reportOfRun } from './report-of-run.ts'
import { runAttempts, type Resnapshot, type RunAttempt } from './run-attempts.ts'
import { SnapshotMove } from './snapshot-move.ts'
import { stoppedText } from './stopped-tables.ts'

export interface RunJobOptions {
  readonly logger: Logger
  /** Aborted: reading stops, batches under way are finished, the report says `stopped`. */
  readonly signal: AbortSignal
  /** Where dirty records go; default `<job>.dirty.jsonl` beside the job file. */
  readonly dirtyFile?: string
  /** Numbers to watch while the job runs. */
  readonly counters?: JobCounters
  /** What is to be done about an earlier run that did not end; default: refuse and say so. */
  readonly resume?: ResumeWish
  /** Rows may be written twice where a resume cannot avoid it. */
  readonly allowDuplicates?: boolean
  /** From 1,000 rows on the job ends when more than this share of them, in percent, is dirty. */
  readonly maxDirtyPercent?: number
  /** How long to bear with a source that fails while rows are flowing; default: tries for 5 minutes. */
  readonly sourcePatience?: Partial<SourcePatience>
  /**
   * Goes on with the changes of the source once its rows are read: `until-current` up to what was committed when the run began,
   * `until-stopped` for ever. Absent: the rows are all there is.
   */
  readonly follow?: 'until-current' | 'until-stopped'
}

/**
 * Runs a job from its checks to its report: open, check, split, read and write over the channels, close.
 * Never rejects for what happens to the job: the report says it, with the exit code.
 */
export async function runJob(plan: JobPlan, options: RunJobOptions): Promise<JobReport> {
  return await runAttempts(
    plan,
    options,
    (attempt, resnapshot) => new JobRun(plan, attempt, resnapshot),
  )
}

/** A batch that is not full is sent after this long without a further row. */
const maxDelayMs = 200

/** Changes wait for their source without an end, and soon see that it is back. */
const endlessPatience = { deadlineMs: Infinity, longestDelayMs: 5000 }

/** What following begins with. */
interface Following {
  readonly beginning: Beginning
  readonly channels: ChannelContext
  readonly rows: SnapshotMove
  readonly until: Position | undefined
}

class JobRun implements RunAttempt {
  readonly #plan: JobPlan
  readonly #options: RunJobOptions
  readonly #counters: JobCounters
  readonly #dirty: DirtyCollector
  readonly #id = randomUUID()
  readonly #startedAt = new Date()
  readonly #startedAtMs = performance.now()
  readonly #end = new RunEnd()
  readonly #isIdempotent: boolean
  readonly #recovery: SourceRecovery
  #consistency: JobReport['consistency'] = 'unknown'
  #guarantee: Guarantee
  /** Counts of the runs that this one goes on from. */
  #earlier = noCounts
  #resumedFrom: string | null = null
  #rows: SnapshotMove | undefined
  #followingMs: number | undefined
  #notes: readonly string[] | undefined
  #checkpoint: JobCheckpoint | undefined
  #resnapshots: number
  readonly #reason: string | undefined
  #hasFollowed = false

  constructor(plan: JobPlan, options: RunJobOptions, resnapshot?: Resnapshot) {
    this.#resnapshots = resnapshot?.inRow ?? 0
    this.#reason = resnapshot?.reason
    this.#plan = plan
    this.#options = options
    this.#counters = options.counters ?? new JobCounters()
    this.#counters.job = plan.name
    const { logger, sourcePatience } = options
    const patience = { ...(this.#follows ? endlessPatience : {}), ...sourcePatience }
    this.#recovery = new SourceRecovery({
      logger,
      signal: this.#end.readSignal,
      counters: this.#counters,
      patience,
    })
    this.#isIdempotent = plan.writer.plugin.guarantee(plan.writer.config).isIdempotent
    this.#guarantee = guaranteeOf(plan, {
      isAtomic: false,
      keepsProgress: false,
      isOrdered: false,
    })
    this.#dirty = new DirtyCollector({
      counters: this.#counters,
      file: options.dirtyFile ?? join(dirname(plan.file), `${plan.name}.dirty.jsonl`),
      listsRecords: plan.settings.dirtyRecords !== 'counted',
      limit: {
        ...plan.settings.errorLimit,
        ...(options.maxDirtyPercent === undefined ? {} : { percent: options.maxDirtyPercent }),
      },
      onLimitPassed: (error) => this.#end.fail(error),
    })
  }

  get resnapshots(): number {
    return this.#resnapshots
  }

  get hasFollowed(): boolean {
    return this.#hasFollowed
  }

  get notes(): readonly string[] {
    // Before it begins it has none of its own.
    return this.#notes ?? (this.#reason === undefined ? [] : [this.#reason])
  }

  get #follows(): boolean {
    return this.#options.follow !== undefined
  }

  async execute(): Promise<JobReport> {
    const onAbort = () => this.#end.stop()
    this.#options.signal.addEventListener('abort', onAbort, { once: true })
    if (this.#options.signal.aborted) onAbort()
    try {
      await this.#runPhases()
    } catch (error) {
      this.#end.fail(error)
    } finally {
      this.#counters.failure = this.#end.outcome.errors[0]?.message
      this.#options.signal.removeEventListener('abort', onAbort)
      this.#dirty.close()
    }
    if (this.#end.stack !== undefined) this.#options.logger.debug(this.#end.stack)
    return this.#report()
  }

  async #runPhases(): Promise<void> {
    const { logger } = this.#options
    const signal = this.#end.readSignal
    const follows = this.#follows
    this.#lookAtDirtyFile()
    const opening = { signal, logger, connectTarget: true, follows, mayGoOn: true }
    await using job = await openJob(this.#plan, opening)
    const until = await this.#untilOf(job.reader)
    await using mirror = new DirtyMirror(job.writer, logger)
    this.#dirty.mirror = mirror
    const isRepeatable = repeatableSplits(this.#plan, job.schemas, job.transforms)
    const options = this.#beginOptions(job, isRepeatable)
    await using checkpoint = await openJobCheckpoint(options)
    this.#checkpoint = checkpoint
    const beginning = await beginJob(options, checkpoint)
    const { splits: plan, isComplete = false } = beginning
    this.#earlier = beginning.earlier
    this.#resumedFrom = beginning.resumedFrom
    this.#notes = beginning.notes
    this.#promise(plan, checkpoint, isRepeatable)
    if (checkpoint !== undefined)
      this.#counters.tables.splitsOf = (table) => checkpoint.splitCounts(plan, table)
    this.#resnapshots = checkpoint?.resnapshots ?? 0
    if (isComplete) {
      this.#counters.splitsDone = plan.splits.length
      return
    }
    const channels = this.#channelContext(job, checkpoint, isRepeatable)
    const rows = new SnapshotMove({
      plan,
      reader: job.reader,
      checkpoint,
      channels,
      concurrency: this.#plan.settings.concurrency,
      total: () => this.#total(),
    })
    this.#rows = rows
    if (this.#follows) await this.#follow(job, checkpoint, { beginning, channels, rows, until })
    else await rows.moveAll()
  }

  /** A place that was named has to be writable; beside the job one is needed only once a record is dirty. */
  #lookAtDirtyFile(): void {
    const error = this.#dirty.findFileError()
    if (error === undefined) return
    if (this.#options.dirtyFile !== undefined) throw error
    this.#options.logger.warn(`${error.message}: the first one ends the job (${error.hint})`)
  }

  /** Up to where changes are followed; `undefined`: until the run is stopped, or not at all. */
  async #untilOf(reader: ReaderSession): Promise<Position | undefined> {
    if (this.#options.follow !== 'until-current') return undefined
    if (!isFollowing(reader)) throw noChanges(this.#plan.reader.stepType)
    const call = { signal: this.#end.readSignal }
    return await steadily(this.#recovery, async () => await reader.currentPosition(call))
  }

  async #follow(
    job: OpenJob,
    checkpoint: JobCheckpoint | undefined,
    { beginning, channels, rows, until }: Following,
  ): Promise<void> {
    const { reader } = job
    const { splits: plan, isResumed } = beginning
    const { followFrom } = plan
    if (!isFollowing(reader) || followFrom === undefined)
      throw noChanges(this.#plan.reader.stepType)
    if (checkpoint === undefined) throw noPlaceForPosition(this.#plan.writer.stepType)
    const sinceMs = performance.now()
    // Tables may be redefined on the way.
    const shapes = keyShapesOf(job)
    await followJob({
      plan,
      followFrom,
      reader,
      checkpoint,
      context: channels,
      until,
      seesPlan: !isResumed,
      readsRows: this.#plan.settings.readsRows !== false,
      snapshot: (splits, interruption) => rows.move(splits, interruption),
      lost: (splits) => rows.takeBack(splits),
      readAgain: (table, followed) => {
        this.#notes = [...this.notes, noteOfResync(table, followed, shapes)]
      },
    })
    this.#followingMs = performance.now() - sinceMs
    this.#hasFollowed = checkpoint.startOf(changesSplit(followFrom)).sequence > 0
  }

  #beginOptions(job: OpenJob, isRepeatable: RepeatableSplits): BeginOptions {
    const { resume = 'undecided', allowDuplicates = false, logger } = this.#options
    return {
      plan: this.#plan,
      job,
      run: this.#id,
      resume,
      isIdempotent: this.#isIdempotent,
      isRepeatable,
      allowsDuplicates: allowDuplicates,
      dirty: this.#dirty,
      logger,
      signal: this.#end.readSignal,
      follows: this.#follows,
      resnapshots: this.#resnapshots,
      reason: this.#reason,
      recovery: this.#recovery,
    }
  }

  /** What is known of the run once its splits are. */
  #promise(
    plan: SplitPlan,
    checkpoint: JobCheckpoint | undefined,
    isRepeatable: RepeatableSplits,
  ): void {
    this.#consistency = plan.consistency
    this.#guarantee = guaranteeOf(this.#plan, {
      isAtomic: checkpoint?.isAtomic === true,
      keepsProgress: checkpoint !== undefined,
      isOrdered: plan.splits.every((split) => split.resumable),
      isRepeatable: plan.splits.every((split) => split.resumable || isRepeatable(split)),
      goesOnByItself: this.#follows,
      overlapsChanges: this.#follows && plan.overlapsChanges === true,
    })
    this.#counters.splitsTotal = plan.splits.length
    for (const { estimatedRows = 0 } of plan.splits) this.#counters.estimatedRows += estimatedRows
  }

  #channelContext(
    job: OpenJob,
    checkpoint: JobCheckpoint | undefined,
    isRepeatable: RepeatableSplits,
  ): ChannelContext {
    const { bytesPerSecond, recordsPerSecond } = this.#plan.settings
    return {
      reader: job.reader,
      writer: job.writer,
      checkpoint,
      logger: this.#options.logger,
      transforms: job.transforms,
      counters: this.#counters,
      phase: 'snapshot',
      dirty: this.#dirty,
      limits: channelLimits(job.writer.limits, this.#plan.settings),
      maxDelayMs,
      bytesPerSecond: rateLimitOf(bytesPerSecond),
      recordsPerSecond: rateLimitOf(recordsPerSecond),
      recovery: this.#recovery,
      mayRepeat: (split) => isRepeatable(split) || this.#options.allowDuplicates === true,
      run: this.#id,
      readSignal: this.#end.readSignal,
      writeSignal: this.#end.writeSignal,
      fail: (error) => this.#end.fail(error),
    }
  }

  #total(): JobCounts {
    return addCounts(this.#earlier, this.#counters.counts)
  }

  #stoppedTables(): readonly string[] {
    const stopped = [...(this.#checkpoint?.stoppedTables ?? [])]
    return stopped.map(([table, why]) => stoppedText(table, why))
  }

  #report(): JobReport {
    return reportOfRun({
      job: this.#plan.name,
      run: this.#id,
      startedAt: this.#startedAt,
      elapsedMs: Math.round(performance.now() - this.#startedAtMs),
      flowingMs: this.#followingMs ?? this.#rows?.flowingMs ?? 0,
      end: this.#end,
      guarantee: this.#guarantee,
      consistency: this.#rows?.consistency ?? this.#consistency,
      counters: this.#counters,
      dirty: this.#dirty,
      resumedFrom: this.#resumedFrom,
      total: this.#total(),
      notes: [...this.notes, ...this.#stoppedTables()],
    })
  }
}
