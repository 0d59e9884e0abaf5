/** Message type and length. */
export const headBytes = 5

export const copyData = 0x64
export const copyBothResponse = 0x57
export const errorResponse = 0x45
export const readyForQuery = 0x5a

/**
 * Splits what the server sends into messages (PostgreSQL documentation, "Message Formats"), straight from the chunks of
 * the socket: a message that lies whole in a chunk is read in place, one that spans chunks is collected first.
 */
export abstract class MessageDecoder {
  /** Set by {@link message}: no further message is taken. */
  protected isHeld = false
  /** A message whose end has not come yet; its head first, when that is not known. */
  #partial = Buffer.allocUnsafe(headBytes)
  #filled = 0
  #isBroken = false

  /** Takes one message, with its head, that lies between `start` and `end`; the bytes may be overwritten. */
  protected abstract message(bytes: Buffer, start: number, end: number): void

  /**
   * Gives the place behind what was taken; before the end of the chunk only when held. Throws what {@link message} throws,
   * once: where the next message begins is not known then, so that all further bytes are passed over.
   */
  protected decode(chunk: Buffer, from: number): number {
    if (this.#isBroken) return chunk.length
    try {
      return this.#split(chunk, from)
    } catch (error) {
      this.#isBroken = true
      throw error
    }
  }

  #split(chunk: Buffer, from: number): number {
    let at = from
    while (at < chunk.length && !this.isHeld) {
      if (this.#filled > 0 || chunk.length - at < headBytes) {
        at = this.#fill(chunk, at)
        continue
      }
      const end = at + 1 + chunk.readInt32BE(at + 1)
      if (end > chunk.length) {
        this.#partial = Buffer.allocUnsafe(end - at)
        at = this.#fill(chunk, at)
        continue
      }
      this.message(chunk, at, end)
      at = end
    }
    return at
  }

  /** Collects the bytes of a message that spans chunks; gives the place behind what was taken. */
  #fill(chunk: Buffer, from: number): number {
    let at = from
    at += this.#take(chunk, at)
    if (this.#filled < this.#partial.length) return at
    if (this.#partial.length === headBytes) {
      const length = 1 + this.#partial.readInt32BE(1)
      if (length > headBytes) {
        const head = this.#partial
        this.#partial = Buffer.allocUnsafe(length)
        head.copy(this.#partial)
        at += this.#take(chunk, at)
        if (this.#filled < length) return at
      }
    }
    const message = this.#partial
    this.#partial = Buffer.allocUnsafe(headBytes)
    this.#filled = 0
    this.message(message, 0, message.length)
    return at
  }

  #take(chunk: Buffer, at: number): number {
    const taken = chunk.copy(this.#partial, this.#filled, at)
    this.#filled += taken
    return taken
  }
}

/** The fields of an error in the shape the driver gives them: message, and the SQLSTATE as `code`. */
export function serverErrorOf(payload: Buffer): Error {
  const fields = new Map(
    payload
      .toString('utf8')
      .split('\0')
      .map((field) => [field.charAt(0), field.slice(1)]),
  )
  return Object.assign(new Error(fields.get('M') ?? 'unknown error'), {
    code: fields.get('C') ?? '',
    severity: fields.get('S') ?? '',
  })
}
