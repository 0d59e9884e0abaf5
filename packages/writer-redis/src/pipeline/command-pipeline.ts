import { PluginError, type Logger, type RejectedRow } from '@millrace/core/plugin'
import { isIdempotent, redisTypeOf, type RedisWriterConfig } from '../config/writer-config.ts'
import { targetText, type RedisConnectionOptions } from '../connection/connection-options.ts'
import { fatalError } from '../connection/server-errors.ts'
import { commandAt } from '../encode/compile-encoder.ts'
import { guardError } from '../checkpoint/guard-error.ts'
import { AbortWatch } from './abort-watch.ts'
import type { BatchRequest } from './batch-request.ts'
import { BulkLink } from './bulk-link.ts'
import { failpoint } from './failpoint.ts'
import { judgeErrors, wrongTypeRow, type Verdict } from './judge-errors.ts'
import { pause } from './pause.ts'
import { findWrongTypes, repairWrongType } from './repair-wrong-type.ts'
import { RetryClock } from './retry-clock.ts'

/** What a pipeline is made of. */
export interface CommandPipelineOptions {
  readonly config: RedisWriterConfig
  readonly connection: RedisConnectionOptions
  readonly logger: Logger
  /** Name that its connections have on the server. */
  clientName(): string
}

/** Batches under way on the connection; lists without a checkpoint are written one after the other. */
const maxDepth = 8
/** Bytes under way on the connection, so that little has to be sent again. */
const maxOpenBytes = 8 * 1024 * 1024
/** A key that is made a wrong type again and again by others is given up. */
const maxRepairs = 3

/**
 * Sends batches over one connection in the order they come, several under way, and settles every row of them.
 *
 * On trouble nothing new is sent. When all that was sent is answered, or the connection is lost, what is not settled is
 * dealt with strictly in order, one batch at a time: sent again (with its successors, so that the last value of a key
 * stays the last), repaired, or given up. Before anything is sent again over a new connection, the old one is killed on
 * the server, so that a server that was only frozen does not apply old commands after new ones.
 */
export class CommandPipeline {
  readonly #options: CommandPipelineOptions
  readonly #target: string
  readonly #isIdempotent: boolean
  /** Whether keys of another type refuse rows: a string replaces whatever there is. */
  readonly #canBeRefused: boolean
  readonly #clock: RetryClock
  readonly #link: BulkLink
  readonly #aborts = new AbortWatch<BatchRequest>((request, reason) =>
    this.#abandon(request, reason),
  )
  readonly #queue: BatchRequest[] = []
  /** Sent and not settled, in order. */
  #sent: BatchRequest[] = []
  #openBytes = 0
  #isTroubled = false
  #isRecovering = false
  #failure: { readonly error: unknown } | undefined
  #attempt = new AbortController()
  /** Keys of another type that were deleted to be written anew. */
  overwrittenKeys = 0

  constructor(options: CommandPipelineOptions) {
    this.#options = options
    this.#target = targetText(options.connection)
    this.#isIdempotent = isIdempotent(options.config.kind)
    this.#canBeRefused = redisTypeOf(options.config.kind) !== 'string'
    this.#clock = new RetryClock(options.config.retryTimeoutMs, this.#target)
    this.#link = new BulkLink({
      connection: options.connection,
      clientName: () => options.clientName(),
      onLost: (error) => this.#onLost(error),
      onDrain: () => this.#pump(),
    })
  }

  /**
   * Writes a batch after those before it; gives the rows the server refused.
   *
   * @throws PluginError when the job cannot go on, or the reason of the signal
   */
  async submit(request: BatchRequest, signal: AbortSignal): Promise<readonly RejectedRow[]> {
    signal.throwIfAborted()
    if (this.#failure !== undefined) throw this.#failure.error
    this.#aborts.add(signal, request)
    try {
      this.#queue.push(request)
      this.#pump()
      const [rejected] = await Promise.all([request.outcome, failpoint('after-send')])
      return rejected
    } finally {
      this.#aborts.remove(signal, request)
    }
  }

  /** Looks anew for the server when something is to be sent again. Does nothing while batches are under way. */
  reconnect(): void {
    if (this.#sent.length === 0 && !this.#isRecovering) this.#link.forget()
  }

  /** The server has answered elsewhere: a connection that cannot be made may be a passing fault from now on. */
  noteReachable(): void {
    this.#link.noteReachable()
  }

  /** Ends the connection. Batches that are not settled are rejected. */
  close(): void {
    this.#fail(new Error('the Redis writer was closed'))
  }

  #pump(): void {
    if (this.#isTroubled || this.#failure !== undefined || this.#queue.length === 0) return
    const connection = this.#link.current
    if (connection === undefined) {
      this.#isTroubled = true
      void this.#recover()
      return
    }
    while (this.#openBytes < maxOpenBytes && connection.isReady) {
      const [request] = this.#queue
      if (request === undefined || this.#sent.length >= this.#depthFor(request)) return
      this.#queue.shift()
      this.#sent.push(request)
      this.#openBytes += request.encoded.byteLength
      if (request.mustVerify) {
        // There is nothing to be sent; what was refused of it is looked for in its turn.
        request.isAnswered = true
        this.#isTroubled = true
        if (this.#sent.every((one) => one.isAnswered)) void this.#recover()
        return
      }
      const sink = request.expectReplies(() => this.#onAnswered(request))
      const { parts, replies } = request.payload
      connection.send(parts, replies, sink)
    }
  }

  #depthFor(request: BatchRequest): number {
    return this.#isIdempotent || request.guard !== undefined ? maxDepth : 1
  }

  #onAnswered(request: BatchRequest): void {
    if (!this.#isTroubled && request.errors.length === 0) {
      // Replies come in order, so it is the first.
      this.#sent.shift()
      this.#openBytes -= request.encoded.byteLength
      request.encoded.release()
      request.settle()
      this.#clock.reset()
      this.#pump()
      return
    }
    this.#isTroubled = true
    if (this.#sent.every((one) => one.isAnswered)) void this.#recover()
  }

  #onLost(error: Error): void {
    if (this.#isRecovering || this.#sent.length === 0) return
    this.#options.logger.warn(
      `the connection to Redis at ${this.#target} was lost: ${error.message}`,
    )
    this.#isTroubled = true
    void this.#recover(error)
  }

  /** Settles what was sent, in order; then the flow goes on. */
  async #recover(lost?: Error): Promise<void> {
    if (this.#isRecovering) return
    this.#isRecovering = true
    try {
      if (lost !== undefined) this.#throwIfUnknown(this.#sent[0], lost)
      await this.#settleSent(lost)
      await this.#retrying(async () => await this.#link.open(this.#attempt.signal))
      this.#isTroubled = false
    } catch (error) {
      if (this.#attempt.signal.aborted) this.#startOver()
      else this.#fail(error)
    } finally {
      this.#isRecovering = false
    }
    this.#pump()
  }

  /** Everybody who waited has gone: the next batch begins with a new connection. */
  #startOver(): void {
    this.#link.forget()
    this.#sent = []
    this.#openBytes = 0
    this.#attempt = new AbortController()
    this.#isTroubled = false
  }

  async #settleSent(lost: Error | undefined): Promise<void> {
    let sendsAgain = false
    if (lost !== undefined) await this.#pause(lost)
    while (this.#sent.length > 0) {
      const request = this.#sent[0] as BatchRequest
      const openBytes = request.encoded.byteLength
      const isAnswered = request.isAnswered
      if (!isAnswered) sendsAgain = true
      if (!request.isAbandoned) {
        const wasSentAgain = await this.#settleOne(request, sendsAgain)
        sendsAgain ||= wasSentAgain
      }
      this.#sent.shift()
      this.#openBytes -= openBytes
      this.#clock.reset()
    }
    this.#openBytes = 0
  }

  /** Settles one batch; true when it had to be sent again. */
  async #settleOne(request: BatchRequest, sendsAgain: boolean): Promise<boolean> {
    // A guard that refused the batch for what was before it may let it pass now.
    let mustSend = request.guard === undefined ? sendsAgain : !request.isApplied
    let mustLook = request.mustVerify
    let repairs = 0
    for (;;) {
      if (mustSend) await this.#sendAgain(request)
      if (request.guardAnswer.kind !== 'pass') {
        if (!this.#isInCheckpoint(request)) return mustSend
        mustLook = true
      }
      if (mustLook) {
        mustLook = false
        if (this.#canBeRefused && this.#isIdempotent) {
          // A key of a wrong type that was mended since does not tell any more which rows it had refused.
          mustSend = true
          continue
        }
        if (this.#canBeRefused) await this.#lookForWrongTypes(request)
      }
      const verdict = judgeErrors(request)
      this.#throwIfFatal(request, verdict)
      request.refuse(verdict.refused)
      if (verdict.retryable.length > 0) {
        await this.#pauseFor(request, verdict)
        mustSend = true
        continue
      }
      if (verdict.wrongType.length === 0) break
      await failpoint('before-repair')
      if (!this.#isIdempotent || repairs === maxRepairs) {
        request.refuse(verdict.wrongType.map(wrongTypeRow))
        break
      }
      repairs += 1
      mustSend = !(await this.#repair(request, verdict.wrongType))
    }
    request.settle()
    return mustSend || sendsAgain
  }

  /**
   * Whether a batch that the guard refused stands in the checkpoint already: its answer was lost. When it does not, the
   * target went back in time and the batch fails.
   */
  #isInCheckpoint(request: BatchRequest): boolean {
    const error = guardError(request, this.#target)
    if (error === undefined) {
      request.markApplied()
      return true
    }
    if (error.code !== 'TARGET_REWOUND') throw error
    request.fail(error)
    return false
  }

  async #lookForWrongTypes(request: BatchRequest): Promise<void> {
    await this.#retrying(async () => {
      const connection = await this.#link.open(this.#attempt.signal)
      const type = redisTypeOf(this.#options.config.kind)
      request.errors = await findWrongTypes(connection, { request, type, target: this.#target })
    })
  }

  /** Sends a batch again until it is answered. */
  async #sendAgain(request: BatchRequest): Promise<void> {
    await this.#retrying(async () => {
      const connection = await this.#link.open(this.#attempt.signal)
      const sink = request.expectReplies(() => {})
      try {
        const { parts, replies } = request.payload
        for (const reply of await connection.collect(parts, replies)) sink.reply(reply)
      } catch (error) {
        this.#throwIfUnknown(request, error)
        throw error
      }
      sink.done()
    })
  }

  /** True when the rows were written again; false when the whole batch has to be sent again. */
  async #repair(request: BatchRequest, rows: readonly number[]): Promise<boolean> {
    try {
      const connection = await this.#link.open(this.#attempt.signal)
      const { overwritten } = await repairWrongType(connection, {
        request,
        rows,
        type: redisTypeOf(this.#options.config.kind),
        target: this.#target,
      })
      this.overwrittenKeys += overwritten
      return true
    } catch (error) {
      this.#attempt.signal.throwIfAborted()
      if (PluginError.isInstance(error) && !error.isRetryable) throw error
      request.keepOnly(rows)
      await this.#pause(error)
      return false
    }
  }

  async #pauseFor(request: BatchRequest, verdict: Verdict): Promise<void> {
    const [first] = verdict.retryable
    if (!this.#isIdempotent) {
      // The other rows are written: only those that were refused go again. Keys of a wrong type will say so again.
      const again = new Set(verdict.retryable.map((item) => request.encoded.rows[item.at] ?? 0))
      for (const row of verdict.wrongType) again.add(row)
      request.keepOnly(this.#untouched(request, verdict) ?? [...again])
    } else if (verdict.refused.length > 0) {
      const refused = new Set(verdict.refused.map((item) => item.row))
      request.keepOnly([...new Set(request.encoded.rows)].filter((row) => !refused.has(row)))
    }
    // A primary that became a replica stays one: the sentinels know the new one.
    const isReplica = verdict.retryable.some((item) => item.error.code === 'READONLY')
    if (isReplica && this.#options.connection.sentinel !== undefined) this.#link.forget()
    await this.#pause(new Error(first?.error.message ?? 'the server takes no writes'))
  }

  /** A transaction that was discarded as a whole wrote nothing: all of its rows go again, but those refused for good. */
  #untouched(request: BatchRequest, verdict: Verdict): readonly number[] | undefined {
    if (!request.isDiscarded) return undefined
    const refused = new Set(verdict.refused.map((item) => item.row))
    return request.encoded.rows.filter((row) => !refused.has(row))
  }

  /** Runs an attempt until it succeeds or the clock says that it is enough. */
  async #retrying<T>(attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      this.#attempt.signal.throwIfAborted()
      try {
        return await attempt()
      } catch (error) {
        this.#attempt.signal.throwIfAborted()
        if (PluginError.isInstance(error) && !(error.isRetryable && this.#link.hasConnected))
          throw error
        await this.#pause(error)
      }
    }
  }

  async #pause(cause: unknown): Promise<void> {
    await pause(this.#clock.nextPauseMs(cause), this.#attempt.signal)
  }

  #throwIfFatal(request: BatchRequest, verdict: Verdict): void {
    if (verdict.fatal === undefined) return
    const { at, error } = verdict.fatal
    throw fatalError(error, commandAt(this.#options.config, request.encoded, at), this.#target)
  }

  /** A list that may or may not have been appended to cannot be written again without perhaps repeating elements. */
  #throwIfUnknown(request: BatchRequest | undefined, cause: unknown): void {
    if (this.#isIdempotent || request === undefined || request.isAnswered) return
    // A guard tells afterwards.
    if (request.guard?.expected !== undefined) return
    const found = cause instanceof Error ? cause.message : String(cause)
    throw new PluginError({
      code: 'TARGET_FAILED',
      message: `the connection to Redis at ${this.#target} was lost while a batch of list elements was being written (${found}): whether they were appended is not known, so that writing them again could make duplicates`,
      hint: 'Delete the lists of the job before running it again; duplicates are possible otherwise.',
      cause,
    })
  }

  #abandon(request: BatchRequest, reason: unknown): void {
    request.isAbandoned = true
    request.fail(reason)
    const queued = this.#queue.indexOf(request)
    if (queued >= 0) this.#queue.splice(queued, 1)
    const isAwaited = this.#queue.length > 0 || this.#sent.some((one) => !one.isAbandoned)
    if (isAwaited || this.#failure !== undefined) return
    this.#attempt.abort(reason)
    this.#link.forget()
    if (!this.#isRecovering) this.#startOver()
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = { error }
    this.#attempt.abort(error)
    this.#link.close()
    for (const request of [...this.#sent, ...this.#queue]) request.fail(error)
    this.#sent = []
    this.#queue.length = 0
  }
}
