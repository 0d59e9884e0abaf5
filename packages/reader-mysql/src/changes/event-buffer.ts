/** Longest payload of one packet; a payload of this length goes on in the next packet. */
const maxPayload = 0xff_ffff
const headerLength = 4
const emptyBuffer = Buffer.alloc(0)

/**
 * Cuts what a socket brings into the payloads of packets, which are looked at where they are. Source: MySQL protocol, "Packets";
 * payloads of 16 MiB and more come in several.
 */
export class EventBuffer {
  /** Bounds of the payload that `next` found, in `bytes`; valid until the next call of `next` or `push`. */
  bytes: Buffer = emptyBuffer
  start = 0
  end = 0
  #chunk: Buffer = emptyBuffer
  #at = 0
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #parts: Buffer[] = []

  /** Bytes that were pushed and not yet taken. */
  get size(): number {
    return this.#chunk.length - this.#at + this.#waitingBytes
  }

  push(chunk: Buffer): void {
    this.#waiting.push(chunk)
    this.#waitingBytes += chunk.length
  }

  /** Whether another whole payload is there, which then stands in `bytes`. */
  next(): boolean {
    while (this.#hasPacket()) {
      const start = this.#at + headerLength
      const end = start + this.#payloadLength()
      const length = end - start
      const bytes = this.#chunk
      this.#at = end
      if (length === maxPayload || this.#parts.length > 0) {
        this.#parts.push(bytes.subarray(start, end))
        if (length === maxPayload) continue
        this.bytes = Buffer.concat(this.#parts)
        this.#parts = []
        this.start = 0
        this.end = this.bytes.length
        return true
      }
      this.bytes = bytes
      this.start = start
      this.end = end
      return true
    }
    return false
  }

  #payloadLength(): number {
    const at = this.#at
    const chunk = this.#chunk
    return chunk[at]! | (chunk[at + 1]! << 8) | (chunk[at + 2]! << 16)
  }

  #hasPacket(): boolean {
    if (!this.#hasBytes(headerLength)) return false
    return this.#hasBytes(headerLength + this.#payloadLength())
  }

  /** Joins chunks until so many bytes stand in one; a long packet is joined once, when it is whole. */
  #hasBytes(count: number): boolean {
    const left = this.#chunk.length - this.#at
    if (left >= count) return true
    if (left + this.#waitingBytes < count) return false
    let needed = count - left
    let taken = 0
    while (needed > 0) needed -= this.#waiting[taken++]!.length
    const chunks = this.#waiting.splice(0, taken)
    this.#waitingBytes -= chunks.reduce((sum, { length }) => sum + length, 0)
    const [first] = chunks
    this.#chunk =
      left === 0 && chunks.length === 1 && first !== undefined
        ? first
        : Buffer.concat([this.#chunk.subarray(this.#at), ...chunks])
    this.#at = 0
    return true
  }
}
