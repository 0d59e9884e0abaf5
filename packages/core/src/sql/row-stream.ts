import type { Duplex } from 'node:stream'
import { PluginError } from '../plugin/errors.ts'
import type { ReadOptions } from '../plugin/reader.ts'
import type { RecordBatch } from '../record/record-batch.ts'
import { TextBatchBuilder } from '../record/text-batch-builder.ts'
import type { RowPositions } from './row-positions.ts'
import type { TableSchema } from '../record/table-schema.ts'

/** Batches that wait for the consumer before the socket is paused. */
const maxReadyBatches = 2

/** Who takes the rows of a decoder. */
export interface RowSink {
  /** Rows are written into it. */
  readonly builder: TextBatchBuilder
  /** Has to be called before a row of at most `byteSize` bytes is written into the builder. */
  beforeRow(byteSize: number): void
  /** The end of the answer, with the server's error when it is not complete. */
  end(error: unknown): void
}

/** Decodes what the server sends; called with every chunk. What it throws ends the stream. */
export interface ChunkDecoder {
  push(chunk: Buffer): void
}

/** What a row stream is made of. */
export interface RowStreamOptions extends Pick<ReadOptions, 'maxRows' | 'maxBytes' | 'maxDelayMs'> {
  /** An authenticated connection between two statements. Nobody else reads it any more. */
  readonly stream: Duplex
  /** The statement as the protocol wants it. */
  readonly request: Uint8Array
  readonly schema: TableSchema
  /** How rows tell where they stand; absent when nobody asked, or they do not. */
  readonly positions: RowPositions | undefined
  /** What is read, for messages: `table orders`. */
  readonly label: string
  /** A server silent for so many milliseconds, while we are reading, is given up; 0: never. */
  readonly socketTimeoutMs: number
  decoder(sink: RowSink): ChunkDecoder
  /** What ended the connection, when the driver knows. */
  fault(): Error | undefined
}

/**
 * The batches of one statement, pulled by {@link next}, decoded straight from the socket of a driver's connection. The
 * socket is paused while batches wait, so memory stays flat. Afterwards the connection can only be closed.
 */
export class RowStream implements RowSink {
  readonly builder: TextBatchBuilder
  readonly #stream: Duplex
  readonly #options: RowStreamOptions
  readonly #ready: RecordBatch[] = []
  #isComplete = false
  #fault: unknown
  #hasFault = false
  #wake: (() => void) | undefined
  #delay: NodeJS.Timeout | undefined
  #silence: NodeJS.Timeout | undefined
  #isDue = false

  constructor(options: RowStreamOptions) {
    this.#options = options
    this.builder = new TextBatchBuilder(options.schema, options, options.positions?.hiddenTypes)
    this.#stream = options.stream
    const decoder = options.decoder(this)
    this.#stream.removeAllListeners('data')
    this.#stream.on('data', (chunk: Buffer) => this.#take(decoder, chunk))
    this.#stream.on('error', (error) => this.#fail(error))
    this.#stream.on('close', () => this.#fail(connectionClosed()))
    this.#stream.write(options.request)
    this.#watch()
  }

  /** Whether the server has sent all it had to send. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  get #isOver(): boolean {
    return this.#isComplete || this.#hasFault
  }

  /** The next batch; `undefined` after the last. Rejects with what went wrong once the batches before are taken. */
  async next(): Promise<RecordBatch | undefined> {
    for (;;) {
      const batch = this.#ready.shift()
      if (batch !== undefined) return batch
      if (this.builder.rowCount > 0 && (this.#isComplete || this.#isDue)) return this.#batch()
      if (this.#hasFault) throw this.#fault
      if (this.#isComplete) return undefined
      this.#resume()
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Makes a waiting {@link next} reject with `reason`; for an abort. */
  stop(reason: unknown): void {
    this.#ready.length = 0
    if (this.builder.rowCount > 0) this.builder.take()
    this.#isComplete = false
    this.#hasFault = true
    this.#fault = reason
    this.#settle()
  }

  /** Ends the timers; nothing is delivered afterwards, and what the server still sends is dropped. */
  close(): void {
    clearTimeout(this.#delay)
    clearTimeout(this.#silence)
    this.#stream.removeAllListeners('data')
    this.#stream.resume()
  }

  beforeRow(byteSize: number): void {
    if (this.builder.mustFlushBefore(byteSize)) this.#ready.push(this.#batch())
    this.#isDue = false
  }

  end(error: unknown): void {
    if (error !== undefined) this.#fail(error)
    else if (!this.#hasFault) this.#isComplete = true
  }

  #take(decoder: ChunkDecoder, chunk: Buffer): void {
    this.#silence?.refresh()
    try {
      decoder.push(chunk)
    } catch (error) {
      this.#fail(error)
      return
    }
    if (this.#ready.length >= maxReadyBatches) this.#pause()
    if (this.#ready.length > 0 || this.#isOver) this.#settle()
    else if (this.builder.rowCount > 0) this.#startDelay()
  }

  #batch(): RecordBatch {
    const { positions } = this.#options
    return this.builder.take(positions?.positionOf(this.builder.lastRow()))
  }

  #fail(error: unknown): void {
    if (this.#isOver) return
    this.#hasFault = true
    this.#fault = this.#options.fault() ?? error
    this.#settle()
  }

  #settle(): void {
    if (this.#isOver) {
      clearTimeout(this.#delay)
      clearTimeout(this.#silence)
    }
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  /** Rows that no further row follows become a batch after `maxDelayMs`. */
  #startDelay(): void {
    if (this.#delay !== undefined) {
      this.#delay.refresh()
      return
    }
    this.#delay = setTimeout(() => {
      this.#isDue = true
      this.#settle()
    }, this.#options.maxDelayMs)
  }

  #pause(): void {
    this.#stream.pause()
    clearTimeout(this.#silence)
    this.#silence = undefined
  }

  #resume(): void {
    if (this.builder.rowCount > 0) this.#startDelay()
    if (!this.#stream.isPaused()) return
    this.#stream.resume()
    this.#watch()
  }

  #watch(): void {
    const { socketTimeoutMs } = this.#options
    if (socketTimeoutMs === 0) return
    this.#silence = setTimeout(() => {
      this.#fail(
        new PluginError({
          code: 'SOURCE_FAILED',
          message: `reading ${this.#options.label}: no answer within socketTimeout, ${socketTimeoutMs} ms`,
          hint: 'Raise socketTimeout, or find out what the server waits for.',
        }),
      )
    }, socketTimeoutMs)
  }
}

/** With the code of a socket whose other side is gone, by which readers know that the same read may succeed later. */
function connectionClosed(): Error {
  return Object.assign(new Error('the server closed the connection'), { code: 'ECONNRESET' })
}
