import { keySlot } from './key-slot.ts'

const carriageReturn = 0x0d
const zero = 0x30
/** Second letter of `EVAL`; no other command of this writer has it there. */
const letterV = 0x56

/**
 * The commands of an encoded batch, found in its bytes: where each begins, its key and its slot. So a part of a batch is
 * sent by copying ranges, and nothing is encoded twice.
 */
export class CommandList {
  readonly count: number
  readonly bytes: Buffer
  /** Slot of each command. */
  readonly slots: Uint16Array
  /** Where each command begins; one more at the end. */
  readonly #starts: Uint32Array
  readonly #keyStarts: Uint32Array
  readonly #keyEnds: Uint32Array

  /**
   * @param payload bytes of the batch, in order
   * @param count how many commands they are
   */
  constructor(payload: readonly Uint8Array[], count: number) {
    const [first] = payload
    this.bytes =
      payload.length === 1 && first !== undefined
        ? Buffer.from(first.buffer, first.byteOffset, first.byteLength)
        : Buffer.concat(payload)
    this.count = count
    this.slots = new Uint16Array(count)
    this.#starts = new Uint32Array(count + 1)
    this.#keyStarts = new Uint32Array(count)
    this.#keyEnds = new Uint32Array(count)
    this.#find()
  }

  /** Length of a command in bytes. */
  byteLength(at: number): number {
    return (this.#starts[at + 1] as number) - (this.#starts[at] as number)
  }

  /** The bytes of a command, not copied. */
  command(at: number): Buffer {
    return this.bytes.subarray(this.#starts[at], this.#starts[at + 1])
  }

  /** Copies a command; gives where it ends there. */
  copy(at: number, target: Buffer, to: number): number {
    return to + this.bytes.copy(target, to, this.#starts[at], this.#starts[at + 1])
  }

  /** The key of a command, not copied. */
  key(at: number): Buffer {
    return this.bytes.subarray(this.#keyStarts[at], this.#keyEnds[at])
  }

  /** The key of a command as a text that is the same for the same bytes only. */
  keyId(at: number): string {
    return this.bytes.toString('latin1', this.#keyStarts[at], this.#keyEnds[at])
  }

  /** Performance: walks from length to length, so that it reads about a tenth of the bytes. */
  #find(): void {
    const { bytes } = this
    let at = 0
    for (let command = 0; command < this.count; command += 1) {
      this.#starts[command] = at
      let argumentCount = 0
      for (at += 1; bytes[at] !== carriageReturn; at += 1)
        argumentCount = argumentCount * 10 + (bytes[at] as number) - zero
      at += 2
      let keyPlace = 1
      for (let argument = 0; argument < argumentCount; argument += 1) {
        let length = 0
        for (at += 1; bytes[at] !== carriageReturn; at += 1)
          length = length * 10 + (bytes[at] as number) - zero
        at += 2
        if (argument === 0 && bytes[at + 1] === letterV) keyPlace = 3
        if (argument === keyPlace) {
          this.#keyStarts[command] = at
          this.#keyEnds[command] = at + length
          this.slots[command] = keySlot(bytes, at, at + length)
        }
        at += length + 2
      }
    }
    this.#starts[this.count] = at
  }
}
