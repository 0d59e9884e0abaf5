import { randomInt } from 'node:crypto'

/** Whether the long versions of loops run: `npm run test:nightly`, or MILLRACE_TEST_LONG=1. */
export const isLong = process.env['MILLRACE_TEST_LONG'] === '1'

/** A source of numbers that can be repeated: MILLRACE_TEST_SEED sets the seed, which is printed. */
export class SeededRandom {
  readonly seed: number
  #state: number

  constructor(what: string) {
    const given = process.env['MILLRACE_TEST_SEED']
    this.seed = given === undefined ? randomInt(2 ** 31) : Number(given)
    this.#state = this.seed
    console.info(`${what}: MILLRACE_TEST_SEED=${this.seed}`)
  }

  /** A whole number from `min` to `max`. */
  between(min: number, max: number): number {
    // Mulberry32.
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    const fraction = ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
    return min + Math.floor(fraction * (max - min + 1))
  }
}
