import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@millrace/core/plugin'

const firstPauseMs = 50
const maxPauseMs = 2000
/** So often it is said that trouble goes on. */
const reminderMs = 60_000

/** How long lookups keep trying. */
export interface LookupRetries {
  /** How long trouble may last; `Infinity`: as long as the run does. */
  readonly timeoutMs: number
  readonly logger: Logger
  /** Ends waiting. */
  readonly signal: AbortSignal
}

/** Waits between the tries of one question, longer and longer. */
export class LookupPatience {
  readonly #retries: LookupRetries
  readonly #sinceMs = performance.now()
  #pauseMs = firstPauseMs
  #nextReminderMs = 0

  constructor(retries: LookupRetries) {
    this.#retries = retries
  }

  /**
   * Waits before the next try; false when the trouble has lasted too long.
   *
   * @param trouble what went wrong, for the log
   */
  async wait(trouble: string): Promise<boolean> {
    const { timeoutMs, logger, signal } = this.#retries
    const lastedMs = performance.now() - this.#sinceMs
    const leftMs = timeoutMs - lastedMs
    if (leftMs <= 0) return false
    if (lastedMs >= this.#nextReminderMs) {
      const end = Number.isFinite(timeoutMs) ? '' : ' until the run is stopped'
      logger.warn(`${trouble}; it is tried again${end}`)
      this.#nextReminderMs += reminderMs
    }
    await sleep(Math.min(this.#pauseMs, leftMs), undefined, { signal })
    this.#pauseMs = Math.min(this.#pauseMs * 2, maxPauseMs)
    return true
  }
}
