import type { RejectedRow } from '@millrace/core/plugin'
import { AbortWatch } from './abort-watch.ts'

/** What flows: a batch that somebody waits for. */
export interface FlowBatch {
  readonly encoded: { readonly byteLength: number }
  /** Resolves with the rows that were refused. */
  readonly outcome: Promise<readonly RejectedRow[]>
  /** Whether nobody waits for it any longer. */
  isAbandoned: boolean
  /** The outcome will not be known, or nothing of it will be written. */
  fail(error: unknown): void
}

/** What sends the batches of a {@link BatchFlow}. */
export interface FlowDriver {
  /** Sends what may be sent. Called when a batch has come and when the flow goes on. */
  pump(): void
  /** Settles all that was sent, in order, and makes sending possible again. Rejects when the job cannot go on. */
  settle(lost: Error | undefined): Promise<void>
  /** Ends the connections; what they carried is not to be applied any more. */
  forget(): void
  /** Ends the connections. */
  close(): void
}

/** Bytes under way, so that little has to be sent again. */
const maxOpenBytes = 8 * 1024 * 1024

/**
 * The batches of a pipeline: those that wait, those that were sent and are not settled, both in order; and what becomes of
 * them when there is trouble, when nobody waits for them any longer, and when the job cannot go on.
 */
export class BatchFlow<B extends FlowBatch> {
  readonly #driver: FlowDriver
  readonly #aborts = new AbortWatch<B>((batch, reason) => this.#abandon(batch, reason))
  readonly #queue: B[] = []
  #sent: B[] = []
  /** Length of each that was sent, as it was then. */
  #sizes: number[] = []
  #openBytes = 0
  #isRecovering = false
  #failure: { readonly error: unknown } | undefined
  #attempt = new AbortController()
  /** Whether nothing new may be sent until what was sent is settled. */
  isTroubled = false

  constructor(driver: FlowDriver) {
    this.#driver = driver
  }

  /** Sent and not settled, in order. */
  get sent(): readonly B[] {
    return this.#sent
  }

  /** The next to be sent; `undefined` while nothing may be. */
  get next(): B | undefined {
    if (this.isTroubled || this.#failure !== undefined) return undefined
    return this.#openBytes < maxOpenBytes ? this.#queue[0] : undefined
  }

  /** Whether `FlowDriver.settle` is at work. */
  get isRecovering(): boolean {
    return this.#isRecovering
  }

  /** Aborted when nobody waits any longer, and when the job cannot go on. */
  get signal(): AbortSignal {
    return this.#attempt.signal
  }

  /**
   * Takes a batch behind those before it; gives the rows of it that were refused.
   *
   * @throws what the job cannot go on for, or the reason of the signal
   */
  async submit(batch: B, signal: AbortSignal): Promise<readonly RejectedRow[]> {
    signal.throwIfAborted()
    if (this.#failure !== undefined) throw this.#failure.error
    this.#aborts.add(signal, batch)
    try {
      this.#queue.push(batch)
      this.#driver.pump()
      return await batch.outcome
    } finally {
      this.#aborts.remove(signal, batch)
    }
  }

  /** The next batch is sent. */
  take(): void {
    const batch = this.#queue.shift()
    if (batch === undefined) return
    this.#sent.push(batch)
    this.#sizes.push(batch.encoded.byteLength)
    this.#openBytes += batch.encoded.byteLength
  }

  /** The first that was sent is settled. */
  shift(): void {
    this.#sent.shift()
    this.#openBytes -= this.#sizes.shift() ?? 0
  }

  /** Settles what was sent; then the flow goes on. Does nothing while it is at work. */
  async recover(lost?: Error): Promise<void> {
    if (this.#isRecovering) return
    this.isTroubled = true
    this.#isRecovering = true
    try {
      await this.#driver.settle(lost)
      this.isTroubled = false
    } catch (error) {
      if (this.#attempt.signal.aborted) this.#startOver()
      else this.fail(error)
    } finally {
      this.#isRecovering = false
    }
    this.#driver.pump()
  }

  /** Ends the connections. Batches that are not settled, and those that come, are rejected. */
  fail(error: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = { error }
    this.#attempt.abort(error)
    this.#driver.close()
    for (const batch of [...this.#sent, ...this.#queue]) batch.fail(error)
    this.#forgetSent()
    this.#queue.length = 0
  }

  #abandon(batch: B, reason: unknown): void {
    batch.isAbandoned = true
    batch.fail(reason)
    const queued = this.#queue.indexOf(batch)
    if (queued >= 0) this.#queue.splice(queued, 1)
    const isAwaited = this.#queue.length > 0 || this.#sent.some((one) => !one.isAbandoned)
    if (isAwaited || this.#failure !== undefined) return
    this.#attempt.abort(reason)
    this.#driver.forget()
    if (!this.#isRecovering) this.#startOver()
  }

  /** Everybody who waited has gone: the next batch begins with new connections. */
  #startOver(): void {
    this.#driver.forget()
    this.#forgetSent()
    this.#attempt = new AbortController()
    this.isTroubled = false
  }

  #forgetSent(): void {
    this.#sent = []
    this.#sizes = []
    this.#openBytes = 0
  }
}
