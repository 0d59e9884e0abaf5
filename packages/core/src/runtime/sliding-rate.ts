/** Seconds over which a rate is measured. */
const windowSeconds = 5

/** How many of something come in a second, over the last few of them. Times are of `performance.now`. */
export class SlidingRate {
  /** One for each second of the window and one for the second that has begun, by its number. */
  readonly #counts = new Float64Array(windowSeconds + 1)
  #second = 0
  #firstAtMs: number | undefined

  add(count: number, nowMs = performance.now()): void {
    this.#firstAtMs ??= nowMs
    this.#moveTo(nowMs)
    const slot = this.#second % this.#counts.length
    this.#counts[slot] = (this.#counts[slot] ?? 0) + count
  }

  perSecond(nowMs = performance.now()): number {
    if (this.#firstAtMs === undefined) return 0
    this.#moveTo(nowMs)
    const sinceFirst = (nowMs - this.#firstAtMs) / 1000
    const seconds = Math.min(windowSeconds + ((nowMs / 1000) % 1), Math.max(sinceFirst, 1))
    return this.#counts.reduce((sum, count) => sum + count, 0) / seconds
  }

  /** Empties the seconds that have passed without a call. */
  #moveTo(nowMs: number): void {
    const second = Math.floor(nowMs / 1000)
    const passed = Math.min(second - this.#second, this.#counts.length)
    for (let step = 0; step < passed; step += 1)
      this.#counts[(second - step) % this.#counts.length] = 0
    this.#second = Math.max(second, this.#second)
  }
}
