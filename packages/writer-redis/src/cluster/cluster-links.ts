import { PluginError, type Logger } from '@millrace/core/plugin'
import { addressText, targetText } from '../connection/connection-options.ts'
import { BulkLink } from '../pipeline/bulk-link.ts'
import type { BulkConnection } from '../resp/bulk-connection.ts'
import type { ClusterMap } from './cluster-map.ts'
import { discoverCluster, connectionTo, type ClusterConnection } from './discover-cluster.ts'
import type { NodeAddress } from './redirect.ts'

/** What {@link ClusterLinks} are made of. */
export interface ClusterLinksOptions {
  readonly connection: ClusterConnection
  readonly logger: Logger
  /** Name that the connections have on the servers. */
  clientName(): string
  /** The connection to a node has ended by itself. */
  onLost(node: string, error: Error): void
  /** A connection takes more bytes again. */
  onDrain(): void
}

/** The map of a cluster, and one connection to each of its masters. */
export class ClusterLinks {
  readonly #options: ClusterLinksOptions
  readonly #links = new Map<string, BulkLink>()
  readonly #opening = new Map<string, Promise<BulkConnection>>()
  #map: ClusterMap | undefined
  #isStale = true
  #hasConnected = false
  /** Who is asked for the map first: it has told that slots have moved. */
  #informed: NodeAddress | undefined
  /** How often the map was read: another node is asked each time, since one may be cut off from the others. */
  #reads = 0

  constructor(options: ClusterLinksOptions) {
    this.#options = options
  }

  /** For messages. */
  get target(): string {
    return targetText(this.#options.connection)
  }

  /** The map as it was read last; undefined before the first time. */
  get map(): ClusterMap | undefined {
    return this.#map
  }

  /** Whether every master has its connection, and nothing is known against the map. */
  get isReady(): boolean {
    if (this.#map === undefined || this.#isStale) return false
    return this.#map.masters.every((address) => this.currentOf(address) !== undefined)
  }

  /** Whether all connections take bytes. */
  get isWritable(): boolean {
    return this.#map?.masters.every((address) => this.currentOf(address)?.isReady) ?? false
  }

  /** The open connection to a node. */
  currentOf(address: NodeAddress): BulkConnection | undefined {
    return this.#links.get(addressText(address))?.current
  }

  /** The connection to a node, opened where it is not. */
  async open(address: NodeAddress, signal: AbortSignal): Promise<BulkConnection> {
    const node = addressText(address)
    const opening = this.#opening.get(node) ?? this.#linkOf(address).open(signal)
    this.#opening.set(node, opening)
    try {
      const opened = await opening
      this.#hasConnected = true
      return opened
    } finally {
      this.#opening.delete(node)
    }
  }

  /** Brings map and connections up to date. Throws what `discoverCluster` and `openBulk` throw. */
  async openAll(signal: AbortSignal): Promise<ClusterMap> {
    const map = await this.current(signal)
    await Promise.all(map.masters.map(async (address) => await this.open(address, signal)))
    return map
  }

  /** The map, read anew where something is known against it. */
  async current(signal: AbortSignal): Promise<ClusterMap> {
    if (this.#map !== undefined && !this.#isStale) return this.#map
    const map = await discoverCluster(this.#options.connection, this.#candidates(), signal)
    this.#options.logger.debug(
      `read the slots of the cluster: ${map.masters.length} masters, ${map.uncovered} slots without one`,
    )
    this.#map = map
    this.#isStale = false
    this.#closeOthers(map)
    return map
  }

  /** Who may know the map, those with a connection first. */
  #candidates(): NodeAddress[] {
    const { masters = [], replicas = [] } = this.#map ?? {}
    const connected = masters.filter((address) => this.currentOf(address) !== undefined)
    const turn = connected.length === 0 ? 0 : this.#reads % connected.length
    this.#reads += 1
    return [
      ...(this.#informed === undefined ? [] : [this.#informed]),
      ...connected.slice(turn),
      ...connected.slice(0, turn),
      ...masters,
      ...replicas,
    ]
  }

  /** The map is to be read anew before it is used again; by this node first. */
  distrust(informed?: NodeAddress): void {
    this.#isStale = true
    this.#informed = informed
  }

  /** Whether an attempt that failed may succeed later. */
  isPassing(error: unknown): boolean {
    return !PluginError.isInstance(error) || (error.isRetryable && this.#hasConnected)
  }

  /** Ends all connections; what they carried is not to be applied any more. */
  forget(): void {
    for (const link of this.#links.values()) link.forget()
  }

  /** Ends all connections. */
  close(): void {
    for (const link of this.#links.values()) link.close()
  }

  #linkOf(address: NodeAddress): BulkLink {
    const node = addressText(address)
    let link = this.#links.get(node)
    if (link === undefined) {
      link = new BulkLink({
        connection: connectionTo(this.#options.connection, address),
        clientName: () => this.#options.clientName(),
        onLost: (error) => {
          this.distrust()
          this.#options.onLost(node, error)
        },
        onDrain: () => this.#options.onDrain(),
      })
      this.#links.set(node, link)
    }
    return link
  }

  /** What a node that serves nothing any more was sent is not to be applied if it comes back. */
  #closeOthers(map: ClusterMap): void {
    const masters = new Set(map.masters.map(addressText))
    for (const [node, link] of this.#links) if (!masters.has(node)) link.forget()
  }
}
