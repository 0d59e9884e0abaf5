import { PluginError, type Checkpoint, type Logger } from '@millrace/core/plugin'
import { targetText, type RedisConnectionOptions } from '../connection/connection-options.ts'
import { openBulk } from '../connection/open-bulk.ts'
import { classifyError, fatalError, retryable, unreachable } from '../connection/server-errors.ts'
import { pause } from '../pipeline/pause.ts'
import { RetryClock } from '../pipeline/retry-clock.ts'
import type { BulkConnection } from '../resp/bulk-connection.ts'
import type { RespReply } from '../resp/reply-parser.ts'
import { replyText } from '../resp/reply-text.ts'
import { RespError } from '../resp/resp-error.ts'
import type { Guard } from './guard.ts'

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
  /** Tells whether the servers still hold what they acknowledged. Absent: the checkpoint tells that by itself. */
  readonly witnesses?: Witnesses
}

/** Tells of servers besides that of the checkpoint whether they still hold what they acknowledged. */
export interface Witnesses {
  /** The job begins anew. */
  begin(of: Pick<Guard, 'key' | 'run'>, signal: AbortSignal): Promise<void>
  /** Throws PluginError TARGET_FAILED when something was lost. */
  check(of: Pick<Guard, 'key' | 'run'>, signal: AbortSignal): Promise<void>
  /** The job is complete. */
  end(signal: AbortSignal): Promise<void>
}

/** What {@link CheckpointCalls} are made of. */
export interface CheckpointCallsOptions {
  readonly connection: RedisConnectionOptions
  /** How long a call is tried again once the job is running. */
  readonly retryTimeoutMs: number
  readonly logger: Logger
  /** Absent: the checkpoint lies in a single Redis. */
  readonly reach?: CheckpointReach
}

/** Name of the connections of a run on the server: how another run sees that this one lives. */
export function clientNameOf(run: string): string {
  return `millrace:${run}`
}

/** Sends commands about a checkpoint to the server that has it. */
export class CheckpointCalls {
  readonly #options: CheckpointCallsOptions
  readonly #key: string
  readonly #target: string
  #connection: BulkConnection | undefined
  /** Whether the fence is this run's: what fails afterwards may be a passing fault. */
  isRunning = false
  /** The run whose name new connections have. */
  run: string | undefined

  constructor(key: string, options: CheckpointCallsOptions) {
    this.#key = key
    this.#options = options
    this.#target = targetText(options.connection)
  }

  /**
   * After a failover an old primary may still be there: what is read, and what concludes the job, must come from the
   * server that the sentinels name now.
   */
  lookAnew(): void {
    if (!this.isRunning || this.#options.connection.sentinel === undefined) return
    this.#connection?.close()
    this.#connection = undefined
  }

  /** Whether connections of a run are there. Where that may not be looked at, the fence alone has to do. */
  async isAlive(run: string, signal: AbortSignal): Promise<boolean> {
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

  /** Runs a script on the checkpoint. Throws what `call` throws. */
  async eval(script: string, args: readonly string[], signal: AbortSignal): Promise<string> {
    const [reply] = await this.call([['EVAL', script, '1', this.#key, ...args]], signal)
    return replyText(reply) ?? ''
  }

  /**
   * Sends commands. While the job runs, passing faults are waited out.
   *
   * @throws PluginError for the first that is refused, or the reason of the signal
   */
  async call(commands: readonly (readonly string[])[], signal: AbortSignal): Promise<RespReply[]> {
    const clock = new RetryClock({ ...this.#options, target: this.#target })
    for (;;) {
      try {
        return await this.#attempt(commands, signal)
      } catch (error) {
        signal.throwIfAborted()
        if (!this.isRunning || !PluginError.isInstance(error) || !error.isRetryable) throw error
        await pause(clock.nextPauseMs(error), signal)
      }
    }
  }

  /**
   * Sends commands once; error replies are values.
   *
   * @throws PluginError TARGET_UNREACHABLE, or the reason of the signal
   */
  async ask(commands: readonly (readonly string[])[], signal: AbortSignal): Promise<RespReply[]> {
    const { reach } = this.#options
    return await (reach === undefined
      ? this.#exchange(commands, signal)
      : reach.call(this.#key, commands, signal))
  }

  async #attempt(
    commands: readonly (readonly string[])[],
    signal: AbortSignal,
  ): Promise<RespReply[]> {
    const replies = await this.ask(commands, signal)
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
      clientName: this.run === undefined ? 'millrace' : clientNameOf(this.run),
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

  /** Ends the connection. */
  close(): void {
    this.#connection?.close()
    this.#connection = undefined
  }
}

function foreignKey(key: string, target: string): PluginError {
  return new PluginError({
    code: 'TARGET_UNFIT',
    message: `the key ${key} in Redis at ${target} is where the job keeps its checkpoint, and it holds a value of another type`,
    hint: 'Rename that key, or give the job another name with --name.',
  })
}
