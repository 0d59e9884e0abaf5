/** Reads the fields of one event in order. */
export class EventFields {
  readonly bytes: Buffer
  offset: number
  readonly end: number

  constructor(bytes: Buffer, offset: number, end: number) {
    this.bytes = bytes
    this.offset = offset
    this.end = end
  }

  get isAtEnd(): boolean {
    return this.offset >= this.end
  }

  /** A little-endian number of up to six bytes. */
  number(length: number): number {
    const value = length === 0 ? 0 : this.bytes.readUIntLE(this.offset, length)
    this.offset += length
    return value
  }

  /** A little-endian number of eight bytes, up to 2^53. */
  longNumber(): number {
    return this.number(4) + this.number(4) * 0x1_0000_0000
  }

  /** A number whose first byte tells how many follow. */
  packedNumber(): number {
    const first = this.number(1)
    if (first < 0xfb) return first
    if (first === 0xfc) return this.number(2)
    return first === 0xfd ? this.number(3) : this.longNumber()
  }

  /** A view, valid as long as the event. */
  slice(length: number): Buffer {
    const start = this.offset
    this.offset += length
    if (this.offset > this.end) throw new RangeError('a field ends beyond its event')
    return this.bytes.subarray(start, this.offset)
  }

  /** What is left. */
  rest(): Buffer {
    return this.slice(this.end - this.offset)
  }

  text(length: number): string {
    return this.slice(length).toString('utf8')
  }
}
