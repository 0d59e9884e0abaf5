import { PluginError } from '@millrace/core/plugin'
import { guardError, unguarded, unknownOutcome } from '../checkpoint/guard-error.ts'
import {
  isIdempotent,
  overwritesOtherTypes,
  redisTypeOf,
  type RedisWriterConfig,
} from '../config/writer-config.ts'
import type { RedisConnectionOptions } from '../connection/connection-options.ts'
import { classifyMoving, fatalError } from '../connection/server-errors.ts'
import { commandAt } from '../encode/compile-encoder.ts'
import type { RespError } from '../resp/resp-error.ts'
import type { BatchRequest } from './batch-request.ts'
import type { BulkLink } from './bulk-link.ts'
import { failpoint } from './failpoint.ts'
import { judgeErrors, wrongTypeRow, type Verdict } from './judge-errors.ts'
import { pause } from './pause.ts'
import { findWrongTypes, repairWrongType, RetryableReply } from './repair-wrong-type.ts'
import type { RetryClock } from './retry-clock.ts'

/** What settling needs. */
export interface RequestSettlerOptions {
  readonly config: RedisWriterConfig
  readonly connection: RedisConnectionOptions
  /** For messages. */
  readonly target: string
  readonly link: BulkLink
  readonly clock: RetryClock
  /** Ends what is under way. */
  signal(): AbortSignal
}

/** A key that is made a wrong type again and again by others is given up. */
const maxRepairs = 3

/** Settles batches after trouble, one at a time in the order they were sent: sent again, repaired, or given up. */
export class RequestSettler {
  readonly #options: RequestSettlerOptions
  readonly #isIdempotent: boolean
  /** Whether keys of another type are written anew. */
  readonly #overwrites: boolean
  /** Whether keys of another type refuse rows: a string replaces whatever there is. */
  readonly #canBeRefused: boolean
  /** Whether the keys may move to another node of a cluster. */
  readonly #isMoving: boolean
  /** Keys of another type that were deleted to be written anew. */
  overwrittenKeys = 0

  constructor(options: RequestSettlerOptions) {
    this.#options = options
    this.#isIdempotent = isIdempotent(options.config.kind)
    this.#overwrites = overwritesOtherTypes(options.config.kind)
    this.#canBeRefused = redisTypeOf(options.config.kind) !== 'string'
    this.#isMoving = options.connection.locate !== undefined
  }

  get #signal(): AbortSignal {
    return this.#options.signal()
  }

  /**
   * Settles the next batch; true when it, or with `sendsAgain` one before it, had to be sent again.
   *
   * @throws PluginError when the job cannot go on, or the reason of the signal
   */
  async settle(request: BatchRequest, sendsAgain: boolean): Promise<boolean> {
    // A guard that refused the batch for what was before it may let it pass now.
    let mustSend = request.guard === undefined ? sendsAgain : !request.isApplied
    let mustLook = request.mustVerify
    let repairs = 0
    for (;;) {
      if (mustSend) await this.#sendAgain(request)
      const { guardAnswer } = request
      if (guardAnswer.kind === 'error' && this.#isMoving && request.isDiscarded) {
        if (classifyMoving(guardAnswer.error, true) === 'retryable') {
          await this.#pauseAt(guardAnswer.error)
          mustSend = true
          continue
        }
      }
      if (guardAnswer.kind !== 'pass') {
        if (!this.#isInCheckpoint(request)) return mustSend
        mustLook = true
      }
      if (mustLook) {
        mustLook = false
        if (this.#canBeRefused && this.#overwrites) {
          // A key of a wrong type that was mended since does not tell any more which rows it had refused.
          mustSend = true
          continue
        }
        if (this.#canBeRefused) await this.#lookForWrongTypes(request)
      }
      const verdict = judgeErrors(request, this.#isMoving)
      this.#throwIfFatal(request, verdict)
      request.refuse(verdict.refused)
      if (verdict.retryable.length > 0) {
        await this.#pauseFor(request, verdict)
        mustSend = true
        continue
      }
      if (verdict.wrongType.length === 0) break
      await failpoint('before-repair')
      if (!this.#overwrites || repairs === maxRepairs) {
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
    const error = guardError(request, this.#options.target)
    if (error === undefined) {
      request.markApplied()
      return true
    }
    if (error.code !== 'TARGET_REWOUND') throw error
    request.fail(error)
    return false
  }

  async #lookForWrongTypes(request: BatchRequest): Promise<void> {
    await this.retrying(async () => {
      const connection = await this.#options.link.open(this.#signal)
      const type = redisTypeOf(this.#options.config.kind)
      request.errors = await findWrongTypes(connection, {
        request,
        type,
        target: this.#options.target,
        isMoving: this.#isMoving,
      })
    })
  }

  /** Sends a batch again until it is answered. */
  async #sendAgain(request: BatchRequest): Promise<void> {
    await this.retrying(async () => {
      const connection = await this.#options.link.open(this.#signal)
      const { parts, replies, sink } = request.prepare(() => {})
      try {
        for (const reply of await connection.collect(parts, replies)) sink.reply(reply)
      } catch (error) {
        this.throwIfUnknown(request, error)
        throw error
      }
      sink.done()
    })
  }

  /** True when the rows were written again; false when the whole batch has to be sent again. */
  async #repair(request: BatchRequest, rows: readonly number[]): Promise<boolean> {
    try {
      const connection = await this.#options.link.open(this.#signal)
      const { overwritten } = await repairWrongType(connection, {
        request,
        rows,
        type: redisTypeOf(this.#options.config.kind),
        target: this.#options.target,
        isMoving: this.#isMoving,
      })
      this.overwrittenKeys += overwritten
      return true
    } catch (error) {
      this.#signal.throwIfAborted()
      if (PluginError.isInstance(error) && !error.isRetryable) throw error
      request.keepOnly(rows)
      await this.pause(error)
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
    const isReplica = verdict.retryable.find((item) => item.error.code === 'READONLY')
    await this.#pauseAt((isReplica ?? first)?.error)
  }

  /** Waits for a server that refused; leaves it when it may be another that takes the keys by now. */
  async #pauseAt(refusal: RespError | undefined): Promise<void> {
    // A primary that became a replica stays one: the sentinels know the new one.
    const isReplica = refusal?.code === 'READONLY'
    const isFollowing = isReplica && this.#options.connection.sentinel !== undefined
    if (this.#isMoving || isFollowing) this.#options.link.forget()
    await this.pause(new Error(refusal?.message ?? 'the server takes no writes'))
  }

  /** A transaction that was discarded as a whole wrote nothing: all of its rows go again, but those refused for good. */
  #untouched(request: BatchRequest, verdict: Verdict): readonly number[] | undefined {
    if (!request.isDiscarded) return undefined
    const refused = new Set(verdict.refused.map((item) => item.row))
    return request.encoded.rows.filter((row) => !refused.has(row))
  }

  /** Runs an attempt until it succeeds or the clock says that it is enough. */
  async retrying<T>(attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      this.#signal.throwIfAborted()
      try {
        return await attempt()
      } catch (error) {
        this.#signal.throwIfAborted()
        if (
          PluginError.isInstance(error) &&
          !(error.isRetryable && this.#options.link.hasConnected)
        )
          throw error
        await this.pause(error)
      }
    }
  }

  async pause(cause: unknown): Promise<void> {
    if (this.#isMoving && cause instanceof RetryableReply) this.#options.link.forget()
    await pause(this.#options.clock.nextPauseMs(cause), this.#signal)
  }

  #throwIfFatal(request: BatchRequest, verdict: Verdict): void {
    if (verdict.fatal === undefined) return
    const { at, error } = verdict.fatal
    throw fatalError(
      error,
      commandAt(this.#options.config, request.encoded, at),
      this.#options.target,
    )
  }

  /** A list that may or may not have been appended to cannot be written again without perhaps repeating elements. */
  throwIfUnknown(request: BatchRequest | undefined, cause: unknown): void {
    if (this.#isIdempotent || request === undefined || request.isAnswered) return
    // A guard tells afterwards.
    if (request.guard?.expected !== undefined) return
    throw unknownOutcome(cause, this.#options.target)
  }

  /** A server that began to take commands between a guard and its transaction may have left out batches before it. */
  throwIfUnguarded(requests: readonly BatchRequest[]): void {
    for (const { guardAnswer, isAnswered, isDiscarded } of requests) {
      if (guardAnswer.kind !== 'error' || !isAnswered || isDiscarded) continue
      if (classifyMoving(guardAnswer.error, true) !== 'retryable') continue
      throw unguarded(guardAnswer.error, this.#options.target)
    }
  }
}
