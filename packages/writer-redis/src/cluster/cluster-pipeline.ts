import type { Logger, RejectedRow } from '@millrace/core/plugin'
import { isIdempotent, type RedisWriterConfig } from '../config/writer-config.ts'
import { AbortWatch } from '../pipeline/abort-watch.ts'
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
/** Bytes under way, so that little has to be sent again. */
const maxOpenBytes = 8 * 1024 * 1024

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
  readonly #aborts = new AbortWatch<ClusterBatch>((batch, reason) => this.#abandon(batch, reason))
  readonly #queue: ClusterBatch[] = []
  /** Sent and not settled, in order. */
  #sent: ClusterBatch[] = []
  #openBytes = 0
  #isTroubled = false
  #isRecovering = false
  #failure: { readonly error: unknown } | undefined
  #attempt = new AbortController()
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
    this.#clock = new RetryClock(options.config.retryTimeoutMs, this.#links.target)
    this.#depth = isIdempotent(options.config.kind) ? maxDepth : 1
  }

  /**
   * Writes a batch, per key after those before it; gives the rows the cluster refused.
   *
   * @throws PluginError when the job cannot go on, or the reason of the signal
   */
  async submit(batch: ClusterBatch, signal: AbortSignal): Promise<readonly RejectedRow[]> {
    signal.throwIfAborted()
    if (this.#failure !== undefined) throw this.#failure.error
    this.#aborts.add(signal, batch)
    try {
      this.#queue.push(batch)
      this.#pump()
      return await batch.outcome
    } finally {
      this.#aborts.remove(signal, batch)
    }
  }

  /** Ends the connections. Batches that are not settled are rejected. */
  close(): void {
    this.#fail(new Error('the Redis writer was closed'))
  }

  #pump(): void {
    if (this.#isTroubled || this.#failure !== undefined || this.#queue.length === 0) return
    if (!this.#links.isReady) {
      this.#trouble()
      return
    }
    while (this.#openBytes < maxOpenBytes && this.#links.isWritable) {
      if (this.#sent.length >= this.#depth) return
      const batch = this.#queue.shift()
      if (batch === undefined) return
      this.#sent.push(batch)
      this.#openBytes += batch.encoded.byteLength
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
    if (!this.#isTroubled) {
      while (this.#sent[0]?.isClean === true) {
        const [batch] = this.#sent.splice(0, 1) as [ClusterBatch]
        this.#openBytes -= batch.encoded.byteLength
        batch.settle()
        this.#clock.reset()
      }
    }
    if (this.#isTroubled || this.#sent.some((batch) => batch.errors.size > 0)) this.#trouble()
    else this.#pump()
  }

  #onLost(node: string, error: Error): void {
    const lost = this.#sent.flatMap(({ parts }) =>
      parts.filter((part) => part.node === node && part.answered < part.items.length),
    )
    for (const part of lost) part.isLost = true
    if (lost.length === 0 || this.#isRecovering) return
    this.#options.logger.warn(`the connection to Redis at ${node} was lost: ${error.message}`)
    this.#trouble()
  }

  /** Nothing new is sent; what was sent is dealt with when all of it is answered or lost. */
  #trouble(): void {
    this.#isTroubled = true
    if (!this.#isRecovering && this.#sent.every((batch) => batch.isOut)) void this.#recover()
  }

  async #recover(): Promise<void> {
    this.#isRecovering = true
    try {
      await this.#settleSent()
      await this.#openAll()
      this.#isTroubled = false
    } catch (error) {
      if (this.#attempt.signal.aborted) this.#startOver()
      else this.#fail(error)
    } finally {
      this.#isRecovering = false
    }
    this.#pump()
  }

  async #settleSent(): Promise<void> {
    const settler = new BatchSettler({
      config: this.#options.config,
      addresses: this.#options.connection.cluster.addresses,
      links: this.#links,
      clock: this.#clock,
      signal: this.#attempt.signal,
      onUnknown: (count) => {
        if (this.#depth === 1) this.repeatedElements += count
      },
    })
    try {
      while (this.#sent.length > 0) {
        const batch = this.#sent[0] as ClusterBatch
        if (!batch.isAbandoned) await settler.settle(batch)
        this.#sent.shift()
        this.#clock.reset()
      }
      this.#openBytes = 0
    } finally {
      this.overwrittenKeys += settler.overwrittenKeys
    }
  }

  /** Brings map and connections up to date, for as long as the clock says. */
  async #openAll(): Promise<void> {
    const { signal } = this.#attempt
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

  /** Everybody who waited has gone: the next batch begins with new connections. */
  #startOver(): void {
    this.#links.forget()
    this.#sent = []
    this.#openBytes = 0
    this.#attempt = new AbortController()
    this.#isTroubled = false
  }

  #abandon(batch: ClusterBatch, reason: unknown): void {
    batch.isAbandoned = true
    batch.fail(reason)
    const queued = this.#queue.indexOf(batch)
    if (queued >= 0) this.#queue.splice(queued, 1)
    const isAwaited = this.#queue.length > 0 || this.#sent.some((one) => !one.isAbandoned)
    if (isAwaited || this.#failure !== undefined) return
    this.#attempt.abort(reason)
    this.#links.forget()
    if (!this.#isRecovering) this.#startOver()
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = { error }
    this.#attempt.abort(error)
    this.#links.close()
    for (const batch of [...this.#sent, ...this.#queue]) batch.fail(error)
    this.#sent = []
    this.#queue.length = 0
  }
}
