import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../plugin/context.ts'
import { PluginError } from '../plugin/errors.ts'
import type { DirtyRecord, WriterSession } from '../plugin/writer.ts'

/** Records that wait for the target at most; the oldest are left out then. */
const maxWaiting = 10_000
/** Records of one call. */
const maxBatch = 500
const retryPauseMs = 1_000
/** How long the end of a run waits for the last of them. */
const maxDrainMs = 5_000

/**
 * Gives dirty records to the target as well, beside what goes on: nobody waits for it, and what fails is no error of the run. The
 * dirty file has all of them.
 */
export class DirtyMirror implements AsyncDisposable {
  readonly #writer: WriterSession
  readonly #logger: Logger
  readonly #ended = new AbortController()
  #waiting: DirtyRecord[] = []
  #leftOut = 0
  #flushing: Promise<void> | undefined
  #isClosing = false
  #isRefused = false

  constructor(writer: WriterSession, logger: Logger) {
    this.#writer = writer
    this.#logger = logger
  }

  /** Takes records that stand in the dirty file. */
  take(records: readonly DirtyRecord[]): void {
    if (this.#writer.keepDirty === undefined || this.#isRefused) return
    this.#waiting.push(...records)
    const tooMany = this.#waiting.length - maxWaiting
    if (tooMany > 0) {
      this.#waiting.splice(0, tooMany)
      this.#leftOut += tooMany
    }
    this.#flushing ??= this.#flush()
  }

  /** Waits a little for what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true
    const timer = setTimeout(() => this.#ended.abort(), maxDrainMs)
    await this.#flushing
    clearTimeout(timer)
    const missing = this.#leftOut + this.#waiting.length
    if (missing > 0)
      this.#logger.warn(`${missing} dirty records stand in the dirty file alone, not in the target`)
  }

  /** Never rejects. */
  async #flush(): Promise<void> {
    const { signal } = this.#ended
    while (this.#waiting.length > 0 && !signal.aborted) {
      const records = this.#waiting.slice(0, maxBatch)
      try {
        await this.#writer.keepDirty?.(records, { signal })
        // The oldest may have been left out meanwhile.
        const sent = new Set(records)
        this.#waiting = this.#waiting.filter((record) => !sent.has(record))
      } catch (error) {
        if (signal.aborted) break
        if (PluginError.isInstance(error) && !error.isRetryable) {
          this.#refuse(error)
          break
        }
        if (this.#isClosing) break
        await sleep(retryPauseMs, undefined, { signal }).catch(() => {})
      }
    }
    this.#flushing = undefined
  }

  #refuse(error: PluginError): void {
    this.#isRefused = true
    this.#leftOut += this.#waiting.length
    this.#waiting = []
    this.#logger.warn(`dirty records cannot be kept in the target: ${error.message}`)
  }
}
