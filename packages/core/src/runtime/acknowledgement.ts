import type { Logger } from '../plugin/context.ts'
import type { Position } from '../record/record-batch.ts'
import type { FollowingReader } from './changes-split.ts'
import type { JobCheckpoint } from './job-checkpoint.ts'

/** The source hears this often of what is settled, in milliseconds. */
const intervalMs = 1000

/**
 * Tells the source what it may forget: only what is settled, and only after the target has made it as safe as it can. A failure
 * to do so costs the source some log, and nothing else.
 */
export class Acknowledgement implements AsyncDisposable {
  readonly #reader: FollowingReader
  readonly #checkpoint: JobCheckpoint
  readonly #logger: Logger
  readonly #abort = new AbortController()
  readonly #timer: NodeJS.Timeout
  #settled: Position | undefined
  #acknowledged: Position | undefined
  #underWay: Promise<void> | undefined

  constructor(reader: FollowingReader, checkpoint: JobCheckpoint, logger: Logger) {
    this.#reader = reader
    this.#checkpoint = checkpoint
    this.#logger = logger
    this.#timer = setInterval(() => this.#begin(), intervalMs).unref()
  }

  /** Everything up to here is in the target. */
  settled(position: Position): void {
    this.#settled = position
  }

  #begin(): void {
    if (this.#underWay !== undefined || this.#settled === this.#acknowledged) return
    this.#underWay = this.#acknowledge().finally(() => (this.#underWay = undefined))
  }

  async #acknowledge(): Promise<void> {
    const position = this.#settled
    if (position === undefined) return
    const { signal } = this.#abort
    try {
      await this.#checkpoint.confirm({ signal })
      await this.#reader.acknowledge(position, { signal })
      this.#acknowledged = position
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (!signal.aborted)
        this.#logger.debug(`the source could not be told of ${position.label}: ${reason}`)
    }
  }

  /** Tells the source of the last position, as far as it can be told, and ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#underWay
    const giveUp = setTimeout(() => this.#abort.abort(), intervalMs)
    if (this.#settled !== this.#acknowledged) await this.#acknowledge()
    clearTimeout(giveUp)
  }
}
