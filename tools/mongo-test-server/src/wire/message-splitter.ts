/** Cuts a stream of bytes into messages: each begins with its length, four bytes, little-endian. */
export class MessageSplitter {
  #parts: Buffer[] = []
  #length = 0

  /**
   * @param chunk
   * @returns the messages that are complete now
   */
  push(chunk: Buffer): Buffer[] {
    this.#parts.push(chunk)
    this.#length += chunk.length
    const messages: Buffer[] = []
    for (;;) {
      const needed = this.#nextLength()
      if (needed === undefined || this.#length < needed) return messages
      const all = this.#parts.length === 1 ? (this.#parts[0] ?? chunk) : Buffer.concat(this.#parts)
      messages.push(all.subarray(0, needed))
      this.#parts = needed === all.length ? [] : [all.subarray(needed)]
      this.#length = all.length - needed
    }
  }

  #nextLength(): number | undefined {
    if (this.#length < 4) return undefined
    const [first] = this.#parts
    if (first !== undefined && first.length >= 4) return first.readInt32LE(0)
    this.#parts = [Buffer.concat(this.#parts)]
    return this.#parts[0]?.readInt32LE(0)
  }
}
