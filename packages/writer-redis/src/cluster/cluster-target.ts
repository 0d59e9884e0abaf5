import type { Finding, Logger, RejectedRow } from '@millrace/core/plugin'
import type { CheckpointReach } from '../checkpoint/checkpoint-calls.ts'
import type { Guard } from '../checkpoint/guard.ts'
import { isIdempotent, type RedisWriterConfig } from '../config/writer-config.ts'
import { targetText, type RedisConnectionOptions } from '../connection/connection-options.ts'
import type { PermissionNeeds } from '../connection/check-permissions.ts'
import type { EncodedBatch } from '../encode/compile-encoder.ts'
import type { KeyPattern } from '../output/default-key.ts'
import type { RespReply } from '../resp/reply-parser.ts'
import { checkCluster } from './check-cluster.ts'
import { ClusterBatch } from './cluster-batch.ts'
import { ClusterControl } from './cluster-control.ts'
import { ClusterPipeline, type ClusterPipelineOptions } from './cluster-pipeline.ts'
import type { ClusterConnection } from './discover-cluster.ts'
import { keySlot } from './key-slot.ts'
import { ProgressKeeper } from './progress-keeper.ts'
import { connectionToSlot } from './slot-owner.ts'
import { WitnessKeys } from './witness-keys.ts'

/** What a {@link ClusterTarget} is made of. */
export interface ClusterTargetOptions extends Omit<ClusterPipelineOptions, 'connection'> {
  readonly connection: RedisConnectionOptions
  /** Hash tag of all keys: they are written by a transaction of its slot's master, not by this target. */
  readonly hashTag?: string
}

/** A Redis Cluster as the target of a writer: rows go to the owners of their slots, progress follows when they are answered. */
export class ClusterTarget {
  readonly #config: RedisWriterConfig
  readonly #connection: ClusterConnection
  readonly #logger: Logger
  readonly #hashTag: string | undefined
  readonly #pipeline: ClusterPipeline
  readonly #control: ClusterControl
  readonly #progress: ProgressKeeper
  #witnesses: WitnessKeys | undefined

  constructor(options: ClusterTargetOptions) {
    const { connection } = options
    const addresses = connection.addresses.filter((address) => address.kind === 'tcp')
    this.#config = options.config
    this.#logger = options.logger
    this.#hashTag = options.hashTag
    this.#connection = {
      ...connection,
      addresses,
      cluster: connection.cluster ?? { addresses: new Map() },
    }
    const shared = {
      config: options.config,
      connection: this.#connection,
      logger: options.logger,
      clientName: () => options.clientName(),
    }
    this.#pipeline = new ClusterPipeline(shared)
    this.#control = new ClusterControl(shared)
    this.#progress = new ProgressKeeper(this.#control, targetText(connection))
  }

  /** Looks at every master. Throws what `checkCluster` throws. */
  async check(needs: PermissionNeeds, signal: AbortSignal): Promise<readonly Finding[]> {
    return await checkCluster(needs, this.#connection, signal)
  }

  /** Writes a batch and keeps its progress; gives the rows that were refused. */
  async write(
    encoded: EncodedBatch,
    options: {
      readonly guard: Guard | undefined
      readonly isApplied: boolean
      readonly signal: AbortSignal
    },
  ): Promise<readonly RejectedRow[]> {
    const { guard, isApplied, signal } = options
    const rows = this.#send(encoded, isApplied, signal)
    if (guard === undefined || isApplied) return await rows
    // Beside the rows: their order is that of the calls.
    const [refused] = await Promise.all([
      this.#progress.keepAfter(rows, guard, signal),
      this.#witnesses?.look(guard, signal),
    ])
    return refused
  }

  async #send(
    encoded: EncodedBatch,
    isApplied: boolean,
    signal: AbortSignal,
  ): Promise<readonly RejectedRow[]> {
    if (encoded.rows.length === 0) return []
    // What may be written twice is: that repairs keys of a wrong type on the way.
    const mustVerify = isApplied && !isIdempotent(this.#config.kind)
    return await this.#pipeline.submit(new ClusterBatch(encoded, { mustVerify }), signal)
  }

  /** Keeps progress without rows, behind the batches of its split. */
  async keep(guard: Guard, signal: AbortSignal): Promise<void> {
    await this.#progress.keepAfter(Promise.resolve(), guard, signal)
  }

  /** Removes every key that a pattern matches, by a run that has the fence; throws what `checkFence` throws. */
  async removeKeys(
    pattern: KeyPattern,
    guard: Guard | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    if (guard !== undefined) await this.#progress.checkFence(guard, signal)
    await this.#control.removeKeys(pattern, signal)
  }

  /** The connection to the master that serves the slot of all keys; `undefined` when they are in several. */
  get slotConnection(): RedisConnectionOptions | undefined {
    return this.#hashTag === undefined
      ? undefined
      : connectionToSlot(this.#connection, keySlot(Buffer.from(this.#hashTag)))
  }

  /** Sends commands that are about one key. Throws what `ClusterControl.call` throws. */
  async call(
    key: string | Uint8Array,
    commands: readonly (readonly (string | Uint8Array)[])[],
    signal: AbortSignal,
  ): Promise<RespReply[]> {
    return await this.#control.call(key, commands, signal)
  }

  /** How the checkpoint of a job is reached. */
  reachOf(job: string): CheckpointReach {
    const target = targetText(this.#connection)
    // Where the server may drop keys, and that was accepted, a key that is gone tells nothing.
    if (this.#hashTag === undefined && !this.#config.allowsEviction)
      this.#witnesses = new WitnessKeys({
        job,
        control: this.#control,
        logger: this.#logger,
        target,
      })
    return {
      atomicity: this.#hashTag === undefined ? 'after-data' : 'with-data',
      call: async (key, commands, signal) => await this.#control.call(key, commands, signal),
      clientLists: async (signal) => await this.#control.callAll(['CLIENT', 'LIST'], signal),
      ...(this.#witnesses === undefined ? {} : { witnesses: this.#witnesses }),
    }
  }

  /** Ends all connections and says what happened on the way. */
  close(): void {
    this.#pipeline.close()
    this.#control.close()
    const { overwrittenKeys, repeatedElements } = this.#pipeline
    if (overwrittenKeys > 0) {
      this.#logger.warn(`${overwrittenKeys} keys held a value of another type and were overwritten`)
    }
    if (repeatedElements > 0 && !isIdempotent(this.#config.kind)) {
      this.#logger.warn(
        `up to ${repeatedElements} list elements may stand twice: connections were lost while they were being appended, and a cluster does not tell whether they were`,
      )
    }
  }
}
