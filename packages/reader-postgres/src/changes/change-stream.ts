import type { Duplex } from 'node:stream'
import type { FollowOptions } from '@millrace/core/plugin'
import type { OperationCode, RecordBatch, Row } from '@millrace/core/record'
import { ChangeBatches } from './change-batches.ts'
import { ChunkPace, gatherMs } from './chunk-pace.ts'
import type { FollowedRelations } from './followed-relations.ts'
import { LogDecoder, type LogSink } from './log-decoder.ts'
import type { LogPosition } from './log-position.ts'
import type { RelationBinding } from './relation-binding.ts'
import type { RelationMessage } from './relation-message.ts'
import { copyDoneMessage, queryMessage, standbyStatusMessage } from './replication-messages.ts'

/** Batches that wait for the consumer before the socket is paused. */
const maxReadyBatches = 2
/** A server that ends a connection which is silent for long is told of ours at least as often as this. */
const maxStatusIntervalMs = 4_000
/** A log that goes on without changes for the job is handed out as a position this often. */
const markIntervalMs = 4_000
/** While the end is waited for, the server is asked how far it has come. */
const endIntervalMs = 20

/** What a change stream is made of. */
export interface ChangeStreamOptions extends Pick<
  FollowOptions,
  'maxRows' | 'maxBytes' | 'maxDelayMs'
> {
  /** An authenticated replication connection between two statements. Nobody else reads it any more. */
  readonly stream: Duplex
  /** START_REPLICATION. */
  readonly command: string
  readonly from: LogPosition
  readonly until: bigint | undefined
  readonly relations: FollowedRelations
  /** What the target has. */
  readonly acknowledged: () => bigint
  /** How long the server waits for a sign of life; 0: for ever. */
  readonly serverTimeoutMs: number
  /** How long we do, while we are reading; 0: for ever. It is asked for one every few seconds. */
  readonly silenceTimeoutMs: number
  /** What ended the connection, when the driver knows. */
  fault(): Error | undefined
}

/**
 * The batches of a stream of changes, pulled by {@link next}, decoded straight from the socket. The socket is paused while
 * batches wait, so memory stays flat; what the server has to hear of us goes on.
 */
export class ChangeStream implements LogSink {
  readonly #options: ChangeStreamOptions
  readonly #stream: Duplex
  readonly #decoder: LogDecoder
  readonly #batches: ChangeBatches
  readonly #status: NodeJS.Timeout
  #ending: NodeJS.Timeout | undefined
  #delay: NodeJS.Timeout | undefined
  readonly #pace = new ChunkPace()
  #isStarted = false
  #isComplete = false
  #isHeld = false
  #hasFault = false
  #fault: unknown
  #isWaiting = false
  #wake: (() => void) | undefined
  #givenAtMs = performance.now()
  #isGathering = false
  #heardAtMs = performance.now()

  constructor(options: ChangeStreamOptions) {
    this.#options = options
    const { stream, relations, from, serverTimeoutMs } = options
    const schema = relations.firstSchema
    if (schema === undefined) throw new Error('there is no table to follow')
    this.#stream = stream
    this.#batches = new ChangeBatches(schema, options, from)
    this.#decoder = new LogDecoder(this, relations.bindings)
    stream.removeAllListeners('data')
    stream.on('data', (chunk: Buffer) => {
      this.#heardAtMs = performance.now()
      this.#take(() => this.#decoder.push(chunk))
      if (this.#pace.isHasty(chunk.length)) this.#gather()
    })
    stream.on('error', (error) => this.#fail(error))
    stream.on('close', () => this.#fail(connectionClosed()))
    stream.write(queryMessage(options.command))
    const intervalMs =
      serverTimeoutMs > 0 ? Math.min(maxStatusIntervalMs, serverTimeoutMs / 3) : maxStatusIntervalMs
    this.#status = setInterval(() => {
      this.#checkSilence()
      this.sendStatus(true)
    }, intervalMs)
  }

  /** Waits until the server has begun to send. Rejects with what it says instead. */
  async start(): Promise<void> {
    while (!this.#isStarted) {
      if (this.#hasFault) throw this.#fault
      await this.#woken()
    }
  }

  /** The next batch; `undefined` after the last. Rejects with what went wrong once the batches before are taken. */
  async next(): Promise<RecordBatch | undefined> {
    for (;;) {
      const batch = this.#nextReady()
      if (batch !== undefined) {
        this.#givenAtMs = performance.now()
        return batch
      }
      if (this.#hasFault) throw this.#fault
      if (this.#isComplete) return undefined
      const woken = this.#woken()
      this.#isWaiting = true
      this.#resume()
      await woken
      this.#isWaiting = false
    }
  }

  /** Makes a waiting {@link next} reject with `reason`; for an abort. */
  stop(reason: unknown): void {
    this.#batches.ready.length = 0
    this.#isComplete = false
    this.#hasFault = true
    this.#fault = reason
    this.#settle()
  }

  /** Ends the timers and leaves the server in order. */
  close(): void {
    clearInterval(this.#status)
    clearInterval(this.#ending)
    clearTimeout(this.#delay)
    this.#stream.removeAllListeners('data')
    if (this.#isStarted && this.#stream.writable) {
      this.sendStatus(false)
      this.#stream.write(copyDoneMessage)
    }
    this.#stream.resume()
  }

  /** Tells the server what was received and what the target has. */
  sendStatus(asksForReply: boolean): void {
    if (!this.#isStarted || !this.#stream.writable) return
    const flushed = this.#options.acknowledged()
    const received = this.#batches.doneLsn
    this.#stream.write(standbyStatusMessage({ received, flushed, asksForReply }))
  }

  started(): void {
    this.#isStarted = true
    this.sendStatus(true)
    if (this.#options.until !== undefined)
      this.#ending = setInterval(() => this.sendStatus(true), endIntervalMs)
    this.#settle()
  }

  begin(commitLsn: bigint, committedAtMs: number): void {
    const { until } = this.#options
    if (until !== undefined && commitLsn >= until) this.#end(until)
    if (!this.#isComplete) this.#batches.begin(commitLsn, committedAtMs)
  }

  commit(endLsn: bigint): void {
    if (this.#isComplete) return
    this.#batches.commit(endLsn)
    const { until } = this.#options
    if (until !== undefined && endLsn >= until) this.#end(until)
  }

  relation(relation: RelationMessage): boolean {
    const { relations } = this.#options
    if (this.#isComplete || relations.isKnown(relation)) return true
    this.#isHeld = true
    this.#stream.pause()
    relations.describe(relation).then(
      () => {
        this.#isHeld = false
        this.#resume()
        this.#take(() => this.#decoder.resume())
      },
      (error: unknown) => this.#fail(error),
    )
    return false
  }

  isWanted(): boolean {
    return !this.#isComplete && this.#batches.next()
  }

  change(
    { schema }: RelationBinding,
    operation: OperationCode,
    row: Row,
    before: Row | null,
    byteSize: number,
  ): void {
    this.#batches.add(schema, operation, row, before, byteSize)
  }

  truncate(relationOid: number): void {
    const { relations } = this.#options
    const binding = relations.bindings.get(relationOid)
    if (binding === undefined) return
    if (binding.isPart) relations.warnOfPart(binding)
    else this.#batches.addTruncate(binding.schema)
  }

  keepAlive(logEnd: bigint, wantsReply: boolean): void {
    if (this.#isComplete) return
    this.#batches.advance(logEnd)
    if (wantsReply) this.sendStatus(false)
    const { until } = this.#options
    if (until !== undefined && !this.#batches.isOpen && logEnd >= until) this.#end(until)
  }

  ended(error: unknown): void {
    this.#fail(error ?? connectionClosed())
  }

  /** A server that is gone without a word would be waited for as long as the operating system does: for hours. */
  #checkSilence(): void {
    const { silenceTimeoutMs } = this.#options
    if (this.#stream.isPaused()) this.#heardAtMs = performance.now()
    if (silenceTimeoutMs === 0 || performance.now() - this.#heardAtMs < silenceTimeoutMs) return
    const message = `the server has not answered for ${silenceTimeoutMs} ms`
    this.#fail(Object.assign(new Error(message), { code: 'ETIMEDOUT' }))
  }

  /** Lets small chunks that follow each other closely gather in the socket for a moment. */
  #gather(): void {
    if (this.#isGathering) return
    this.#stream.pause()
    this.#isGathering = true
    setTimeout(() => {
      this.#isGathering = false
      this.#resume()
    }, gatherMs)
  }

  #end(until: bigint): void {
    this.#batches.end(until)
    this.#isComplete = true
  }

  #take(decode: () => void): void {
    try {
      decode()
    } catch (error) {
      this.#fail(error)
      return
    }
    if (this.#batches.ready.length >= maxReadyBatches || this.#isComplete) this.#stream.pause()
    if (this.#batches.ready.length > 0 || this.#isComplete) this.#settle()
    else if (this.#isWaiting) this.#settleWhenDue()
  }

  #nextReady(): RecordBatch | undefined {
    const { ready } = this.#batches
    if (ready.length === 0 && !this.#isComplete && !this.#hasFault) {
      const idleMs = performance.now() - this.#givenAtMs
      if (this.#batches.hasComplete) {
        if (idleMs >= this.#options.maxDelayMs) this.#batches.flush()
      } else if (idleMs >= markIntervalMs) this.#batches.mark()
    }
    return ready.shift()
  }

  /**
   * Rows that wait are handed out at once when the last batch was handed out `maxDelayMs` ago: a lone change does not wait,
   * and many changes share a batch.
   */
  #settleWhenDue(): void {
    const dueMs = this.#batches.hasComplete ? this.#options.maxDelayMs : markIntervalMs
    const restMs = this.#givenAtMs + dueMs - performance.now()
    if (restMs <= 0) {
      this.#settle()
      return
    }
    if (!this.#batches.hasComplete || this.#delay !== undefined) return
    this.#delay = setTimeout(() => {
      this.#delay = undefined
      this.#settle()
    }, restMs)
  }

  #fail(error: unknown): void {
    if (this.#isComplete || this.#hasFault) return
    this.#hasFault = true
    this.#fault = this.#options.fault() ?? error
    this.#settle()
  }

  async #woken(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
  }

  #settle(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  #resume(): void {
    if (this.#batches.hasComplete) this.#settleWhenDue()
    if (!this.#mayRead || !this.#stream.isPaused()) return
    // Chunks that have come meanwhile, as one: a stream that resumes hands out each by itself.
    this.#stream.read()
    if (this.#mayRead) this.#stream.resume()
  }

  get #mayRead(): boolean {
    return !this.#isHeld && !this.#isGathering && this.#batches.ready.length < maxReadyBatches
  }
}

/** With the code of a socket whose other side is gone, by which readers know that the same read may succeed later. */
function connectionClosed(): Error {
  return Object.assign(new Error('the server closed the connection'), { code: 'ECONNRESET' })
}
