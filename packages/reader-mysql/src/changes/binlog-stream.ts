import type { Duplex } from 'node:stream'
import { EventBuffer } from './event-buffer.ts'

/** Bytes that wait to be decoded before the socket is paused, and below which it goes on. */
const pauseBytes = 1_048_576
/** The server says something every second; one that is silent for so long is gone. */
const silenceMs = 30_000

/** The packets of a dump as they come from the socket, which is paused while nobody takes them. */
export class BinlogStream {
  readonly packets = new EventBuffer()
  readonly #stream: Duplex
  readonly #lost: () => Error | undefined
  #fault: Error | undefined
  #wake: (() => void) | undefined

  /**
   * @param stream - of an authenticated connection, between two statements; nobody else reads it any more
   * @param lost - what ended the connection, when the driver knows
   */
  constructor(stream: Duplex, request: Buffer, lost: () => Error | undefined) {
    this.#stream = stream
    this.#lost = lost
    stream.on('data', (chunk: Buffer) => {
      this.packets.push(chunk)
      if (this.packets.size > pauseBytes) stream.pause()
      this.#notify()
    })
    stream.on('error', (error: Error) => this.#fail(error))
    stream.on('close', () => this.#fail(connectionClosed()))
    stream.resume()
    stream.write(request)
  }

  /**
   * Waits for further bytes, at most `timeoutMs`. Rejects when the connection is lost, or silent, and with the reason of an abort.
   */
  async more(timeoutMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#fault !== undefined) throw this.#fault
    if (this.#stream.isPaused()) this.#stream.resume()
    const isPatient = timeoutMs < silenceMs
    let isTimeout = false
    await new Promise<void>((resolve) => {
      const timer = setTimeout(
        () => {
          isTimeout = true
          resolve()
        },
        Math.min(timeoutMs, silenceMs),
      )
      const abort = () => this.#notify()
      signal.addEventListener('abort', abort, { once: true })
      this.#wake = () => {
        this.#wake = undefined
        clearTimeout(timer)
        signal.removeEventListener('abort', abort)
        resolve()
      }
    }).finally(() => this.#wake?.())
    signal.throwIfAborted()
    if (isTimeout && !isPatient) throw silentServer()
  }

  /** Nothing is taken from the socket afterwards. */
  close(): void {
    this.#stream.removeAllListeners('data')
  }

  #fail(error: Error): void {
    this.#fault ??= this.#lost() ?? error
    this.#notify()
  }

  #notify(): void {
    this.#wake?.()
  }
}

/** With a code by which a lost connection is known. */
function connectionClosed(): Error {
  return Object.assign(new Error('the server closed the connection'), { code: 'ECONNRESET' })
}

function silentServer(): Error {
  const message = `the server was silent for ${silenceMs / 1000} s`
  return Object.assign(new Error(message), { code: 'ETIMEDOUT' })
}
