import {
  PluginError,
  type CallOptions,
  type Checkpoint,
  type CheckpointContent,
  type CheckpointOwner,
  type ProgressUpdate,
} from '@millrace/core/plugin'
import type { JsonValue } from '@millrace/core/record'
import { targetText } from '../connection/connection-options.ts'
import { pause } from '../pipeline/pause.ts'
import type { RespReply } from '../resp/reply-parser.ts'
import { replyText } from '../resp/reply-text.ts'
import { CheckpointCalls, type CheckpointCallsOptions, type Witnesses } from './checkpoint-calls.ts'
import { confirmWrites, type Durability } from './confirm-writes.ts'
import { acquireScript, amendScript, releaseScript, replaceScript } from './fence-scripts.ts'
import { checkpointKey, fields, requestsKey, type Guard } from './guard.ts'
import { checkpointGone, fenced, rewound } from './guard-error.ts'
import { pairsOf, splitsOf } from './stored-progress.ts'

/** What a checkpoint in Redis is made of. */
export interface RedisCheckpointOptions extends CheckpointCallsOptions {
  readonly job: string
  /** Hash tag of the data, where both stand in one slot of a cluster. */
  readonly hashTag?: string
  /** Called when the job could not be concluded because the target went back in time. */
  onRewound(): void
  /** Called when the fence is this run's. */
  onAcquired(run: string): void
  /** Sends a group without rows, behind the batches before it. */
  submit(guard: Guard, signal: AbortSignal): Promise<void>
}

const format = '1'
/** A server needs a moment to see that a killed process has closed its connections. */
const livenessTimeoutMs = 2_000
const livenessPauseMs = 100

/** The checkpoint of a job as a hash in Redis, changed only by the run that holds its fence. */
export class RedisCheckpoint implements Checkpoint {
  readonly atomicity: Checkpoint['atomicity']
  readonly #options: RedisCheckpointOptions
  readonly #key: string
  readonly #requestsKey: string
  readonly #target: string
  readonly #calls: CheckpointCalls
  #owner: CheckpointOwner | undefined
  /** Commands of which it was said that the user may not run them. */
  readonly #forbidden = new Set<string>()

  constructor(options: RedisCheckpointOptions) {
    this.#options = options
    this.atomicity = options.reach?.atomicity ?? 'with-data'
    this.#key = checkpointKey(options.job, options.hashTag)
    this.#requestsKey = requestsKey(options.job, options.hashTag)
    this.#target = targetText(options.connection)
    this.#calls = new CheckpointCalls(this.#key, options)
  }

  async read({ signal }: CallOptions): Promise<CheckpointContent | undefined> {
    this.#calls.lookAnew()
    const [reply] = await this.#calls.call([['HGETALL', this.#key]], signal)
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
    this.#own(owner)
    const deadlineMs = performance.now() + livenessTimeoutMs
    for (;;) {
      const [runReply, ownerReply] = await this.#calls.call(
        [
          ['HGET', this.#key, fields.run],
          ['HGET', this.#key, fields.owner],
        ],
        signal,
      )
      const holder = replyText(runReply)
      // It was taken before, and the answer was lost.
      if (holder === owner.run) break
      if (holder !== undefined && (await this.#calls.isAlive(holder, signal))) {
        if (performance.now() > deadlineMs)
          throw fenced(replyText(ownerReply) ?? holder, this.#target)
        await pause(livenessPauseMs, signal)
        continue
      }
      const args = [holder ?? '', owner.run, JSON.stringify(owner)]
      if ((await this.#calls.eval(acquireScript, args, signal)) === 'ok') break
    }
    this.#calls.isRunning = true
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
    await this.#witnesses?.begin({ key: this.#key, run }, signal)
  }

  async amend(header: JsonValue, { signal }: CallOptions): Promise<void> {
    const args = [this.#holder().run, fields.header, JSON.stringify(header)]
    const answer = await this.#calls.eval(amendScript, args, signal)
    if (answer !== 'ok') throw this.#refused(answer)
  }

  /** One that is spread over several masters confirms nothing. Throws TARGET_UNREACHABLE when the connection is lost. */
  async confirm({ signal }: CallOptions): Promise<Durability> {
    if (this.atomicity === 'after-data') return 'memory'
    return await confirmWrites({
      key: this.#key,
      ...(this.#owner === undefined ? {} : { run: this.#owner.run }),
      ask: async (commands) => await this.#calls.ask(commands, signal),
      onForbidden: (command) => this.#warnOfForbidden(command),
    })
  }

  async update(progress: ProgressUpdate, { signal }: CallOptions): Promise<void> {
    await this.#options.submit(this.guardOf(progress), signal)
  }

  async finish(
    header: JsonValue,
    splits: ReadonlyMap<string, number>,
    { signal }: CallOptions,
  ): Promise<void> {
    this.#calls.lookAnew()
    const { run } = this.#holder()
    await this.#witnesses?.check({ key: this.#key, run }, signal)
    await this.#replace(
      splits,
      [fields.format, format, fields.header, JSON.stringify(header), fields.ended, run],
      signal,
    )
    await this.#witnesses?.end(signal)
    this.#own(undefined)
  }

  async request(request: JsonValue, { signal }: CallOptions): Promise<void> {
    await this.#calls.call([['RPUSH', this.#requestsKey, JSON.stringify(request)]], signal)
  }

  async requests({ signal }: CallOptions): Promise<readonly JsonValue[]> {
    const [reply] = await this.#calls.call([['LRANGE', this.#requestsKey, '0', '-1']], signal)
    return (Array.isArray(reply) ? reply : []).map(
      (one: RespReply) => JSON.parse(replyText(one) ?? 'null') as JsonValue,
    )
  }

  async forgetRequests(count: number, { signal }: CallOptions): Promise<void> {
    await this.#calls.call([['LTRIM', this.#requestsKey, String(count), '-1']], signal)
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
    this.#own(undefined)
    try {
      // A fence that cannot be given back is seen to be free when the connections are gone.
      if (owner !== undefined)
        await this.#calls.eval(releaseScript, [owner.run], AbortSignal.timeout(livenessTimeoutMs))
    } catch {
      this.#options.logger.debug('the fence could not be released')
    } finally {
      this.#calls.close()
    }
  }

  #warnOfForbidden(command: string): void {
    if (this.#forbidden.has(command)) return
    this.#forbidden.add(command)
    this.#options.logger.warn(
      `the user may not run ${command}: how safe what was written is in Redis at ${this.#target} cannot be seen (ACL SETUSER … +${command.toLowerCase()})`,
    )
  }

  get #witnesses(): Witnesses | undefined {
    return this.#options.reach?.witnesses
  }

  #own(owner: CheckpointOwner | undefined): void {
    this.#owner = owner
    this.#calls.run = owner?.run
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
    const answer = await this.#calls.eval(replaceScript, args, signal)
    if (answer === 'ok') return
    if (answer !== 'rewound') throw this.#refused(answer)
    this.#options.onRewound()
    throw rewound(this.#target)
  }

  /** The error for what a script answered when the fence is not this run's. */
  #refused(answer: string): PluginError {
    return answer === 'gone'
      ? checkpointGone(this.#target)
      : fenced(answer.slice('fenced '.length), this.#target)
  }
}
