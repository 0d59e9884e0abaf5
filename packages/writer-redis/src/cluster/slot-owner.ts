import { PluginError } from '@millrace/core/plugin'
import { targetText, type RedisConnectionOptions } from '../connection/connection-options.ts'
import type { ClusterMap } from './cluster-map.ts'
import { discoverCluster, type ClusterConnection } from './discover-cluster.ts'
import type { NodeAddress } from './redirect.ts'

/** The connection to whichever master serves a slot: it is looked up before every connection is opened. */
export function connectionToSlot(
  connection: ClusterConnection,
  slot: number,
): RedisConnectionOptions {
  const owner = new SlotOwner(connection, slot)
  return { ...connection, locate: async (signal) => [await owner.locate(signal)] }
}

/** Knows where a slot is, from one node or another. */
class SlotOwner {
  readonly #connection: ClusterConnection
  readonly #slot: number
  #map: ClusterMap | undefined
  /** How often the map was read: another node is asked each time, since one may be cut off from the others. */
  #reads = 0

  constructor(connection: ClusterConnection, slot: number) {
    this.#connection = connection
    this.#slot = slot
  }

  /** Throws what `discoverCluster` throws, and PluginError TARGET_UNREACHABLE while nobody serves the slot. */
  async locate(signal: AbortSignal): Promise<NodeAddress> {
    const { masters = [], replicas = [] } = this.#map ?? {}
    const nodes = [...masters, ...replicas]
    const turn = nodes.length === 0 ? 0 : this.#reads % nodes.length
    this.#reads += 1
    const candidates = [...nodes.slice(turn), ...nodes.slice(0, turn)]
    this.#map = await discoverCluster(this.#connection, candidates, signal)
    const owner = this.#map.ownerOf(this.#slot)
    if (owner !== undefined) return owner
    throw new PluginError({
      code: 'TARGET_UNREACHABLE',
      message: `nobody serves slot ${this.#slot} of the cluster at ${targetText(this.#connection)}, where the keys of the job are`,
      hint: 'Repair it (redis-cli --cluster check <node>), then run the job again.',
      isRetryable: true,
    })
  }
}
