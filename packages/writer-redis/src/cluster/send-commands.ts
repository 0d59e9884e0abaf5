import { addressText } from '../connection/connection-options.ts'
import { classifyError } from '../connection/server-errors.ts'
import type { RetryClock } from '../pipeline/retry-clock.ts'
import { encodeCommand } from '../resp/bulk-connection.ts'
import type { RespReply } from '../resp/reply-parser.ts'
import { RespError } from '../resp/resp-error.ts'
import type { ClusterLinks } from './cluster-links.ts'
import type { ClusterMap } from './cluster-map.ts'
import { pause } from '../pipeline/pause.ts'
import { redirectOf, type AddressMap, type NodeAddress } from './redirect.ts'

/** A command on its way to the owner of its slot. */
export interface RoutedCommand {
  readonly slot: number
  /** The same text for the same key only. */
  readonly key: string
  readonly bytes: Uint8Array
}

/** How commands are sent. */
export interface SendOptions {
  readonly links: ClusterLinks
  readonly addresses: AddressMap
  readonly clock: RetryClock
  readonly signal: AbortSignal
  /** Whether a command may be applied twice. */
  readonly isIdempotent: boolean
  /** Commands were sent again without it being known whether they had been applied. */
  onUnknown?(count: number): void
}

interface Group {
  readonly address: NodeAddress
  readonly isAsking: boolean
  readonly items: number[]
}

const [asking] = encodeCommand(['ASKING']) as [Uint8Array]

/**
 * Sends commands to the owners of their slots until all are answered; gives the replies in the same order. Redirections
 * are followed; what a server cannot take now, or was lost on the way, is sent again. Commands of one key keep their
 * order: when one is sent again, those of the same key behind it are, too, where they may be.
 *
 * @throws PluginError when it takes too long or the cluster can never be reached; the reason of the signal
 */
export async function sendCommands(
  commands: readonly RoutedCommand[],
  options: SendOptions,
): Promise<RespReply[]> {
  const sending = new Sending(commands, options)
  return await sending.run()
}

class Sending {
  readonly #commands: readonly RoutedCommand[]
  readonly #options: SendOptions
  readonly #replies: RespReply[]
  /** Where commands of a key have to ask, after `ASK`. */
  #asks = new Map<string, NodeAddress>()
  #failed = new Set<number>()
  #cause: unknown
  #mustPause = false

  constructor(commands: readonly RoutedCommand[], options: SendOptions) {
    this.#commands = commands
    this.#options = options
    this.#replies = commands.map(() => null)
  }

  async run(): Promise<RespReply[]> {
    let pending = this.#commands.map((_, at) => at)
    for (let round = 0; pending.length > 0; round += 1) {
      await this.#sendOnce(pending)
      if (this.#failed.size === 0) break
      pending = this.#again(pending)
      // A slot on its way may send a command to and fro for a while.
      if (this.#mustPause || round > 1) await this.#pause(this.#cause)
    }
    this.#options.clock.reset()
    return this.#replies
  }

  async #sendOnce(pending: readonly number[]): Promise<void> {
    const { links, signal } = this.#options
    const asks = this.#asks
    this.#asks = new Map()
    this.#failed = new Set()
    this.#mustPause = false
    let map: ClusterMap
    try {
      map = await links.current(signal)
    } catch (error) {
      this.#fail(pending, error)
      return
    }
    const groups = this.#group(pending, map, asks)
    await Promise.all(groups.map(async (group) => await this.#sendGroup(group)))
  }

  #group(pending: readonly number[], map: ClusterMap, asks: ReadonlyMap<string, NodeAddress>) {
    const groups = new Map<string, Group>()
    for (const at of pending) {
      const { slot, key } = this.#commands[at] as RoutedCommand
      const asked = asks.get(key)
      const address = asked ?? map.ownerOf(slot)
      if (address === undefined) {
        this.#options.links.distrust()
        this.#fail([at], new Error(`no node serves slot ${slot}`))
        continue
      }
      const id = `${asked === undefined ? '' : 'asking '}${addressText(address)}`
      const group = groups.get(id)
      if (group !== undefined) group.items.push(at)
      else groups.set(id, { address, isAsking: asked !== undefined, items: [at] })
    }
    return [...groups.values()]
  }

  async #sendGroup({ address, isAsking, items }: Group): Promise<void> {
    const { links, signal } = this.#options
    const payload = items.flatMap((at) => {
      const { bytes } = this.#commands[at] as RoutedCommand
      return isAsking ? [asking, bytes] : [bytes]
    })
    let isSent = false
    try {
      const connection = await links.open(address, signal)
      isSent = true
      const replies = await connection.collect([Buffer.concat(payload)], payload.length)
      for (const [index, at] of items.entries())
        this.#take(at, replies[isAsking ? 2 * index + 1 : index] ?? null, address)
    } catch (error) {
      links.distrust()
      this.#fail(items, error)
      if (isSent) this.#options.onUnknown?.(items.length)
    }
  }

  #take(at: number, reply: RespReply, address: NodeAddress): void {
    this.#replies[at] = reply
    if (!(reply instanceof RespError)) return
    const { links, addresses } = this.#options
    const redirect = redirectOf(reply, address, addresses)
    if (redirect?.kind === 'moved') {
      links.distrust(redirect.address)
      this.#failed.add(at)
      this.#cause = new Error(reply.message)
    } else if (redirect !== undefined) {
      const { key } = this.#commands[at] as RoutedCommand
      this.#asks.set(key, redirect.address)
      this.#failed.add(at)
      this.#cause = new Error(reply.message)
    } else if (classifyError(reply) === 'retryable') {
      if (reply.code === 'CLUSTERDOWN' || reply.code === 'READONLY') links.distrust()
      this.#fail([at], new Error(reply.message))
    }
  }

  #fail(items: readonly number[], cause: unknown): void {
    this.#options.signal.throwIfAborted()
    if (!this.#options.links.isPassing(cause)) throw cause
    for (const at of items) this.#failed.add(at)
    this.#cause = cause
    this.#mustPause = true
  }

  /** What has to be sent again. */
  #again(pending: readonly number[]): number[] {
    if (!this.#options.isIdempotent) return pending.filter((at) => this.#failed.has(at))
    const keys = new Set<string>()
    return pending.filter((at) => {
      const { key } = this.#commands[at] as RoutedCommand
      if (this.#failed.has(at)) keys.add(key)
      return keys.has(key)
    })
  }

  async #pause(cause: unknown): Promise<void> {
    const { clock, signal } = this.#options
    await pause(clock.nextPauseMs(cause), signal)
  }
}
