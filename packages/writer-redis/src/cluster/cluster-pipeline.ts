import type { Logger, RejectedRow } from '@millrace/core/plugin'
import { isIdempotent, type RedisWriterConfig } from '../config/writer-config.ts'
import { BatchFlow } from '../pipeline/batch-flow.ts'
import { RetryClock } from '../pipeline/retry-clock.ts'
import type { ClusterBatch } from './cluster-batch.ts'
import { ClusterLinks } from './cluster-links.ts'
import { cutBatch } from './cut-batch.ts'
import type { ClusterConnection } from './discover-cluster.ts'
import { pause } from '../pipeline/pause.ts'
import { BatchSettler } from './settle-batch.ts'

/** What a pipeline is made of. */
export interface ClusterPipelineOptions {
  readonly config: RedisWriterConfig
  readonly connection: ClusterConnection
  readonly logger: Logger
  /** Name that its connections have on the servers. */
  clientName(): string
}

/** Batches under way; lists are written one after the other, so that what is sent again keeps its order. */
const maxDepth = 8

/**
 * Sends batches to the masters of a cluster, each cut into one part per master, several batches under way, and settles
 * every row of them, batch by batch in order.
 *
 * On trouble (a redirection, a refusal, a lost connection) nothing new is sent. When no further reply will come, a
 * `BatchSettler` sees to what is not settled; then map and connections are brought up to date, and the flow goes on.
 */
export class ClusterPipeline {
  readonly #options: ClusterPipelineOptions
  readonly #clock: RetryClock
  readonly #links: ClusterLinks
  readonly #depth: number
  readonly #flow = new BatchFlow<ClusterBatch>({
    pump: () => this.#pump(),
    settle: async () => {
      await this.#settleSent()
      await this.#openAll()
    },
    forget: () => this.#links.forget(),
    close: () => this.#links.close(),
  })
  /** Keys of another type that were deleted to be written anew. */
  overwrittenKeys = 0
  /** List elements that were sent again though they may have been appended. */
  repeatedElements = 0

  constructor(options: ClusterPipelineOptions) {
    this.#options = options
    this.#links = new ClusterLinks({
      connection: options.connection,
      logger: options.logger,
      clientName: () => options.clientName(),
      onLost: (node, error) => this.#onLost(node, error),
      onDrain: () => this.#pump(),
    })
    this.#clock = new RetryClock({
      retryTimeoutMs: options.config.retryTimeoutMs,
      target: this.#links.target,
      logger: options.logger,
    })
    this.#depth = isIdempotent(options.config.kind) ? maxDepth : 1
  }

  /**
   * Writes a batch, per key after those before it; gives the rows the cluster refused.
   *
   * @throws PluginError when the job cannot go on, or the reason of the signal
   */
  async submit(batch: ClusterBatch, signal: AbortSignal): Promise<readonly RejectedRow[]> {
    return await this.#flow.submit(batch, signal)
  }

  /** Ends the connections. Batches that are not settled are rejected. */
  close(): void {
    this.#flow.fail(new Error('the Redis writer was closed'))
  }

  #pump(): void {
    const flow = this.#flow
    if (flow.next === undefined) return
    if (!this.#links.isReady) {
      this.#trouble()
      return
    }
    for (let batch = flow.next; batch !== undefined; batch = flow.next) {
      if (!this.#links.isWritable || flow.sent.length >= this.#depth) return
      flow.take()
      if (!batch.mustVerify) this.#send(batch)
      if (batch.mustVerify || batch.parts.some((part) => part.isLost)) {
        this.#trouble()
        return
      }
    }
  }

  #send(batch: ClusterBatch): void {
    const { map } = this.#links
    if (map === undefined) return
    const { outgoing, unserved } = cutBatch(batch.commands, map)
    const parts = outgoing.map(({ part }) => part)
    batch.parts = unserved === undefined ? parts : [...parts, unserved]
    for (const { address, part, bytes } of outgoing) {
      const connection = this.#links.currentOf(address)
      if (connection === undefined) {
        part.isLost = true
        continue
      }
      part.isSent = true
      const sink = batch.sinkOf(part, () => this.#onAnswered())
      connection.send([bytes], part.items.length, sink)
    }
  }

  #onAnswered(): void {
    const flow = this.#flow
    if (!flow.isTroubled) {
      for (let [batch] = flow.sent; batch?.isClean === true; [batch] = flow.sent) {
        flow.shift()
        batch.settle()
        this.#clock.reset()
      }
    }
    if (flow.isTroubled || flow.sent.some((batch) => batch.errors.size > 0)) this.#trouble()
    else this.#pump()
  }

  #onLost(node: string, error: Error): void {
    const lost = this.#flow.sent.flatMap(({ parts }) =>
      parts.filter((part) => part.node === node && part.answered < part.items.length),
    )
    for (const part of lost) part.isLost = true
    if (lost.length === 0 || this.#flow.isRecovering) return
    this.#options.logger.warn(`the connection to Redis at ${node} was lost: ${error.message}`)
    this.#trouble()
  }

  /** Nothing new is sent; what was sent is dealt with when all of it is answered or lost. */
  #trouble(): void {
    this.#flow.isTroubled = true
    if (this.#flow.sent.every((batch) => batch.isOut)) void this.#flow.recover()
  }

  async #settleSent(): Promise<void> {
    const settler = new BatchSettler({
      config: this.#options.config,
      addresses: this.#options.connection.cluster.addresses,
      links: this.#links,
      clock: this.#clock,
      signal: this.#flow.signal,
      onUnknown: (count) => {
        if (this.#depth === 1) this.repeatedElements += count
      },
    })
    try {
      for (let [batch] = this.#flow.sent; batch !== undefined; [batch] = this.#flow.sent) {
        if (!batch.isAbandoned) await settler.settle(batch)
        this.#flow.shift()
        this.#clock.reset()
      }
    } finally {
      this.overwrittenKeys += settler.overwrittenKeys
    }
  }

  /** Brings map and connections up to date, for as long as the clock says. */
  async #openAll(): Promise<void> {
    const { signal } = this.#flow
    for (;;) {
      try {
        await this.#links.openAll(signal)
        return
      } catch (error) {
        signal.throwIfAborted()
        if (!this.#links.isPassing(error)) throw error
        this.#links.distrust()
        await pause(this.#clock.nextPauseMs(error), signal)
      }
    }
  }
}
