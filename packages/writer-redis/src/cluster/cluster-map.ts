import { addressText } from '../connection/connection-options.ts'
import type { RespReply } from '../resp/reply-parser.ts'
import { slotCount } from './key-slot.ts'
import { reachable, type AddressMap, type NodeAddress } from './redirect.ts'

/** Stands where nobody serves a slot. */
export const noOwner = 0xffff

/** Which master serves which slot. */
export class ClusterMap {
  /** The masters that serve slots, and those that were named by a redirection. */
  readonly masters: NodeAddress[] = []
  /** Replicas: they know the cluster as well. */
  readonly replicas: NodeAddress[] = []
  /** By slot the index of its master, or `noOwner`. */
  readonly owners = new Uint16Array(slotCount).fill(noOwner)
  readonly #indexes = new Map<string, number>()

  /** How many slots nobody serves. */
  get uncovered(): number {
    return this.owners.reduce((count, owner) => (owner === noOwner ? count + 1 : count), 0)
  }

  /** The master of a slot. */
  ownerOf(slot: number): NodeAddress | undefined {
    return this.masters[this.owners[slot] as number]
  }

  /** Gives slots, both ends included, to a master. */
  assign(from: number, to: number, address: NodeAddress): void {
    const text = addressText(address)
    let index = this.#indexes.get(text)
    if (index === undefined) {
      index = this.masters.push(address) - 1
      this.#indexes.set(text, index)
    }
    this.owners.fill(index, from, to + 1)
  }
}

/**
 * Reads the reply of `CLUSTER SLOTS`; `undefined` when it is none. Nodes are named as they want to be reached: by address
 * or by host name.
 */
export function readClusterMap(
  reply: RespReply | undefined,
  asked: NodeAddress,
  addresses: AddressMap,
): ClusterMap | undefined {
  if (!isList(reply)) return undefined
  const map = new ClusterMap()
  for (const range of reply) {
    if (!isList(range)) return undefined
    const [from, to, master, ...replicas] = range
    const address = nodeOf(master, asked, addresses)
    if (typeof from !== 'number' || typeof to !== 'number' || address === undefined)
      return undefined
    map.assign(from, to, address)
    for (const replica of replicas) {
      const node = nodeOf(replica, asked, addresses)
      if (node !== undefined) map.replicas.push(node)
    }
  }
  return map
}

function nodeOf(
  node: RespReply | undefined,
  asked: NodeAddress,
  addresses: AddressMap,
): NodeAddress | undefined {
  if (!isList(node)) return undefined
  const [host, port] = node
  if (typeof port !== 'number') return undefined
  return reachable(Buffer.isBuffer(host) ? host.toString('utf8') : '', port, asked, addresses)
}

function isList(reply: RespReply | undefined): reply is readonly RespReply[] {
  return Array.isArray(reply)
}
