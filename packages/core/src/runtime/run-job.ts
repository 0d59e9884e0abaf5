import { randomUUID } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { JobPlan } from '../job/job-plan.ts'
import type { Logger } from '../plugin/context.ts'
import { exitCodeOf } from '../plugin/error-codes.ts'
import { PluginError } from '../plugin/errors.ts'
import type { Split, SplitPlan } from '../plugin/reader.ts'
import { DirtyCollector } from './dirty-collector.ts'
import { guaranteeNoteOf } from './guarantee-note.ts'
import { JobCounters } from './job-counters.ts'
import type { JobReport, ReportedError } from './job-report.ts'
import { openJob, type OpenJob } from './open-job.ts'
import { RateLimit } from './rate-limit.ts'
import { runSplit, type ChannelContext } from './run-split.ts'

export interface RunJobOptions {
  readonly logger: Logger
  /** Aborted: reading stops, batches under way are finished, the report says `stopped`. */
  readonly signal: AbortSignal
  /** Where dirty records go; default `<job>.dirty.jsonl` beside the job file. */
  readonly dirtyFile?: string
  /** Numbers to watch while the job runs. */
  readonly counters?: JobCounters
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
  #flowingMs = 0
  #error: unknown
  #isStopped = false

  constructor(plan: JobPlan, options: RunJobOptions) {
    this.#plan = plan
    this.#options = options
    this.#counters = options.counters ?? new JobCounters()
    this.#dirty = new DirtyCollector({
      counters: this.#counters,
      file: options.dirtyFile ?? join(dirname(plan.file), `${plan.name}.dirty.jsonl`),
      limit: plan.settings.errorLimit,
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
    await using job = await openJob(this.#plan, {
      signal: this.#stopReading.signal,
      logger: this.#options.logger,
      connectTarget: true,
    })
    const plan = await job.reader.split(this.#plan.settings.concurrency, {
      signal: this.#stopReading.signal,
    })
    this.#consistency = plan.consistency
    this.#counters.splitsTotal = plan.splits.length
    this.#counters.estimatedRows = plan.splits.reduce(
      (sum, split) => sum + (split.estimatedRows ?? 0),
      0,
    )
    const flowingSinceMs = performance.now()
    await this.#runChannels(plan, job)
    this.#flowingMs = performance.now() - flowingSinceMs
    const percentageError = this.#dirty.percentageError()
    if (percentageError !== undefined) this.#fail(percentageError)
    const { splitsDone, splitsTotal } = this.#counters
    if (splitsDone < splitsTotal && !this.#stopReading.signal.aborted) {
      this.#fail(new Error(`only ${splitsDone} of ${splitsTotal} splits were moved to their end`))
    }
  }

  /** Every channel takes the next split until none is left. */
  async #runChannels(plan: SplitPlan, job: OpenJob): Promise<void> {
    const context = this.#channelContext(job)
    const queue: Split[] = [...plan.splits]
    const channel = async () => {
      for (let split = queue.shift(); split !== undefined; split = queue.shift()) {
        if (this.#stopReading.signal.aborted) return
        if (await runSplit(split, context)) this.#counters.splitsDone += 1
      }
    }
    const channels = Math.min(this.#plan.settings.concurrency, plan.splits.length)
    await Promise.all(Array.from({ length: channels }, channel))
  }

  #channelContext(job: OpenJob): ChannelContext {
    const { bytesPerSecond, recordsPerSecond } = this.#plan.settings
    const { limits } = job.writer
    return {
      reader: job.reader,
      writer: job.writer,
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

  #report(): JobReport {
    const errors = this.#error === undefined ? [] : [reportedError(this.#error)]
    const counts = {
      recordsRead: this.#counters.recordsRead,
      recordsWritten: this.#counters.recordsWritten,
      recordsFiltered: this.#counters.recordsFiltered,
      recordsDirty: this.#counters.recordsDirty,
      bytesRead: this.#counters.bytesRead,
      bytesWritten: this.#counters.bytesWritten,
    }
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
      guarantee: 'at-least-once',
      guaranteeNote: guaranteeNoteOf(this.#plan),
      consistency: this.#consistency,
      ...counts,
      elapsedMs: Math.round(performance.now() - this.#startedAtMs),
      rowsPerSecond:
        this.#flowingMs === 0 ? 0 : Math.round(counts.recordsRead / (this.#flowingMs / 1000)),
      waitReaderMs: Math.round(this.#counters.waitReaderMs),
      waitWriterMs: Math.round(this.#counters.waitWriterMs),
      splits: { total: this.#counters.splitsTotal, done: this.#counters.splitsDone },
      resumedFrom: null,
      dirtyReasons: this.#dirty.summary,
      dirtyFile: this.#dirty.file ?? null,
      errors,
      total: counts,
    }
  }
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
