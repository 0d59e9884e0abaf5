import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../plugin/context.ts'
import { PluginError } from '../plugin/errors.ts'
import type { ReaderSession, SplitPlan } from '../plugin/reader.ts'
import type { JobCounters } from './job-counters.ts'

/** How long a run bears with a source that fails while rows are flowing. */
export interface SourcePatience {
  /** Wait before the first further try, in milliseconds; each wait is twice the one before. */
  readonly firstDelayMs: number
  /** Longest wait between two tries, in milliseconds. */
  readonly longestDelayMs: number
  /** A split that gets no row further for so many milliseconds ends the run. */
  readonly deadlineMs: number
}

const defaultPatience: SourcePatience = {
  firstDelayMs: 1000,
  longestDelayMs: 30_000,
  deadlineMs: 300_000,
}

const registry = globalThis as { [key: symbol]: Partial<SourcePatience> | undefined }
const testPatience = Symbol.for('millrace.sourcePatience')

/** What a {@link SourceRecovery} is made of. */
export interface SourceRecoveryOptions {
  readonly logger: Logger
  /** Aborted: nobody waits any more. */
  readonly signal: AbortSignal
  /** Where tries are counted. */
  readonly counters: Pick<JobCounters, 'retries' | 'retrying'>
  readonly patience?: Partial<SourcePatience>
}

/** What the splits of a run share about a source that fails while rows are flowing. */
export class SourceRecovery {
  readonly patience: SourcePatience
  readonly logger: Logger
  readonly signal: AbortSignal
  readonly #counters: SourceRecoveryOptions['counters']
  /** Whether a row has come at all, or changes are followed: before that an error is one of connecting, and ends the run. */
  hasRows = false
  /** Whether a split was read again, and with it perhaps at another instant. */
  hasReadAgain = false

  /** Tests shorten the waits of a command by an object under `Symbol.for('millrace.sourcePatience')`. */
  constructor({ logger, signal, counters, patience }: SourceRecoveryOptions) {
    this.patience = { ...defaultPatience, ...registry[testPatience], ...patience }
    this.logger = logger
    this.signal = signal
    this.#counters = counters
  }

  /** Reading gets on. */
  succeeded(): void {
    this.hasRows = true
    this.answered()
  }

  /** The source has answered. */
  answered(): void {
    this.#counters.retrying = undefined
  }

  /** Reading has failed, and is tried again. */
  failed({ message }: Error): void {
    this.#counters.retries += 1
    const sinceMs = this.#counters.retrying?.sinceMs ?? performance.now()
    this.#counters.retrying = { sinceMs, reason: message }
  }

  /** How consistent what was read is, as far as it was read. */
  consistencyOf(
    { consistency }: SplitPlan,
    { sawOneInstant }: ReaderSession,
  ): SplitPlan['consistency'] {
    return (sawOneInstant ?? !this.hasReadAgain) ? consistency : 'per-split'
  }
}

/**
 * Asks a source that has answered before until it answers again, or fails in a way that does not pass.
 *
 * @throws what `ask` throws then, or threw last when the source stays away for too long; the reason of the abort
 */
export async function steadily<T>(run: SourceRecovery, ask: () => Promise<T>): Promise<T> {
  const recovery = new SplitRecovery(run, false)
  for (;;) {
    try {
      const answer = await ask()
      run.answered()
      return answer
    } catch (error) {
      if (!PluginError.isInstance(error) || !error.isRetryable) throw error
      await recovery.beforeNextTry(error, 'trying again')
    }
  }
}

/** The tries to read one split to its end. */
export class SplitRecovery {
  readonly #run: SourceRecovery
  readonly #isReading: boolean
  /** Rows of the split up to where it is read now. */
  #rows = 0
  /** The most there have been at a failure. */
  #mostRows = -1
  #stuckSinceMs = 0
  #tries = 0

  /** @param isReading - what is tried again is to read rows, perhaps as of another instant */
  constructor(run: SourceRecovery, isReading = true) {
    this.#run = run
    this.#isReading = isReading
  }

  /** Reading goes on behind so many rows of the split. */
  startBehind(rows: number): void {
    this.#rows = rows
  }

  /** So many rows have come. */
  took(rows: number): void {
    this.#rows += rows
    this.#run.succeeded()
  }

  /** Whether reading may succeed later, without anybody changing anything. */
  isPassing(error: unknown): error is PluginError {
    return this.#run.hasRows && PluginError.isInstance(error) && error.isRetryable
  }

  /**
   * Waits until the source may be asked again; `again` says for what, for people.
   *
   * @throws PluginError SOURCE_FAILED when it got no row further for too long, the error itself where no rows are read; the reason of
   * the abort
   */
  async beforeNextTry(error: PluginError, again: string): Promise<void> {
    const { patience, logger, signal } = this.#run
    const nowMs = performance.now()
    if (this.#rows > this.#mostRows) {
      this.#mostRows = this.#rows
      this.#stuckSinceMs = nowMs
      this.#tries = 0
    }
    const leftMs = this.#stuckSinceMs + patience.deadlineMs - nowMs
    if (leftMs <= 0) throw this.#isReading ? stayedAway(error, patience) : silent(error, patience)
    const backOffMs = patience.firstDelayMs * 2 ** this.#tries
    const delayMs = Math.min(backOffMs, patience.longestDelayMs, leftMs)
    this.#tries += 1
    if (this.#isReading) this.#run.hasReadAgain = true
    this.#run.failed(error)
    logger.warn(`${error.message}; ${again} in ${Number((delayMs / 1000).toFixed(1))} s`)
    try {
      await sleep(delayMs, undefined, { signal })
    } catch (abortion) {
      signal.throwIfAborted()
      throw abortion
    }
  }
}

function silent(error: PluginError, { deadlineMs }: SourcePatience): PluginError {
  const { code, hint, message } = error
  return new PluginError({
    code,
    message: `${message}; nothing else was answered for ${deadlineMs / 1000} s of further tries`,
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  })
}

function stayedAway(error: PluginError, { deadlineMs }: SourcePatience): PluginError {
  return new PluginError({
    code: 'SOURCE_FAILED',
    message: `${error.message}; no row came for ${deadlineMs / 1000} s of further tries`,
    hint: 'Once the source answers again, run the job again; with a checkpoint it goes on with --resume.',
    cause: error,
  })
}
