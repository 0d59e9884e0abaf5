import {
  PluginError,
  type CallOptions,
  type Checkpoint,
  type CheckpointContent,
  type CheckpointOwner,
  type Logger,
  type ProgressUpdate,
  type SplitProgress,
} from '@millrace/core/plugin'
import type { JsonValue } from '@millrace/core/record'
import type { RedisConnectionOptions } from '../connection/connection-options.ts'
import { targetText } from '../connection/connection-options.ts'
import { openBulk } from '../connection/open-bulk.ts'
import { classifyError, fatalError, unreachable } from '../connection/server-errors.ts'
import type { BulkConnection } from '../resp/bulk-connection.ts'
import type { RespReply } from '../resp/reply-parser.ts'
import { RespError } from '../resp/resp-error.ts'
import { checkpointKey, fields, type Guard } from './guard.ts'
import { checkpointGone, fenced } from './guard-error.ts'

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
  readonly logger: Logger
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

const acquireScript = `local r=redis.call('HGET',KEYS[1],'run') or ''
if r~=ARGV[1] then return 'changed' end
redis.call('HSET',KEYS[1],'run',ARGV[2],'owner',ARGV[3]) return 'ok'`

/** Replaces the whole hash, by the run that has the fence: pairs of field and value follow. */
const replaceScript = `local r=redis.call('HGET',KEYS[1],'run')
if r~=ARGV[1] then return r and (redis.call('HGET',KEYS[1],'owner') or r) or 'gone' end
redis.call('DEL',KEYS[1])
redis.call('HSET',KEYS[1],unpack(ARGV,2)) return 'ok'`

const releaseScript = `if redis.call('HGET',KEYS[1],'run')==ARGV[1] then
redis.call('HDEL',KEYS[1],'run','owner') end return 'ok'`

/** The checkpoint of a job as a hash in Redis, changed only by the run that holds its fence. */
export class RedisCheckpoint implements Checkpoint {
  readonly atomicity: Checkpoint['atomicity']
  readonly #options: RedisCheckpointOptions
  readonly #key: string
  readonly #target: string
  #owner: CheckpointOwner | undefined
  #connection: BulkConnection | undefined

  constructor(options: RedisCheckpointOptions) {
    this.#options = options
    this.atomicity = options.reach?.atomicity ?? 'with-data'
    this.#key = checkpointKey(options.job)
    this.#target = targetText(options.connection)
  }

  async read({ signal }: CallOptions): Promise<CheckpointContent | undefined> {
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
      const holder = textOf(runReply)
      // It was taken before, and the answer was lost.
      if (holder === owner.run) break
      if (holder !== undefined && (await this.#isAlive(holder, signal))) {
        if (performance.now() > deadlineMs) throw fenced(textOf(ownerReply) ?? holder, this.#target)
        await pause(livenessPauseMs, signal)
        continue
      }
      const args = [holder ?? '', owner.run, JSON.stringify(owner)]
      if ((await this.#eval(acquireScript, args, signal)) === 'ok') break
    }
    this.#options.onAcquired(owner.run)
  }

  async begin(header: JsonValue, { signal }: CallOptions): Promise<void> {
    const { run } = this.#holder()
    await this.#replace(
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

  async finish(header: JsonValue, { signal }: CallOptions): Promise<void> {
    await this.#replace([fields.format, format, fields.header, JSON.stringify(header)], signal)
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

  async #replace(pairs: readonly string[], signal: AbortSignal): Promise<void> {
    const answer = await this.#eval(replaceScript, [this.#holder().run, ...pairs], signal)
    if (answer === 'gone') throw checkpointGone(this.#target)
    if (answer !== 'ok') throw fenced(answer, this.#target)
  }

  /** Whether connections of a run are there. Where that may not be looked at, the fence alone has to do. */
  async #isAlive(run: string, signal: AbortSignal): Promise<boolean> {
    const { reach, logger } = this.#options
    const replies = await (reach === undefined
      ? this.#connectionCall([['CLIENT', 'LIST']], signal)
      : reach.clientLists(signal))
    const seen = replies.filter((reply) => !(reply instanceof RespError))
    if (seen.length === 0) {
      const refused = replies.find((reply) => reply instanceof RespError)
      logger.warn(
        `whether the run that holds the checkpoint still lives could not be seen (${refused?.message ?? 'no answer'}): it is taken over`,
      )
      return false
    }
    return seen.some((reply) => (textOf(reply) ?? '').includes(` name=${clientNameOf(run)} `))
  }

  async #eval(script: string, args: readonly string[], signal: AbortSignal): Promise<string> {
    const [reply] = await this.#call([['EVAL', script, '1', this.#key, ...args]], signal)
    return textOf(reply) ?? ''
  }

  /** Sends commands; throws for the first that is refused. */
  async #call(commands: readonly (readonly string[])[], signal: AbortSignal): Promise<RespReply[]> {
    const { reach } = this.#options
    const replies = await (reach === undefined
      ? this.#connectionCall(commands, signal)
      : reach.call(this.#key, commands, signal))
    const at = replies.findIndex((reply) => reply instanceof RespError)
    if (at < 0) return replies
    const error = replies[at] as RespError
    const command = commands[at]?.[0] ?? ''
    if (error.code === 'WRONGTYPE') throw foreignKey(this.#key, this.#target)
    if (classifyError(error) === 'retryable')
      throw unreachable(this.#target, new Error(error.message))
    throw fatalError(error, command, this.#target)
  }

  async #connectionCall(
    commands: readonly (readonly string[])[],
    signal: AbortSignal,
  ): Promise<RespReply[]> {
    const connection = await this.#open(signal)
    try {
      return await connection.call(commands)
    } catch (error) {
      this.#connection = undefined
      signal.throwIfAborted()
      throw unreachable(this.#target, error)
    }
  }

  async #open(signal: AbortSignal): Promise<BulkConnection> {
    signal.throwIfAborted()
    this.#connection ??= await openBulk(this.#options.connection, {
      signal,
      clientName: this.#owner === undefined ? 'millrace' : clientNameOf(this.#owner.run),
      onLost: () => {
        this.#connection = undefined
      },
      onDrain: () => {},
    })
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

function textOf(reply: RespReply | undefined): string | undefined {
  if (reply === null || reply === undefined) return undefined
  if (typeof reply === 'string' || typeof reply === 'number') return String(reply)
  return Buffer.isBuffer(reply) ? reply.toString('utf8') : undefined
}

function pairsOf(reply: RespReply | undefined): Map<string, string> {
  const pairs = new Map<string, string>()
  if (!Array.isArray(reply)) return pairs
  const items = reply as readonly RespReply[]
  for (let at = 0; at + 1 < items.length; at += 2)
    pairs.set(textOf(items[at]) ?? '', textOf(items[at + 1]) ?? '')
  return pairs
}

function splitsOf(pairs: ReadonlyMap<string, string>): Map<string, SplitProgress> {
  const prefix = fields.sequence('')
  const splits = new Map<string, SplitProgress>()
  for (const [field, sequence] of pairs) {
    if (!field.startsWith(prefix)) continue
    const split = field.slice(prefix.length)
    const record = pairs.get(fields.record(split)) ?? 'null'
    splits.set(split, { sequence: Number(sequence), record: JSON.parse(record) as JsonValue })
  }
  return splits
}

async function pause(pauseMs: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    const finish = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', finish)
      if (signal.aborted) reject(signal.reason as Error)
      else resolve()
    }
    const timer = setTimeout(finish, pauseMs)
    signal.addEventListener('abort', finish, { once: true })
  })
}
