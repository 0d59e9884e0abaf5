import type { Socket } from 'node:net'
import { ReplyParser, type RespReply } from './reply-parser.ts'
import { arrayHeader, constantBulk } from './resp-writer.ts'

/** Takes the replies to one payload, in order; `done` follows the last one. */
export interface ReplySink {
  reply(reply: RespReply): void
  done(): void
}

interface Exchange {
  readonly sink: ReplySink
  missing: number
}

/** How a {@link BulkConnection} behaves. */
export interface BulkConnectionOptions {
  /** The payload at the head of the line has to be answered in this time, counted from when it came there. */
  readonly timeoutMs: number
  /** Called once, when the connection has ended for any reason but `close`. */
  onLost(error: Error): void
  /** Called when the socket takes more bytes again. */
  onDrain(): void
}

/**
 * A connection that carries many commands per write. Payloads are answered in the order they were sent; several may be
 * under way.
 */
export class BulkConnection {
  readonly #socket: Socket
  readonly #options: BulkConnectionOptions
  readonly #exchanges: Exchange[] = []
  #headSinceMs = 0
  #timer: NodeJS.Timeout | undefined
  #isOver = false
  /** Id of the connection on the server, where it is known. */
  clientId: number | undefined

  constructor(socket: Socket, options: BulkConnectionOptions) {
    this.#socket = socket
    this.#options = options
    const parser = new ReplyParser((reply) => this.#onReply(reply))
    socket.on('data', (chunk: Buffer) => {
      try {
        parser.feed(chunk)
      } catch (error) {
        this.#lose(error instanceof Error ? error : new Error(String(error)))
      }
    })
    socket.on('error', (error) => this.#lose(error))
    socket.on('close', () => this.#lose(new Error('the server closed the connection')))
    socket.on('drain', () => options.onDrain())
  }

  /** Whether sending may go on; `onDrain` says when it may again. */
  get isReady(): boolean {
    return !this.#isOver && !this.#socket.writableNeedDrain
  }

  /** The address the server sees, unless somebody translates it; `undefined` on a unix socket. */
  get localAddress(): string | undefined {
    const { localAddress: host, localPort } = this.#socket
    if (host === undefined || localPort === undefined) return undefined
    return `${host.includes(':') ? `[${host}]` : host}:${localPort}`
  }

  /** Payloads sent and not answered. */
  get openCount(): number {
    return this.#exchanges.length
  }

  /** Sends a payload that is answered by `replyCount` replies. */
  send(payload: readonly Uint8Array[], replyCount: number, sink: ReplySink): void {
    if (this.#isOver) return
    this.#exchanges.push({ sink, missing: replyCount })
    if (this.#exchanges.length === 1) this.#startClock()
    if (payload.length > 1) this.#socket.cork()
    for (const part of payload) this.#socket.write(part)
    if (payload.length > 1) this.#socket.uncork()
  }

  /** Sends single commands and waits for their replies. Rejects when the connection ends first. */
  async call(commands: readonly (readonly (string | Uint8Array)[])[]): Promise<RespReply[]> {
    const payload = commands.flatMap(encodeCommand)
    return await this.collect(payload, commands.length)
  }

  /** Sends a payload and waits for its replies. Rejects when the connection ends first. */
  async collect(payload: readonly Uint8Array[], replyCount: number): Promise<RespReply[]> {
    if (replyCount === 0) return []
    if (this.#isOver) throw new Error('the connection has ended')
    return await new Promise((resolve, reject) => {
      const replies: RespReply[] = []
      this.#waiting.add(reject)
      this.send(payload, replyCount, {
        reply: (reply) => replies.push(reply),
        done: () => {
          this.#waiting.delete(reject)
          resolve(replies)
        },
      })
    })
  }

  /** Ends the connection at once. Nothing is reported by `onLost`; calls that wait reject. */
  close(): void {
    if (this.#isOver) return
    this.#end(new Error('the connection was closed'))
  }

  readonly #waiting = new Set<(error: Error) => void>()

  #onReply(reply: RespReply): void {
    const head = this.#exchanges[0]
    if (head === undefined) {
      if (!this.#isOver) this.#lose(new Error('the server sent a reply that nobody asked for'))
      return
    }
    head.sink.reply(reply)
    head.missing -= 1
    if (head.missing > 0) return
    this.#exchanges.shift()
    this.#headSinceMs = performance.now()
    head.sink.done()
  }

  #startClock(): void {
    this.#headSinceMs = performance.now()
    this.#timer ??= setTimeout(() => this.#checkClock(), this.#options.timeoutMs)
  }

  /** One timer that is looked at when it rings costs less than one that is set anew for every batch. */
  #checkClock(): void {
    this.#timer = undefined
    if (this.#isOver || this.#exchanges.length === 0) return
    const leftMs = this.#options.timeoutMs - (performance.now() - this.#headSinceMs)
    if (leftMs <= 0) {
      this.#lose(new Error(`no reply within ${this.#options.timeoutMs} ms`))
      return
    }
    this.#timer = setTimeout(() => this.#checkClock(), Math.ceil(leftMs))
  }

  #lose(error: Error): void {
    if (this.#isOver) return
    this.#end(error)
    this.#options.onLost(error)
  }

  #end(error: Error): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#exchanges.length = 0
    this.#socket.destroy()
    for (const reject of this.#waiting) reject(error)
    this.#waiting.clear()
  }
}

/** A command as bytes. For control commands only: batches are encoded as text. */
export function encodeCommand(command: readonly (string | Uint8Array)[]): Uint8Array[] {
  const parts: Uint8Array[] = [Buffer.from(arrayHeader(command.length))]
  for (const argument of command) {
    if (typeof argument === 'string') parts.push(Buffer.from(constantBulk(argument)))
    else parts.push(Buffer.from(`$${argument.byteLength}\r\n`), argument, Buffer.from('\r\n'))
  }
  return [Buffer.concat(parts)]
}
