import { randomInt } from 'node:crypto'

/** Whether the long versions of loops run: `npm run test:nightly`, or MILLRACE_TEST_LONG=1. */
export const isLong = process.env['MILLRACE_TEST_LONG'] === '1'

/** A source of numbers that can be repeated: MILLRACE_TEST_SEED sets the seed, which is printed. */
export class SeededRandom {
  readonly seed: number
  readonly #next: () => number

  constructor(what: string) {
    const given = process.env['MILLRACE_TEST_SEED']
    this.seed = given === undefined ? randomInt(2 ** 31) : Number(given)
    this.#next = seededRandom(this.seed)
    console.info(`${what}: MILLRACE_TEST_SEED=${this.seed}`)
  }

  /** A whole number from `min` to `max`. */
  between(min: number, max: number): number {
    return min + Math.floor(this.#next() * (max - min + 1))
  }
}

/** Numbers from 0 up to 1, the same ones for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
