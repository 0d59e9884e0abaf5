import type { Logger } from '../plugin/context.ts'
import type { Position } from '../record/record-batch.ts'
import type { ChangesProgress } from './changes-progress.ts'
import type { FollowingReader } from './changes-split.ts'
import { LogBudgetMeter } from './log-budget.ts'

/** The source is asked this often how far its log is ahead, in milliseconds. */
const intervalMs = 3000
/** An answer that is under way when following ends is waited for so long: some sources lose a connection that is given up. */
const patienceMs = 500

/** Asks the source now and then how far its log is ahead, while its changes are followed. Failing to learn it harms nothing. */
export class LogWatch implements AsyncDisposable {
  readonly #reader: FollowingReader
  readonly #progress: ChangesProgress
  readonly #logger: Logger
  readonly #abort = new AbortController()
  readonly #timer: NodeJS.Timeout | undefined
  readonly #budget = new LogBudgetMeter()
  #position: Position
  #underWay: Promise<void> | undefined

  /** @param from where following begins */
  constructor(
    from: Position,
    {
      reader,
      progress,
      logger,
    }: { reader: FollowingReader; progress: ChangesProgress; logger: Logger },
  ) {
    this.#position = from
    this.#reader = reader
    this.#progress = progress
    this.#logger = logger
    if (reader.logStatus === undefined) return
    this.#timer = setInterval(() => this.#begin(), intervalMs).unref()
    this.#begin()
  }

  /** Everything up to here is in the target. */
  settled(position: Position): void {
    this.#position = position
  }

  #begin(): void {
    this.#underWay ??= this.#ask().finally(() => (this.#underWay = undefined))
  }

  async #ask(): Promise<void> {
    const { signal } = this.#abort
    try {
      const status = await this.#reader.logStatus?.(this.#position, { signal })
      if (status === undefined) return
      const budget = this.#budget.next(status, (message) => this.#logger.warn(message))
      this.#progress.log = {
        end: status.end,
        ...(status.lagBytes === undefined ? {} : { lagBytes: status.lagBytes }),
        ...(budget === undefined ? {} : { budget }),
      }
    } catch (error) {
      this.#progress.log = undefined
      const reason = error instanceof Error ? error.message : String(error)
      if (!signal.aborted)
        this.#logger.debug(`the source could not be asked where its log ends: ${reason}`)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    const giveUp = setTimeout(() => this.#abort.abort(new Error('following has ended')), patienceMs)
    await this.#underWay
    clearTimeout(giveUp)
  }
}
