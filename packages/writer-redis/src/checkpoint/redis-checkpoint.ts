import {
  PluginError,
  type CallOptions,
  type Checkpoint,
  type CheckpointContent,
  type CheckpointOwner,
  type Logger,
  type ProgressUpdate,
} from '@millrace/core/plugin'
import type { JsonValue } from '@millrace/core/record'
import type { RedisConnectionOptions } from '../connection/connection-options.ts'
import { targetText } from '../connection/connection-options.ts'
import { openBulk } from '../connection/open-bulk.ts'
import { classifyError, fatalError, retryable, unreachable } from '../connection/server-errors.ts'
import { pause } from '../pipeline/pause.ts'
import { RetryClock } from '../pipeline/retry-clock.ts'
import type { BulkConnection } from '../resp/bulk-connection.ts'
import type { RespReply } from '../resp/reply-parser.ts'
import { replyText } from '../resp/reply-text.ts'
import { RespError } from '../resp/resp-error.ts'
import { acquireScript, releaseScript, replaceScript } from './fence-scripts.ts'
import { checkpointKey, fields, type Guard } from './guard.ts'
import { checkpointGone, fenced, rewound } from './guard-error.ts'
import { pairsOf, splitsOf } from './stored-progress.ts'

/** How a checkpoint is reached that does not lie in a single Redis. */
export interface CheckpointReach {
  readonly atomicity: Checkpoint['atomicity']
  /** Sends commands about the checkpoint to the server that has it; error replies are values. */
  call(
    key: string,
    commands: readonly (readonly string[])[],
    signal: AbortSignal,
  ): Promise<RespReply[]>
  /** `CLIENT LIST` of every server on which a run has connections. */
  clientLists(signal: AbortSignal): Promise<RespReply[]>
}

/** What a checkpoint in Redis is made of. */
export interface RedisCheckpointOptions {
  readonly job: string
  readonly connection: RedisConnectionOptions
  /** How long a call is tried again once the job is running. */
  readonly retryTimeoutMs: number
  readonly logger: Logger
  /** Called when the job could not be concluded because the target went back in time. */
  onRewound(): void
  /** Absent: it lies in a single Redis. */
  readonly reach?: CheckpointReach
  /** Called when the fence is this run's. */
  onAcquired(run: string): void
  /** Sends a group without rows, behind the batches before it. */
  submit(guard: Guard, signal: AbortSignal): Promise<void>
}

const format = '1'
/** A server needs a moment to see that a killed process has closed its connections. */
const livenessTimeoutMs = 2_000
const livenessPauseMs = 100

/** Name of the connections of a run on the server: how another run sees that this one lives. */
export function clientNameOf(run: string): string {
  return `millrace:${run}`
}

/** The checkpoint of a job as a hash in Redis, changed only by the run that holds its fence. */
export class RedisCheckpoint implements Checkpoint {
  readonly atomicity: Checkpoint['atomicity']
  readonly #options: RedisCheckpointOptions
  readonly #key: string
  readonly #target: string
  #owner: CheckpointOwner | undefined
  /** Whether the fence is this run's: what fails afterwards may be a passing fault. */
  #isRunning = false
  #connection: BulkConnection | undefined

  constructor(options: RedisCheckpointOptions) {
    this.#options = options
    this.atomicity = options.reach?.atomicity ?? 'with-data'
    this.#key = checkpointKey(options.job)
    this.#target = targetText(options.connection)
  }

  async read({ signal }: CallOptions): Promise<CheckpointContent | undefined> {
    this.#lookAnew()
    const [reply] = await this.#call([['HGETALL', this.#key]], signal)
    const pairs = pairsOf(reply)
    const header = pairs.get(fields.header)
    if (header === undefined) return undefined
    if (pairs.get(fields.format) !== format) {
      throw new PluginError({
        code: 'TARGET_UNFIT',
        message: `the checkpoint ${this.#key} in Redis at ${this.#target} was written by another version of Millrace: it has format ${pairs.get(fields.format) ?? 'none'}, expected ${format}`,
        hint: 'Go on with the version that wrote it, or begin anew with --restart.',
      })
    }
    const owner = pairs.get(fields.owner)
    return {
      header: JSON.parse(header) as JsonValue,
      splits: splitsOf(pairs),
      owner: owner === undefined ? undefined : (JSON.parse(owner) as CheckpointOwner),
    }
  }

  async acquire(owner: CheckpointOwner, { signal }: CallOptions): Promise<void> {
    this.#owner = owner
    const deadlineMs = performance.now() + livenessTimeoutMs
    for (;;) {
      const [runReply, ownerReply] = await this.#call(
        [
          ['HGET', this.#key, fields.run],
          ['HGET', this.#key, fields.owner],
        ],
        signal,
      )
      const holder = replyText(runReply)
      // It was taken before, and the answer was lost.
      if (holder === owner.run) break
      if (holder !== undefined && (await this.#isAlive(holder, signal))) {
        if (performance.now() > deadlineMs)
          throw fenced(replyText(ownerReply) ?? holder, this.#target)
        await pause(livenessPauseMs, signal)
        continue
      }
      const args = [holder ?? '', owner.run, JSON.stringify(owner)]
      if ((await this.#eval(acquireScript, args, signal)) === 'ok') break
    }
    this.#isRunning = true
    this.#options.onAcquired(owner.run)
  }

  async begin(header: JsonValue, { signal }: CallOptions): Promise<void> {
    const { run } = this.#holder()
    await this.#replace(
      new Map(),
      [
        fields.format,
        format,
        fields.header,
        JSON.stringify(header),
        fields.run,
        run,
        fields.owner,
        JSON.stringify(this.#owner),
      ],
      signal,
    )
  }

  async update(progress: ProgressUpdate, { signal }: CallOptions): Promise<void> {
    await this.#options.submit(this.guardOf(progress), signal)
  }

  async finish(
    header: JsonValue,
    splits: ReadonlyMap<string, number>,
    { signal }: CallOptions,
  ): Promise<void> {
    this.#lookAnew()
    const { run } = this.#holder()
    await this.#replace(
      splits,
      [fields.format, format, fields.header, JSON.stringify(header), fields.ended, run],
      signal,
    )
    this.#owner = undefined
  }

  /** The guard of a batch that leaves this progress. */
  guardOf(progress: ProgressUpdate): Guard {
    const { split, expected, sequence, record } = progress
    return {
      key: this.#key,
      run: this.#holder().run,
      split,
      expected,
      progress: { sequence, record: JSON.stringify(record) },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const owner = this.#owner
    this.#owner = undefined
    try {
      // A fence that cannot be given back is seen to be free when the connections are gone.
      if (owner !== undefined)
        await this.#eval(releaseScript, [owner.run], AbortSignal.timeout(livenessTimeoutMs))
    } catch {
      this.#options.logger.debug('the fence could not be released')
    } finally {
      this.#connection?.close()
    }
  }

  #holder(): CheckpointOwner {
    if (this.#owner === undefined) throw new Error('the checkpoint has not been acquired')
    return this.#owner
  }

  async #replace(
    splits: ReadonlyMap<string, number>,
    pairs: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    const expected = [...splits].flatMap(([split, sequence]) => [split, String(sequence)])
    const args = [this.#holder().run, String(splits.size), ...expected, ...pairs]
    const answer = await this.#eval(replaceScript, args, signal)
    if (answer === 'ok') return
    if (answer === 'gone') throw checkpointGone(this.#target)
    if (answer !== 'rewound') throw fenced(answer.slice('fenced '.length), this.#target)
    this.#options.onRewound()
    throw rewound(this.#target)
  }

  /**
   * After a failover an old primary may still be there: what is read, and what concludes the job, must come from the
   * server that the sentinels name now.
   */
  #lookAnew(): void {
    if (!this.#isRunning || this.#options.connection.sentinel === undefined) return
    this.#connection?.close()
    this.#connection = undefined
  }

  /** Whether connections of a run are there. Where that may not be looked at, the fence alone has to do. */
  async #isAlive(run: string, signal: AbortSignal): Promise<boolean> {
    const { reach, logger } = this.#options
    const replies = await (reach === undefined
      ? this.#exchange([['CLIENT', 'LIST']], signal)
      : reach.clientLists(signal))
    const seen = replies.filter((reply) => !(reply instanceof RespError))
    if (seen.length === 0) {
      const refused = replies.find((reply) => reply instanceof RespError)
      logger.warn(
        `whether the run that holds the checkpoint still lives could not be seen (${refused?.message ?? 'no answer'}): it is taken over`,
      )
      return false
    }
    return seen.some((reply) => (replyText(reply) ?? '').includes(` name=${clientNameOf(run)} `))
  }

  async #eval(script: string, args: readonly string[], signal: AbortSignal): Promise<string> {
    const [reply] = await this.#call([['EVAL', script, '1', this.#key, ...args]], signal)
    return replyText(reply) ?? ''
  }

  /** Sends commands; throws for the first that is refused. While the job runs, passing faults are waited out. */
  async #call(commands: readonly (readonly string[])[], signal: AbortSignal): Promise<RespReply[]> {
    const clock = new RetryClock(this.#options.retryTimeoutMs, this.#target)
    for (;;) {
      try {
        return await this.#attempt(commands, signal)
      } catch (error) {
        signal.throwIfAborted()
        if (!this.#isRunning || !PluginError.isInstance(error) || !error.isRetryable) throw error
        await pause(clock.nextPauseMs(error), signal)
      }
    }
  }

  async #attempt(
    commands: readonly (readonly string[])[],
    signal: AbortSignal,
  ): Promise<RespReply[]> {
    const { reach } = this.#options
    const replies = await (reach === undefined
      ? this.#exchange(commands, signal)
      : reach.call(this.#key, commands, signal))
    const at = replies.findIndex((reply) => reply instanceof RespError)
    if (at < 0) return replies
    const error = replies[at] as RespError
    const command = commands[at]?.[0] ?? ''
    if (error.code === 'WRONGTYPE') throw foreignKey(this.#key, this.#target)
    if (classifyError(error) !== 'retryable') throw fatalError(error, command, this.#target)
    // A server that became a replica has to be left.
    this.#connection?.close()
    this.#connection = undefined
    throw retryable(unreachable(this.#target, new Error(error.message)))
  }

  /** Sends commands and waits for what is answered, until the signal ends the connection. */
  async #exchange(
    commands: readonly (readonly string[])[],
    signal: AbortSignal,
  ): Promise<RespReply[]> {
    const connection = await this.#open(signal)
    const onAbort = () => connection.close()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await connection.call(commands)
    } catch (error) {
      signal.throwIfAborted()
      throw retryable(unreachable(this.#target, error))
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  async #open(signal: AbortSignal): Promise<BulkConnection> {
    signal.throwIfAborted()
    if (this.#connection !== undefined) return this.#connection
    let opened: BulkConnection | undefined
    opened = await openBulk(this.#options.connection, {
      signal,
      clientName: this.#owner === undefined ? 'millrace' : clientNameOf(this.#owner.run),
      onLost: () => {
        if (this.#connection === opened) this.#connection = undefined
      },
      onDrain: () => {},
    })
    // Splits that go back at the same time open one each.
    if (this.#connection !== undefined) opened.close()
    this.#connection ??= opened
    return this.#connection
  }
}

function foreignKey(key: string, target: string): PluginError {
  return new PluginError({
    code: 'TARGET_UNFIT',
    message: `the key ${key} in Redis at ${target} is where the job keeps its checkpoint, and it holds a value of another type`,
    hint: 'Rename that key, or give the job another name with --name.',
  })
}
