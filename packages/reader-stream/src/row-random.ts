const alphabet = Buffer.from(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789',
  'latin1',
)

/**
 * Random numbers that depend on seed, task and row only, so that reading can begin at any row (xoroshiro64**, seeded
 * per row). Rows of one task never share a state.
 */
export class RowRandom {
  readonly #seedLow: number
  readonly #seedHigh: number
  #a = 0
  #b = 0
  #buffer = Buffer.alloc(64)

  constructor(seed: number, task: number) {
    this.#seedLow = mix(seed ^ mix(task + 0x9e3779b9))
    this.#seedHigh = mix(Math.floor(seed / 0x1_0000_0000) ^ this.#seedLow ^ 0x85ebca6b)
  }

  /** Begins the numbers of a row. */
  seek(row: number): void {
    this.#a = mix(row ^ this.#seedLow)
    this.#b = mix(Math.floor(row / 0x1_0000_0000) ^ this.#seedHigh ^ Math.imul(row, 0x27d4eb2f))
    // The one state that gives nothing but zeros.
    if (this.#a === 0 && this.#b === 0) this.#b = 1
  }

  /** An integer from 0 to 2^32 - 1. */
  next(): number {
    const a = this.#a
    const b = this.#b ^ a
    const product = Math.imul(a, 0x9e3779bb)
    this.#a = ((a << 26) | (a >>> 6)) ^ b ^ (b << 9)
    this.#b = (b << 13) | (b >>> 19)
    return Math.imul((product << 5) | (product >>> 27), 5) >>> 0
  }

  /** From 0 to less than 1, with 53 bits. */
  fraction(): number {
    return ((this.next() >>> 5) * 67_108_864 + (this.next() >>> 6)) / 9_007_199_254_740_992
  }

  /** An integer from `min` to `max`, both included. */
  integer(min: number, max: number): number {
    const span = max - min + 1
    const share = span <= 0x1_0000_0000 ? this.next() / 0x1_0000_0000 : this.fraction()
    return min + Math.floor(share * span)
  }

  /** Random letters and digits. */
  text(length: number): string {
    return this.#fill(length).toString('latin1', 0, length)
  }

  /** Random letters and digits as bytes. */
  bytes(length: number): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#fill(length), 0, length)
  }

  #fill(length: number): Buffer {
    if (this.#buffer.length < length) this.#buffer = Buffer.alloc(length * 2)
    const buffer = this.#buffer
    let index = 0
    while (index < length) {
      let number = this.next()
      // 62^5 fits into 32 bits: five characters a number.
      const end = Math.min(index + 5, length)
      for (; index < end; index++) {
        buffer[index] = alphabet[number % 62] as number
        number = Math.floor(number / 62)
      }
    }
    return buffer
  }
}

/** Spreads the bits of a 32-bit integer; every input has an output of its own. */
function mix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) | 0
}
