import type { Logger, RejectedRow } from '@millrace/core/plugin'
import { isIdempotent, type RedisWriterConfig } from '../config/writer-config.ts'
import { targetText, type RedisConnectionOptions } from '../connection/connection-options.ts'
import type { RespReply } from '../resp/reply-parser.ts'
import { BatchFlow } from './batch-flow.ts'
import type { BatchRequest } from './batch-request.ts'
import { BulkLink } from './bulk-link.ts'
import { failpoint } from './failpoint.ts'
import { RetryClock } from './retry-clock.ts'
import { RequestSettler } from './settle-request.ts'

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
  readonly #clock: RetryClock
  readonly #link: BulkLink
  readonly #settler: RequestSettler
  readonly #flow = new BatchFlow<BatchRequest>({
    pump: () => this.#pump(),
    settle: async (lost) => await this.#settleSent(lost),
    forget: () => this.#link.forget(),
    close: () => this.#link.close(),
  })

  constructor(options: CommandPipelineOptions) {
    this.#options = options
    this.#target = targetText(options.connection)
    this.#isIdempotent = isIdempotent(options.config.kind)
    this.#clock = new RetryClock({
      retryTimeoutMs: options.config.retryTimeoutMs,
      target: this.#target,
      logger: options.logger,
    })
    this.#link = new BulkLink({
      connection: options.connection,
      clientName: () => options.clientName(),
      onLost: (error) => this.#onLost(error),
      onDrain: () => this.#pump(),
    })
    this.#settler = new RequestSettler({
      config: options.config,
      connection: options.connection,
      target: this.#target,
      link: this.#link,
      clock: this.#clock,
      signal: () => this.#flow.signal,
    })
  }

  /** Keys of another type that were deleted to be written anew. */
  get overwrittenKeys(): number {
    return this.#settler.overwrittenKeys
  }

  /**
   * Writes a batch after those before it; gives the rows the server refused.
   *
   * @throws PluginError when the job cannot go on, or the reason of the signal
   */
  async submit(request: BatchRequest, signal: AbortSignal): Promise<readonly RejectedRow[]> {
    const [rejected] = await Promise.all([
      this.#flow.submit(request, signal),
      failpoint('after-send'),
    ])
    return rejected
  }

  /** Looks anew for the server when something is to be sent again. Does nothing while batches are under way. */
  reconnect(): void {
    if (this.#flow.sent.length === 0 && !this.#flow.isRecovering) this.#link.forget()
  }

  /** Sends single commands over the connection of the batches, where it may be looked at what is there. */
  async call(
    commands: readonly (readonly (string | Uint8Array)[])[],
    signal: AbortSignal,
  ): Promise<RespReply[]> {
    const connection = await this.#link.open(signal)
    return await connection.call(commands)
  }

  /** As `call`, but only while batches can be written: nothing is opened for a job that has failed. */
  async look(
    commands: readonly (readonly (string | Uint8Array)[])[],
    signal: AbortSignal,
  ): Promise<RespReply[]> {
    const both = AbortSignal.any([signal, this.#flow.signal])
    both.throwIfAborted()
    return await this.call(commands, both)
  }

  /** Ends the connection. Batches that are not settled are rejected. */
  close(): void {
    this.#flow.fail(new Error('the Redis writer was closed'))
    // A call may have opened one after the job had failed.
    this.#link.close()
  }

  #pump(): void {
    const flow = this.#flow
    if (flow.next === undefined) return
    const connection = this.#link.current
    if (connection === undefined) {
      void flow.recover()
      return
    }
    for (let request = flow.next; request !== undefined; request = flow.next) {
      if (!connection.isReady || flow.sent.length >= this.#depthFor(request)) return
      flow.take()
      if (request.mustVerify) {
        // There is nothing to be sent; what was refused of it is looked for in its turn.
        request.isAnswered = true
        this.#trouble()
        return
      }
      const sent = request
      const { parts, replies, sink } = request.prepare(() => this.#onAnswered(sent))
      connection.send(parts, replies, sink)
    }
  }

  #depthFor(request: BatchRequest): number {
    return this.#isIdempotent || request.guard !== undefined ? maxDepth : 1
  }

  #onAnswered(request: BatchRequest): void {
    // A guard that was refused did not look, whatever EXEC did afterwards.
    const isClean = request.guardAnswer.kind === 'pass' && request.errors.length === 0
    if (this.#flow.isTroubled || !isClean) {
      this.#trouble()
      return
    }
    // Replies come in order, so it is the first.
    this.#flow.shift()
    request.encoded.release()
    request.settle()
    this.#clock.reset()
    this.#pump()
  }

  /** Nothing new is sent; what was sent is dealt with when all of it is answered. */
  #trouble(): void {
    this.#flow.isTroubled = true
    if (this.#flow.sent.every((one) => one.isAnswered)) void this.#flow.recover()
  }

  #onLost(error: Error): void {
    if (this.#flow.isRecovering || this.#flow.sent.length === 0) return
    this.#options.logger.warn(
      `the connection to Redis at ${this.#target} was lost: ${error.message}`,
    )
    void this.#flow.recover(error)
  }

  /** Settles what was sent, in order, and opens the connection. */
  async #settleSent(lost: Error | undefined): Promise<void> {
    const settler = this.#settler
    const { sent } = this.#flow
    if (lost !== undefined) settler.throwIfUnknown(sent[0], lost)
    settler.throwIfUnguarded(sent)
    let sendsAgain = false
    if (lost !== undefined) await settler.pause(lost)
    for (let [request] = sent; request !== undefined; [request] = this.#flow.sent) {
      if (!request.isAnswered) sendsAgain = true
      if (!request.isAbandoned) {
        const wasSentAgain = await settler.settle(request, sendsAgain)
        sendsAgain ||= wasSentAgain
      }
      this.#flow.shift()
      this.#clock.reset()
    }
    await settler.retrying(async () => await this.#link.open(this.#flow.signal))
  }
}
