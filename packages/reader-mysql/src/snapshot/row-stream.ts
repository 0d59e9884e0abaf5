import type { Duplex } from 'node:stream'
import type { ReadOptions } from '@millrace/core/plugin'
import type { RecordBatch, Row, TableSchema } from '@millrace/core/record'
import { SplitBatches, type RowPositions } from '@millrace/core/sql'
import type { SourceConnection } from '../connection/source-connection.ts'
import { ResultDecoder, type CellDecoder, type ColumnHeader } from './result-decoder.ts'

const queryCommand = 0x03
/** Batches that wait for the consumer before the socket is paused. */
const maxReadyBatches = 2

/** What a row stream is made of. */
export interface RowStreamOptions extends Pick<ReadOptions, 'maxRows' | 'maxBytes' | 'maxDelayMs'> {
  readonly schema: TableSchema
  /** How rows tell where they stand, if they do. */
  readonly positions: RowPositions | undefined
  /** Decoders for the columns of the answer. Throws when they are not those that were described. */
  readonly decodersFor: (headers: readonly ColumnHeader[]) => readonly CellDecoder[]
  /** A server silent for so long, while we are reading, is given up. */
  readonly socketTimeoutMs?: number
}

/**
 * The batches of one statement, pulled by {@link next}. The socket is paused while batches wait, so memory stays flat.
 * Takes the connection's stream over: afterwards the connection can only be destroyed.
 */
export class RowStream {
  readonly #connection: SourceConnection
  readonly #stream: Duplex
  readonly #builder: SplitBatches
  readonly #options: RowStreamOptions
  readonly #ready: RecordBatch[] = []
  #isComplete = false
  #fault: unknown
  #hasFault = false
  #wake: (() => void) | undefined
  #delay: NodeJS.Timeout | undefined
  #silence: NodeJS.Timeout | undefined
  #isDue = false

  constructor(connection: SourceConnection, sql: string, options: RowStreamOptions) {
    this.#connection = connection
    this.#options = options
    this.#builder = new SplitBatches(options.schema, options, options.positions)
    this.#stream = connection.takeStream()
    const decoder = new ResultDecoder({
      columns: (headers) => options.decodersFor(headers),
      row: (row, byteSize) => this.#add(row, byteSize),
      end: (error) => this.#end(error),
    })
    this.#stream.on('data', (chunk: Buffer) => this.#take(decoder, chunk))
    this.#stream.on('error', (error) => this.#fail(error))
    this.#stream.on('close', () => this.#fail(connectionLost(connection.fault)))
    this.#stream.write(queryPacket(sql))
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
      if (this.#builder.rowCount > 0 && (this.#isComplete || this.#isDue))
        return this.#builder.take()
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
    if (this.#builder.rowCount > 0) this.#builder.take()
    this.#isComplete = false
    this.#hasFault = true
    this.#fault = reason
    this.#settle()
  }

  /** Ends the timers; nothing is delivered afterwards. */
  close(): void {
    clearTimeout(this.#delay)
    clearTimeout(this.#silence)
    this.#stream.removeAllListeners('data')
  }

  #take(decoder: ResultDecoder, chunk: Buffer): void {
    this.#silence?.refresh()
    try {
      decoder.push(chunk)
    } catch (error) {
      this.#fail(error)
      return
    }
    if (this.#ready.length >= maxReadyBatches) this.#pause()
    if (this.#ready.length > 0 || this.#isOver) this.#settle()
    else if (this.#builder.rowCount > 0) this.#startDelay()
  }

  #add(row: Row, byteSize: number): void {
    const full = this.#builder.add(row, byteSize)
    if (full !== undefined) this.#ready.push(full)
    this.#isDue = false
  }

  #end(error: unknown): void {
    if (error === undefined) this.#isComplete = true
    else this.#fail(error)
  }

  #fail(error: unknown): void {
    if (this.#isOver) return
    this.#hasFault = true
    this.#fault = this.#connection.fault ?? error
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
    if (this.#builder.rowCount > 0) this.#startDelay()
    if (!this.#stream.isPaused()) return
    this.#stream.resume()
    this.#watch()
  }

  #watch(): void {
    const { socketTimeoutMs } = this.#options
    if (socketTimeoutMs === undefined || socketTimeoutMs === 0) return
    this.#silence = setTimeout(() => {
      this.#fail(new Error(`no answer within socketTimeout, ${socketTimeoutMs} ms`))
    }, socketTimeoutMs)
  }
}

function queryPacket(sql: string): Buffer {
  const length = Buffer.byteLength(sql) + 1
  const packet = Buffer.allocUnsafe(4 + length)
  packet.writeUIntLE(length, 0, 3)
  packet[3] = 0
  packet[4] = queryCommand
  packet.write(sql, 5)
  return packet
}

function connectionLost(fault: Error | undefined): Error {
  return fault ?? new Error('the server closed the connection')
}
