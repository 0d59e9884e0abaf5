import { PluginError, type Logger } from '@millrace/core/plugin'

const firstPauseMs = 50
const maxPauseMs = 2000
/** So often it is said that trouble goes on. */
const reminderMs = 60_000

/** What a {@link RetryClock} is made of. */
export interface RetryClockOptions {
  /** How long trouble may last; `Infinity`: as long as the job runs. */
  readonly retryTimeoutMs: number
  /** For messages. */
  readonly target: string
  readonly logger: Logger
}

/** How long there has been trouble, how long to pause, and when to give up. */
export class RetryClock {
  readonly #options: RetryClockOptions
  #sinceMs: number | undefined
  #nextReminderMs = reminderMs
  #pauseMs = firstPauseMs

  constructor(options: RetryClockOptions) {
    this.#options = options
  }

  /** Something went well: the next trouble begins anew. */
  reset(): void {
    this.#sinceMs = undefined
    this.#pauseMs = firstPauseMs
    this.#nextReminderMs = reminderMs
  }

  /**
   * Milliseconds to pause before the next attempt.
   *
   * @throws PluginError TARGET_FAILED when the trouble has lasted too long
   */
  nextPauseMs(cause: unknown): number {
    const nowMs = performance.now()
    this.#sinceMs ??= nowMs
    const lastedMs = nowMs - this.#sinceMs
    const leftMs = this.#options.retryTimeoutMs - lastedMs
    if (leftMs <= 0) throw this.#gaveUp(cause)
    if (lastedMs >= this.#nextReminderMs) this.#remind(lastedMs, cause)
    const pauseMs = Math.min(this.#pauseMs, leftMs)
    this.#pauseMs = Math.min(this.#pauseMs * 2, maxPauseMs)
    // Several writers that lost the same server should not come back at the same instant.
    return pauseMs * (0.75 + Math.random() * 0.25)
  }

  #remind(lastedMs: number, cause: unknown): void {
    const { target, retryTimeoutMs, logger } = this.#options
    const minutes = Math.floor(lastedMs / reminderMs)
    this.#nextReminderMs = (minutes + 1) * reminderMs
    const end = Number.isFinite(retryTimeoutMs) ? '' : ' until the job is stopped'
    logger.warn(
      `Redis at ${target} has taken nothing for ${minutes} min; it is tried again${end}. The last answer was: ${foundText(cause)}`,
    )
  }

  #gaveUp(cause: unknown): PluginError {
    const { target, retryTimeoutMs } = this.#options
    return new PluginError({
      code: 'TARGET_FAILED',
      message: `Redis at ${target} did not take a batch for ${retryTimeoutMs} ms; the last answer was: ${foundText(cause)}`,
      hint: 'See that the server is up and takes writes, then run the job again; retryTimeout sets how long it waits.',
      cause,
    })
  }
}

function foundText(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
