import { randomUUID } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { JobPlan } from '../job/job-plan.ts'
import type { Logger } from '../plugin/context.ts'
import { exitCodeOf } from '../plugin/error-codes.ts'
import { PluginError } from '../plugin/errors.ts'
import type { Split, SplitPlan } from '../plugin/reader.ts'
import type { ChannelContext } from './channel-context.ts'
import { DirtyCollector } from './dirty-collector.ts'
import { guaranteeOf, type Guarantee } from './guarantee.ts'
import { JobCheckpoint } from './job-checkpoint.ts'
import { JobCounters } from './job-counters.ts'
import { addCounts, noCounts, type JobCounts } from './job-counts.ts'
import { jobFingerprint } from './job-fingerprint.ts'
import type { JobReport, ReportedError } from './job-report.ts'
import { openJob, type OpenJob } from './open-job.ts'
import { RateLimit } from './rate-limit.ts'
import type { ResumeWish } from './resume-decision.ts'
import { goBack, runSplit } from './split-run.ts'
import { freshSplit } from './split-record.ts'

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
}

/** After a stop, batches under way get this long to be answered. */
const drainTimeoutMs = 10_000

/**
 * Runs a job from its checks to its report: open, check, split, read and write over the channels, close.
 * Never rejects for what happens to the job: the report says it, with the exit code.
 */
export async function runJob(plan: JobPlan, options: RunJobOptions): Promise<JobReport> {
  const run = new JobRun(plan, options)
  return await run.execute()
}

class JobRun {
  readonly #plan: JobPlan
  readonly #options: RunJobOptions
  readonly #counters: JobCounters
  readonly #dirty: DirtyCollector
  readonly #id = randomUUID()
  readonly #startedAt = new Date()
  readonly #startedAtMs = performance.now()
  readonly #stopReading = new AbortController()
  readonly #giveUp = new AbortController()
  #consistency: JobReport['consistency'] = 'unknown'
  #guarantee: Guarantee
  /** Counts of the runs that this one goes on from. */
  #earlier = noCounts
  #resumedFrom: string | null = null
  #flowingMs = 0
  #error: unknown
  #isStopped = false

  constructor(plan: JobPlan, options: RunJobOptions) {
    this.#plan = plan
    this.#options = options
    this.#counters = options.counters ?? new JobCounters()
    this.#guarantee = guaranteeOf(plan, { isAtomic: false, isOrdered: false })
    this.#dirty = new DirtyCollector({
      counters: this.#counters,
      file: options.dirtyFile ?? join(dirname(plan.file), `${plan.name}.dirty.jsonl`),
      limit: {
        ...plan.settings.errorLimit,
        ...(options.maxDirtyPercent === undefined ? {} : { percent: options.maxDirtyPercent }),
      },
      onLimitPassed: (error) => this.#fail(error),
    })
  }

  async execute(): Promise<JobReport> {
    const onAbort = () => this.#stop()
    this.#options.signal.addEventListener('abort', onAbort, { once: true })
    if (this.#options.signal.aborted) this.#stop()
    try {
      await this.#runPhases()
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#options.signal.removeEventListener('abort', onAbort)
      this.#dirty.close()
    }
    return this.#report()
  }

  async #runPhases(): Promise<void> {
    const signal = this.#stopReading.signal
    await using job = await openJob(this.#plan, {
      signal,
      logger: this.#options.logger,
      connectTarget: true,
    })
    await using checkpoint = await this.#openCheckpoint(job)
    const plan = await this.#begin(job, checkpoint)
    if (plan === undefined) return
    this.#consistency = plan.consistency
    this.#guarantee = guaranteeOf(this.#plan, {
      isAtomic: checkpoint?.isAtomic === true,
      isOrdered: plan.splits.every((split) => split.resumable),
    })
    this.#counters.splitsTotal = plan.splits.length
    this.#counters.estimatedRows = plan.splits.reduce(
      (sum, split) => sum + (split.estimatedRows ?? 0),
      0,
    )
    const flowingSinceMs = performance.now()
    const context = this.#channelContext(job, checkpoint)
    await this.#runChannels(plan.splits, context)
    if (checkpoint !== undefined) await this.#repeatLost(plan.splits, context, checkpoint)
    this.#flowingMs = performance.now() - flowingSinceMs
    const percentageError = this.#dirty.percentageError()
    if (percentageError !== undefined) this.#fail(percentageError)
    const { splitsDone, splitsTotal } = this.#counters
    if (this.#stopReading.signal.aborted) return
    if (splitsDone < splitsTotal)
      throw new Error(`only ${splitsDone} of ${splitsTotal} splits were moved to their end`)
    await checkpoint?.finish(plan, this.#total())
  }

  async #openCheckpoint(job: OpenJob): Promise<JobCheckpoint | undefined> {
    const { signal } = this.#stopReading
    const { writer } = this.#plan
    const checkpoint = await job.writer.checkpoint?.(this.#plan.name, { signal })
    if (checkpoint === undefined) {
      if (this.#options.resume === 'resume') throw noCheckpoint(writer.stepType)
      return undefined
    }
    return new JobCheckpoint({
      checkpoint,
      run: this.#id,
      fingerprint: jobFingerprint(this.#plan, job.schema),
      isIdempotent: writer.plugin.guarantee(writer.config).isIdempotent,
      allowsDuplicates: this.#options.allowDuplicates ?? false,
      signal,
    })
  }

  /** Cuts the source, or goes on with the splits of an earlier run. `undefined`: there is nothing left to do. */
  async #begin(
    job: OpenJob,
    checkpoint: JobCheckpoint | undefined,
  ): Promise<SplitPlan | undefined> {
    const { signal } = this.#stopReading
    const { concurrency } = this.#plan.settings
    if (checkpoint === undefined) return await job.reader.split(concurrency, { signal })
    const { resume = 'undecided' } = this.#options
    const decision = await checkpoint.open(this.#plan.name, resume)
    if (decision.kind === 'nothing') {
      this.#options.logger.info('the job is complete already: nothing to resume')
      this.#earlier = decision.header.counts ?? noCounts
      return undefined
    }
    if (decision.kind === 'begin') {
      const { startedAt } = decision
      if (startedAt !== undefined) this.#dirty.resume({ since: startedAt, recordsRead: 0 })
      const plan = await job.reader.split(concurrency, { signal })
      await checkpoint.begin(plan, startedAt)
      return plan
    }
    const { header } = decision
    await checkpoint.resume(header)
    this.#earlier = checkpoint.counts
    this.#dirty.resume({
      since: header.startedAt,
      recordsDirtyBySplit: checkpoint.recordsDirtyBySplit,
      recordsRead: this.#earlier.recordsRead,
    })
    this.#resumedFrom = checkpoint.progressText
    this.#options.logger.info(`resuming the run of ${header.startedAt}: ${this.#resumedFrom}`)
    return { splits: header.plan.splits, consistency: 'per-split' }
  }

  /** Every channel takes the next split until none is left. */
  async #runChannels(splits: readonly Split[], context: ChannelContext): Promise<void> {
    const { checkpoint } = context
    const queue: Split[] = [...splits]
    const channel = async () => {
      for (let split = queue.shift(); split !== undefined; split = queue.shift()) {
        if (this.#stopReading.signal.aborted) return
        const start = checkpoint?.startOf(split) ?? freshSplit
        if (start.isDone || (await runSplit(split, start, context))) this.#counters.splitsDone += 1
      }
    }
    const channels = Math.min(this.#plan.settings.concurrency, splits.length)
    await Promise.all(Array.from({ length: channels }, channel))
  }

  /** A split that came to its end asks for nothing any more: when the target goes back in time, only the end shows it. */
  async #repeatLost(
    splits: readonly Split[],
    context: ChannelContext,
    checkpoint: JobCheckpoint,
  ): Promise<void> {
    while (!this.#stopReading.signal.aborted) {
      const lost = await checkpoint.lostSplits(splits)
      if (lost.length === 0) return
      for (const split of lost) await goBack(split, checkpoint.startOf(split).counts, context)
      this.#counters.splitsDone -= lost.length
      await this.#runChannels(lost, context)
    }
  }

  #channelContext(job: OpenJob, checkpoint: JobCheckpoint | undefined): ChannelContext {
    const { bytesPerSecond, recordsPerSecond } = this.#plan.settings
    const { limits } = job.writer
    return {
      reader: job.reader,
      writer: job.writer,
      checkpoint,
      logger: this.#options.logger,
      transforms: job.transforms,
      counters: this.#counters,
      dirty: this.#dirty,
      limits: {
        maxInFlight: limits.maxInFlight,
        // A tenth of a second's allowance at most, so that a throttled job flows evenly.
        maxRows: Math.max(
          1,
          Math.min(limits.maxRows, Math.ceil((recordsPerSecond ?? Infinity) / 10)),
        ),
        maxBytes: Math.max(
          1,
          Math.min(limits.maxBytes, Math.ceil((bytesPerSecond ?? Infinity) / 10)),
        ),
      },
      bytesPerSecond: bytesPerSecond === undefined ? undefined : new RateLimit(bytesPerSecond),
      recordsPerSecond:
        recordsPerSecond === undefined ? undefined : new RateLimit(recordsPerSecond),
      run: this.#id,
      readSignal: this.#stopReading.signal,
      writeSignal: this.#giveUp.signal,
      fail: (error) => this.#fail(error),
    }
  }

  /** The first error counts; what follows from stopping is not an error of its own. */
  #fail(error: unknown): void {
    if (this.#error === undefined && !this.#isStopped) this.#error = error
    this.#stopReading.abort(new Error('the job has failed'))
  }

  #stop(): void {
    if (this.#error === undefined) this.#isStopped = true
    this.#stopReading.abort(new Error('the job was stopped'))
    setTimeout(() => this.#giveUp.abort(new Error('the job was stopped')), drainTimeoutMs).unref()
  }

  #total(): JobCounts {
    return addCounts(this.#earlier, this.#counters.counts)
  }

  #report(): JobReport {
    const errors = this.#error === undefined ? [] : [reportedError(this.#error)]
    const { counts } = this.#counters
    const [first] = errors
    const isStopped = this.#isStopped && first === undefined
    return {
      status: first !== undefined ? 'failed' : isStopped ? 'stopped' : 'complete',
      code: first !== undefined ? first.code : isStopped ? 'STOPPED' : 'OK',
      exitCode: first === undefined ? 0 : exitCodeOf(first.code),
      job: this.#plan.name,
      run: this.#id,
      startedAt: this.#startedAt.toISOString(),
      endedAt: new Date().toISOString(),
      guarantee: this.#guarantee.kind,
      guaranteeNote: this.#guarantee.note,
      consistency: this.#consistency,
      ...counts,
      elapsedMs: Math.round(performance.now() - this.#startedAtMs),
      rowsPerSecond:
        this.#flowingMs === 0 ? 0 : Math.round(counts.recordsRead / (this.#flowingMs / 1000)),
      waitReaderMs: Math.round(this.#counters.waitReaderMs),
      waitWriterMs: Math.round(this.#counters.waitWriterMs),
      splits: { total: this.#counters.splitsTotal, done: this.#counters.splitsDone },
      resumedFrom: this.#resumedFrom,
      dirtyReasons: this.#dirty.summary,
      dirtyFile: this.#dirty.file ?? null,
      errors,
      total: this.#total(),
    }
  }
}

function noCheckpoint(stepType: string): PluginError {
  return new PluginError({
    code: 'RESUME_UNDECIDED',
    message: `there is nothing to resume: the writer ${stepType} keeps no checkpoint`,
    hint: 'Run the job without --resume.',
  })
}

/** An error as the user sees it. What is not a `PluginError` is a fault of ours, and says so. */
export function reportedError(error: unknown): ReportedError {
  if (PluginError.isInstance(error)) {
    return {
      code: error.code,
      message: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    }
  }
  return {
    code: 'INTERNAL',
    message: `unexpected ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`,
    hint: 'this is a fault in Millrace or a plugin: run again with --log-level debug and report it',
  }
}
