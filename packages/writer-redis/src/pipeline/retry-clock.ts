import { PluginError } from '@millrace/core/plugin'

const firstPauseMs = 50
const maxPauseMs = 2000

/** How long there has been trouble, how long to pause, and when to give up. */
export class RetryClock {
  readonly #retryTimeoutMs: number
  readonly #target: string
  #sinceMs: number | undefined
  #pauseMs = firstPauseMs

  constructor(retryTimeoutMs: number, target: string) {
    this.#retryTimeoutMs = retryTimeoutMs
    this.#target = target
  }

  /** Something went well: the next trouble begins anew. */
  reset(): void {
    this.#sinceMs = undefined
    this.#pauseMs = firstPauseMs
  }

  /**
   * Milliseconds to pause before the next attempt.
   *
   * @throws PluginError TARGET_FAILED when the trouble has lasted too long
   */
  nextPauseMs(cause: unknown): number {
    const nowMs = performance.now()
    this.#sinceMs ??= nowMs
    const leftMs = this.#retryTimeoutMs - (nowMs - this.#sinceMs)
    if (leftMs <= 0) throw this.#gaveUp(cause)
    const pauseMs = Math.min(this.#pauseMs, leftMs)
    this.#pauseMs = Math.min(this.#pauseMs * 2, maxPauseMs)
    // Several writers that lost the same server should not come back at the same instant.
    return pauseMs * (0.75 + Math.random() * 0.25)
  }

  #gaveUp(cause: unknown): PluginError {
    const found = cause instanceof Error ? cause.message : String(cause)
    return new PluginError({
      code: 'TARGET_FAILED',
      message: `Redis at ${this.#target} did not take a batch for ${this.#retryTimeoutMs} ms; the last answer was: ${found}`,
      hint: 'See that the server is up and takes writes, then run the job again; retryTimeout sets how long it waits.',
      cause,
    })
  }
}
