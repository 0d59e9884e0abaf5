import type { Readable } from 'node:stream'

/** What came of waiting for a stream. */
export type Arrival = 'ready' | 'late'

/**
 * Takes chunks from a stream as they are there, and waits only when there is none: no promise per chunk while the
 * source is ahead. The stream is paused in between, so it reads ahead no more than its buffer.
 */
export class ChunkSource {
  readonly #stream: Readable
  #isEnded = false
  #error: unknown
  #wake: (() => void) | undefined

  constructor(stream: Readable) {
    this.#stream = stream
    const wake = () => this.#wake?.()
    stream.on('readable', wake)
    stream.on('end', () => {
      this.#isEnded = true
      wake()
    })
    stream.on('close', () => {
      this.#isEnded = true
      wake()
    })
    stream.on('error', (error) => {
      this.#error ??= error
      this.#isEnded = true
      wake()
    })
  }

  /** Whether the stream came to its end, in order or not; `take` tells which. */
  get isEnded(): boolean {
    return this.#isEnded
  }

  /**
   * The next chunk, or `undefined` when none is there yet, or none will come.
   *
   * @throws whatever the stream failed with
   */
  take(): Buffer | undefined {
    const chunk = this.#stream.read() as Buffer | null
    if (chunk !== null) return chunk
    if (this.#error !== undefined) throw this.#error
    return undefined
  }

  /** Resolves as soon as `take` is worth calling again, or `late` after `timeoutMs` (0: never late). */
  async wait(timeoutMs: number): Promise<Arrival> {
    if (this.#isEnded || this.#stream.readableLength > 0) return 'ready'
    return await new Promise((resolve) => {
      const finish = (arrival: Arrival) => {
        clearTimeout(timer)
        this.#wake = undefined
        resolve(arrival)
      }
      const timer = timeoutMs > 0 ? setTimeout(() => finish('late'), timeoutMs) : undefined
      this.#wake = () => finish('ready')
    })
  }
}
