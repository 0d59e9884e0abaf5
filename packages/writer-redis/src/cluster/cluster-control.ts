import type { Logger } from '@millrace/core/plugin'
import type { RedisWriterConfig } from '../config/writer-config.ts'
import { addressText } from '../connection/connection-options.ts'
import { scanError } from '../connection/server-errors.ts'
import type { KeyPattern } from '../output/default-key.ts'
import { AbortWatch } from '../pipeline/abort-watch.ts'
import { pause } from '../pipeline/pause.ts'
import { removeKeys } from '../pipeline/remove-keys.ts'
import { RetryClock } from '../pipeline/retry-clock.ts'
import { encodeCommand } from '../resp/bulk-connection.ts'
import type { RespReply } from '../resp/reply-parser.ts'
import { RespError } from '../resp/resp-error.ts'
import { ClusterLinks } from './cluster-links.ts'
import type { ClusterConnection } from './discover-cluster.ts'
import { keySlot } from './key-slot.ts'
import { sendCommands } from './send-commands.ts'

/** What a {@link ClusterControl} is made of. */
export interface ClusterControlOptions {
  readonly config: RedisWriterConfig
  readonly connection: ClusterConnection
  readonly logger: Logger
  /** Name that its connections have on the servers. */
  clientName(): string
}

interface Call {
  readonly key: string | Uint8Array
  readonly commands: readonly (readonly (string | Uint8Array)[])[]
  readonly resolve: (replies: RespReply[]) => void
  readonly reject: (error: unknown) => void
}

/**
 * Single commands about keys of a cluster, each sent to the owner of its key until it is answered. Calls made while
 * others are under way go together when those are answered, in the order they were made.
 */
export class ClusterControl {
  readonly #options: ClusterControlOptions
  readonly #links: ClusterLinks
  readonly #clock: RetryClock
  readonly #closed = new AbortController()
  readonly #aborts = new AbortWatch<Call>((call, reason) => call.reject(reason))
  #waiting: Call[] = []
  #isSending = false

  constructor(options: ClusterControlOptions) {
    this.#options = options
    this.#links = new ClusterLinks({
      connection: options.connection,
      logger: options.logger,
      clientName: () => options.clientName(),
      onLost: () => {},
      onDrain: () => {},
    })
    this.#clock = new RetryClock({
      retryTimeoutMs: options.config.retryTimeoutMs,
      target: this.#links.target,
      logger: options.logger,
    })
  }

  /**
   * Sends commands that are about one key; error replies are values. They may be applied more than once, and after an
   * abort, too.
   *
   * @throws what `sendCommands` throws
   */
  async call(
    key: Call['key'],
    commands: Call['commands'],
    signal: AbortSignal,
  ): Promise<RespReply[]> {
    signal.throwIfAborted()
    const { promise, resolve, reject } = withResolvers()
    const call = { key, commands, resolve, reject }
    this.#aborts.add(signal, call)
    this.#waiting.push(call)
    void this.#flush()
    try {
      return await promise
    } finally {
      this.#aborts.remove(signal, call)
    }
  }

  /** The master of a key, for messages. */
  async ownerOf(key: string, signal: AbortSignal): Promise<string> {
    const owner = (await this.#links.current(signal)).ownerOf(keySlot(Buffer.from(key)))
    return owner === undefined ? 'no master' : addressText(owner)
  }

  /** What every master answers to a command; those that cannot be reached are left out. */
  async callAll(command: readonly string[], signal: AbortSignal): Promise<RespReply[]> {
    const { masters } = await this.#links.current(signal)
    const replies = await Promise.all(
      masters.map(async (address) => {
        try {
          const connection = await this.#links.open(address, signal)
          return await connection.call([command])
        } catch {
          signal.throwIfAborted()
          return []
        }
      }),
    )
    return replies.flat()
  }

  /**
   * Removes every key that a pattern matches from all masters. Looks again until there is none, since slots may move meanwhile.
   *
   * @throws what `sendCommands` throws, or the reason of the signal
   */
  async removeKeys(pattern: KeyPattern, signal: AbortSignal): Promise<void> {
    for (let removed = 1; removed > 0;) {
      signal.throwIfAborted()
      try {
        removed = await this.#removeOnce(pattern, signal)
      } catch (error) {
        signal.throwIfAborted()
        if (!this.#links.isPassing(error)) throw error
        this.#links.distrust()
        await pause(this.#clock.nextPauseMs(error), signal)
      }
    }
    this.#clock.reset()
  }

  async #removeOnce(pattern: KeyPattern, signal: AbortSignal): Promise<number> {
    const { masters } = await this.#links.current(signal)
    let removed = 0
    for (const address of masters) {
      const connection = await this.#links.open(address, signal)
      removed += await removeKeys(pattern, {
        scan: async (command) => {
          const [reply = null] = await connection.call([command])
          if (reply instanceof RespError) throw scanError(reply, this.#links.target)
          return reply
        },
        remove: async (keys) => {
          await Promise.all(
            keys.map(async (key) => await this.call(key, [['UNLINK', key]], signal)),
          )
        },
      })
    }
    return removed
  }

  /** Ends the connections; calls that wait reject. */
  close(): void {
    this.#closed.abort(new Error('the Redis writer was closed'))
    this.#links.close()
  }

  async #flush(): Promise<void> {
    if (this.#isSending) return
    this.#isSending = true
    while (this.#waiting.length > 0) await this.#send(this.#waiting.splice(0))
    this.#isSending = false
  }

  async #send(calls: readonly Call[]): Promise<void> {
    const routed = calls.flatMap(({ key, commands }) => {
      const slot = keySlot(Buffer.from(key))
      const id = Buffer.from(key).toString('latin1')
      return commands.map((command) => ({
        slot,
        key: id,
        bytes: encodeCommand(command)[0] as Buffer,
      }))
    })
    try {
      const replies = await sendCommands(routed, {
        links: this.#links,
        addresses: this.#options.connection.cluster.addresses,
        clock: this.#clock,
        signal: this.#closed.signal,
        isIdempotent: true,
      })
      let from = 0
      for (const { commands, resolve } of calls) {
        resolve(replies.slice(from, from + commands.length))
        from += commands.length
      }
    } catch (error) {
      for (const { reject } of calls) reject(error)
    }
  }
}

function withResolvers(): Pick<Call, 'resolve' | 'reject'> & {
  readonly promise: Promise<RespReply[]>
} {
  let resolve: Call['resolve'] = () => {}
  let reject: Call['reject'] = () => {}
  const promise = new Promise<RespReply[]>((...settlers) => {
    ;[resolve, reject] = settlers
  })
  return { promise, resolve, reject }
}
