import { setTimeout as sleep } from 'node:timers/promises'

/** Longest stretch of unused allowance that is kept, in milliseconds. */
const bucketMs = 100

/**
 * A token bucket shared by all channels of a job. A caller takes what its batch costs and waits until the bucket is
 * out of debt again, so the long-run rate is exact however large the batches are.
 */
export class RateLimit {
  readonly #tokensPerMs: number
  readonly #now: () => number
  #tokens = 0
  #filledAtMs: number

  /** @param tokensPerSecond bytes or rows a second, above 0 */
  constructor(tokensPerSecond: number, now: () => number = () => performance.now()) {
    this.#tokensPerMs = tokensPerSecond / 1000
    this.#now = now
    this.#filledAtMs = now()
  }

  /** Takes `tokens` and returns how long the caller has to wait, in milliseconds; 0 when it need not. */
  charge(tokens: number): number {
    const now = this.#now()
    const filled = this.#tokens + (now - this.#filledAtMs) * this.#tokensPerMs
    this.#filledAtMs = now
    this.#tokens = Math.min(filled, bucketMs * this.#tokensPerMs) - tokens
    return this.#tokens >= 0 ? 0 : -this.#tokens / this.#tokensPerMs
  }

  /** Takes `tokens` and waits for them. Rejects with the signal's reason when aborted. */
  async take(tokens: number, signal: AbortSignal): Promise<void> {
    const waitMs = this.charge(tokens)
    if (waitMs > 0) await sleep(waitMs, undefined, { signal })
  }
}

/** The limit of so many bytes or rows a second; none of `undefined`. */
export function rateLimitOf(tokensPerSecond: number | undefined): RateLimit | undefined {
  return tokensPerSecond === undefined ? undefined : new RateLimit(tokensPerSecond)
}
