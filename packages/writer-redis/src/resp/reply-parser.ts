import { RespError } from './resp-error.ts'

/** A reply of Redis (RESP2). Bulk strings are bytes, simple strings text. */
export type RespReply = number | string | Buffer | null | RespError | readonly RespReply[]

/** An array that is not complete yet. */
interface OpenArray {
  readonly items: RespReply[]
  missing: number
}

const carriageReturn = 0x0d
const plus = 0x2b
const minus = 0x2d
const colon = 0x3a
const dollar = 0x24
const asterisk = 0x2a
/** A line is a number or a short message; anything longer is not Redis. */
const maxLineBytes = 64 * 1024

/**
 * Reads a stream of RESP2 replies, cut anywhere, and hands out each complete one in order. Arrays may nest. Memory is
 * bounded by the largest reply.
 *
 * @example
 * ```ts
 * const parser = new ReplyParser((reply) => replies.push(reply))
 * socket.on('data', (chunk) => parser.feed(chunk))
 * ```
 */
export class ReplyParser {
  readonly #onReply: (reply: RespReply) => void
  /** Bytes of a line that is not complete. */
  #rest: Buffer | undefined
  /** A bulk string that is not complete, its closing line end included. */
  #bulk: Buffer | undefined
  #bulkFilled = 0
  readonly #arrays: OpenArray[] = []

  constructor(onReply: (reply: RespReply) => void) {
    this.#onReply = onReply
  }

  /** Whether the stream stands between two replies. */
  get isIdle(): boolean {
    return this.#rest === undefined && this.#bulk === undefined && this.#arrays.length === 0
  }

  /**
   * Takes the next bytes of the stream.
   *
   * @throws Error when they are not RESP; the stream cannot be read any further then
   */
  feed(chunk: Buffer): void {
    let bytes = chunk
    if (this.#rest !== undefined) {
      bytes = Buffer.concat([this.#rest, chunk])
      this.#rest = undefined
    }
    let at = 0
    while (at < bytes.length) {
      if (this.#bulk !== undefined) {
        at += this.#fillBulk(bytes, at)
        continue
      }
      const end = bytes.indexOf(carriageReturn, at)
      if (end < 0 || end + 1 >= bytes.length) {
        if (bytes.length - at > maxLineBytes) throw notResp('a line does not end')
        this.#rest = bytes.subarray(at)
        return
      }
      this.#readLine(bytes, at, end)
      at = end + 2
    }
  }

  #readLine(bytes: Buffer, at: number, end: number): void {
    switch (bytes[at] ?? 0) {
      case colon:
        return this.#push(readInteger(bytes, at + 1, end))
      case plus:
        // Nearly always OK: no new text for it.
        if (end - at === 3 && bytes[at + 1] === 0x4f && bytes[at + 2] === 0x4b)
          return this.#push('OK')
        return this.#push(bytes.toString('utf8', at + 1, end))
      case minus:
        return this.#push(new RespError(bytes.toString('utf8', at + 1, end)))
      case dollar:
        return this.#beginBulk(readInteger(bytes, at + 1, end))
      case asterisk:
        return this.#beginArray(readInteger(bytes, at + 1, end))
      default:
        throw notResp(`a reply begins with byte ${bytes[at]}`)
    }
  }

  #beginBulk(length: number): void {
    if (length < 0) return this.#push(null)
    this.#bulk = Buffer.allocUnsafe(length + 2)
    this.#bulkFilled = 0
  }

  #fillBulk(bytes: Buffer, at: number): number {
    const bulk = this.#bulk
    if (bulk === undefined) return 0
    const copied = bytes.copy(bulk, this.#bulkFilled, at)
    this.#bulkFilled += copied
    if (this.#bulkFilled === bulk.length) {
      this.#bulk = undefined
      this.#push(bulk.subarray(0, bulk.length - 2))
    }
    return copied
  }

  #beginArray(length: number): void {
    if (length < 0) return this.#push(null)
    if (length === 0) return this.#push([])
    this.#arrays.push({ items: [], missing: length })
  }

  #push(reply: RespReply): void {
    let value = reply
    for (;;) {
      const open = this.#arrays.at(-1)
      if (open === undefined) return this.#onReply(value)
      open.items.push(value)
      open.missing -= 1
      if (open.missing > 0) return
      this.#arrays.pop()
      value = open.items
    }
  }
}

function readInteger(bytes: Buffer, start: number, end: number): number {
  const isNegative = bytes[start] === minus
  let value = 0
  for (let at = isNegative ? start + 1 : start; at < end; at += 1) {
    const digit = (bytes[at] ?? 0) - 0x30
    if (digit < 0 || digit > 9) throw notResp('a number holds something else than digits')
    value = value * 10 + digit
  }
  if (start === end) throw notResp('a number is empty')
  return isNegative ? -value : value
}

function notResp(found: string): Error {
  return new Error(`what the server sends is not the Redis protocol: ${found}`)
}
