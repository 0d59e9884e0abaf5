/**
 * Performance: lengths have to count bytes, yet asking for the byte length of every cell costs half of the encoding. So
 * the text of a row is first written with lengths that count characters; the one call that makes bytes of it tells
 * whether they were right (all ASCII), and if not, just that row is written again with exact lengths. One million
 * `HSET` of four short fields, some of them not ASCII: 0.7 s of CPU this way, about 2 s with exact lengths for all
 * (Node 20). The reference it is compared with in the tests joins one Buffer per argument.
 */

const cachedLengths = 1024
const lengthLines = Array.from({ length: cachedLengths }, (_, length) => `$${length}\r\n`)
const arrayLines = Array.from({ length: cachedLengths }, (_, length) => `*${length}\r\n`)
/** Rows up to this many characters are written into a shared buffer; longer ones get their own. */
const maxSharedCharacters = 16 * 1024
const minRoomBytes = 64 * 1024
/** Memory of batches that were answered, kept to be used again. */
const maxKeptRooms = 8
/** No character of UTF-16 becomes more bytes of UTF-8. */
const maxBytesPerCharacter = 3

/** `$<length>` with its line end: what stands before a bulk string of `length` bytes. */
export function bulkHeader(length: number): string {
  return length < cachedLengths ? (lengthLines[length] as string) : `$${length}\r\n`
}

/** `*<count>` with its line end: what stands before a command of `count` arguments. */
export function arrayHeader(count: number): string {
  return count < cachedLengths ? (arrayLines[count] as string) : `*${count}\r\n`
}

/** One argument that never changes, as it stands on the wire. */
export function constantBulk(text: string): string {
  return `${bulkHeader(Buffer.byteLength(text))}${text}\r\n`
}

/** Length of a text in UTF-8 bytes; short texts are counted here, which beats the call into the runtime. */
export function utf8Length(text: string): number {
  const { length } = text
  if (length > 64) return Buffer.byteLength(text)
  let bytes = length
  for (let at = 0; at < length; at += 1) {
    const code = text.charCodeAt(at)
    if (code < 0x80) continue
    if (code < 0x800) bytes += 1
    else if (code < 0xd800 || code > 0xdbff) bytes += 2
    else {
      // Both halves of a pair make four bytes; a half alone is written as U+FFFD, three bytes.
      const next = text.charCodeAt(at + 1)
      bytes += 2
      if (next >= 0xdc00 && next <= 0xdfff) at += 1
    }
  }
  return bytes
}

/** The bytes of a batch, to be sent one after the other. */
export interface RespPayload {
  readonly parts: readonly Uint8Array[]
  /** Gives their memory back, once they were sent and answered; they must not be used afterwards. */
  release(): void
}

/**
 * Collects the commands of one batch, row by row: `beginRow`, then arguments, then `settleRow`. When that gives false,
 * the row holds text that is not ASCII: `rewind`, set `isExact`, and write it again. A row that is bytes already is
 * written where `reserve` says.
 */
export class RespWriter {
  /** Protocol text of the row, not yet made bytes. Encoders may append to it what is protocol already. */
  text = ''
  /** Whether lengths are counted in bytes. */
  isExact = false
  /** Memory that bytes are written to. */
  view: DataView = new DataView(new ArrayBuffer(0))
  /** How much of it is used. */
  at = 0
  #parts: Uint8Array[] = []
  /** The same memory. */
  #room: Buffer = Buffer.from(this.view.buffer)
  /** What stands in it before here is among the parts already. */
  #from = 0
  #usedRooms: Buffer[] = []
  readonly #keptRooms: Buffer[] = []
  /** A batch is about as long as the one before. */
  #expectedBytes = minRoomBytes
  #isRefuted = false
  #isAscii = true
  #rowParts = 0
  #rowRoom = this.#room
  #rowFrom = 0
  #rowAt = 0

  /** Forgets everything and begins a batch. */
  reset(): void {
    this.text = ''
    this.isExact = false
    this.#parts = []
    this.#usedRooms = []
    this.#open(this.#expectedBytes)
  }

  /** Marks the place to which `rewind` goes back. */
  beginRow(): void {
    this.#isRefuted = false
    this.#isAscii = true
    this.#rowParts = this.#parts.length
    this.#rowRoom = this.#room
    this.#rowFrom = this.#from
    this.#rowAt = this.at
  }

  /** Goes back to the beginning of the row. */
  rewind(): void {
    this.text = ''
    this.#isRefuted = false
    this.#isAscii = true
    this.#parts.length = this.#rowParts
    if (this.#room !== this.#rowRoom) this.#use(this.#rowRoom)
    this.#from = this.#rowFrom
    this.at = this.#rowAt
  }

  /** Makes bytes of the row. False: its lengths were counted in characters, and it is not all ASCII. */
  settleRow(): boolean {
    this.#flush()
    return !this.#isRefuted
  }

  /** Whether the text of the row that was settled last is all ASCII. */
  get isAscii(): boolean {
    return this.#isAscii
  }

  /** Length of an argument, as the mode counts it. */
  lengthOf(text: string): number {
    return this.isExact ? utf8Length(text) : text.length
  }

  /** Appends an argument of text or bytes. */
  argument(value: string | Uint8Array): void {
    if (typeof value === 'string') {
      this.text += bulkHeader(this.isExact ? utf8Length(value) : value.length) + value + '\r\n'
    } else {
      this.#bytes(value)
    }
  }

  /** Makes sure that the memory takes so many bytes more, from `at` on. */
  reserve(byteCount: number): void {
    if (this.#room.length - this.at >= byteCount) return
    this.#seal()
    this.#open(Math.max(byteCount, minRoomBytes))
  }

  /** The batch. */
  finish(): RespPayload {
    this.#seal()
    const parts = this.#parts
    const rooms = this.#usedRooms
    let byteCount = 0
    for (const part of parts) byteCount += part.byteLength
    this.#expectedBytes = Math.max(minRoomBytes, byteCount + (byteCount >> 3))
    const release = () => {
      for (const room of rooms.splice(0)) {
        if (this.#keptRooms.length < maxKeptRooms) this.#keptRooms.push(room)
      }
    }
    return { parts, release }
  }

  #bytes(value: Uint8Array): void {
    this.text += bulkHeader(value.byteLength)
    this.#flush()
    this.#seal()
    this.#parts.push(value)
    this.text = '\r\n'
  }

  #flush(): void {
    const { text } = this
    const { length } = text
    this.text = ''
    if (length > maxSharedCharacters) {
      const bytes = Buffer.from(text)
      if (bytes.length !== length) this.#noteOther()
      this.#seal()
      this.#parts.push(bytes)
      return
    }
    this.reserve(length * maxBytesPerCharacter)
    const written = this.#room.write(text, this.at, 'utf8')
    if (written !== length) this.#noteOther()
    this.at += written
  }

  /** The row is not all ASCII. */
  #noteOther(): void {
    this.#isAscii = false
    if (!this.isExact) this.#isRefuted = true
  }

  /** Hands what stands in the room to the batch; the room goes on behind it. */
  #seal(): void {
    if (this.at > this.#from) this.#parts.push(this.#room.subarray(this.#from, this.at))
    this.#from = this.at
  }

  #use(room: Buffer): void {
    this.#room = room
    this.view = new DataView(room.buffer, room.byteOffset, room.length)
  }

  #open(byteCount: number): void {
    const kept = this.#keptRooms.pop()
    const isFit = kept !== undefined && kept.length >= byteCount
    this.#use(isFit ? kept : Buffer.allocUnsafeSlow(byteCount))
    this.#usedRooms.push(this.#room)
    this.#from = 0
    this.at = 0
  }
}
