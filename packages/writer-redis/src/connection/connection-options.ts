import {
  PluginError,
  type DataSource,
  type HostPort,
  type TlsSettings,
} from '@millrace/core/plugin'
import type { RedisWriterConfig } from '../config/writer-config.ts'

/** Where one server listens. */
export type RedisAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** The sentinels that know where the primary is. */
export interface SentinelGroup {
  /** Name of the primary. */
  readonly name: string
  readonly nodes: readonly RedisAddress[]
  readonly user?: string
  readonly password?: string
  readonly tls?: TlsSettings
}

/** How both the control path and the data path connect. */
export interface RedisConnectionOptions {
  /** Name of the data source, for messages. */
  readonly name: string
  /** To be tried in order; at least one, unless sentinels say where. */
  readonly addresses: readonly RedisAddress[]
  /** Present: asked for the address before every connection. */
  readonly sentinel?: SentinelGroup
  /** Present: gives the addresses instead, before every connection, since the server may be another by then. */
  locate?(signal: AbortSignal): Promise<readonly RedisAddress[]>
  readonly user?: string
  readonly password?: string
  /** Index of the database. */
  readonly database: number
  readonly tls?: TlsSettings
  /** For connecting and for the round trip of a batch. */
  readonly timeoutMs: number
  /** The target is a cluster: the addresses are nodes to begin with. */
  readonly cluster?: {
    /** Where nodes are reached from here, by the address that they announce. */
    readonly addresses: ReadonlyMap<string, Extract<RedisAddress, { kind: 'tcp' }>>
  }
}

const defaultPort = 6379
const defaultSentinelPort = 26_379
/** Nothing that answers needs longer to accept a connection. */
const maxConnectTimeoutMs = 10_000

/** Milliseconds that opening a connection may take. */
export function connectTimeoutMs(options: RedisConnectionOptions): number {
  return Math.min(options.timeoutMs, maxConnectTimeoutMs)
}

/**
 * Brings data source and parameters together: `selectDatabase` wins over the data source's database.
 *
 * @throws PluginError CONFIG_INVALID when the data source names no server, a database that is no index, or one that a
 * cluster does not have
 */
export function resolveConnection(
  dataSource: DataSource | undefined,
  config: RedisWriterConfig,
): RedisConnectionOptions {
  if (dataSource === undefined) {
    throw invalid('the Redis writer has no data source', 'Name one in "datasource".')
  }
  const { name, user, password, tls } = dataSource
  const cluster = clusterOf(dataSource, config)
  const addresses = addressesOf(dataSource)
  const sentinel = sentinelOf(dataSource)
  if (addresses.length === 0 && sentinel === undefined) {
    throw invalid(`data source ${name} names no server`, 'Give a url, or host and port.')
  }
  return {
    name,
    addresses,
    ...(sentinel === undefined ? {} : { sentinel }),
    ...(user === undefined || user === '' ? {} : { user }),
    ...(password === undefined || password === '' ? {} : { password }),
    database: config.database ?? databaseOf(dataSource),
    ...(tls === undefined ? {} : { tls }),
    timeoutMs: config.timeoutMs,
    ...(cluster === undefined ? {} : { cluster }),
  }
}

/** An address as messages show it. */
export function addressText(address: RedisAddress): string {
  if (address.kind === 'unix') return address.path
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return `${host}:${address.port}`
}

/** All addresses, or the one that was tried, as messages show them: with the data source they come from. */
export function targetText(
  { name, addresses, sentinel }: RedisConnectionOptions,
  tried: readonly RedisAddress[] = addresses,
): string {
  const places =
    tried.length === 0 && sentinel !== undefined
      ? `the primary ${sentinel.name} of the sentinels ${sentinel.nodes.map(addressText).join(', ')}`
      : tried.map(addressText).join(', ')
  return name.includes('://') ? places : `${places} (data source ${name})`
}

function addressesOf(dataSource: DataSource): readonly RedisAddress[] {
  if (dataSource.socketPath !== undefined) return [{ kind: 'unix', path: dataSource.socketPath }]
  const nodes = [...(dataSource.cluster ?? []), ...dataSource.hosts]
  return nodes.map((host) => tcpAddress(host, defaultPort))
}

function tcpAddress(
  { host, port }: HostPort,
  otherwise: number,
): Extract<RedisAddress, { kind: 'tcp' }> {
  return { kind: 'tcp', host, port: port ?? otherwise }
}

function sentinelOf({ sentinel }: DataSource): SentinelGroup | undefined {
  if (sentinel === undefined) return undefined
  return { ...sentinel, nodes: sentinel.nodes.map((node) => tcpAddress(node, defaultSentinelPort)) }
}

function clusterOf(
  dataSource: DataSource,
  config: RedisWriterConfig,
): RedisConnectionOptions['cluster'] {
  if (dataSource.cluster === undefined && !config.isCluster) return undefined
  const { name } = dataSource
  const database = config.database ?? databaseOf(dataSource)
  if (database !== 0) {
    throw invalid(
      `data source ${name} is a cluster, which has only database 0; database ${database} is selected`,
      'Remove selectDatabase, and the database of the data source.',
    )
  }
  if (dataSource.socketPath !== undefined) {
    throw invalid(
      `data source ${name} names a unix socket, and the target is a cluster`,
      'Name nodes of the cluster by host and port.',
    )
  }
  return { addresses: addressMapOf(dataSource) }
}

/** Reads `natMap`: `10.0.0.1:6379=127.0.0.1:7001,10.0.0.2:6379=127.0.0.1:7002`. */
function addressMapOf({
  name,
  properties,
}: DataSource): Map<string, Extract<RedisAddress, { kind: 'tcp' }>> {
  const addresses = new Map<string, Extract<RedisAddress, { kind: 'tcp' }>>()
  for (const entry of (properties['natMap'] ?? '').split(',')) {
    if (entry.trim() === '') continue
    const [, announced, host, port] = /^\s*([^=\s]+:\d+)=([^=\s]+):(\d+)\s*$/.exec(entry) ?? []
    if (announced === undefined || host === undefined) {
      throw invalid(
        `data source ${name}: natMap holds ${JSON.stringify(entry.trim())}, expected announced-host:port=host:port`,
        'Write pairs with commas between them: "10.0.0.1:6379=127.0.0.1:7001,10.0.0.2:6379=127.0.0.1:7002".',
      )
    }
    addresses.set(announced, { kind: 'tcp', host, port: Number(port) })
  }
  return addresses
}

function databaseOf(dataSource: DataSource): number {
  const text = (dataSource.database ?? '').trim()
  if (text === '') return 0
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw invalid(
    `data source ${dataSource.name}: expected the index of a Redis database, found ${JSON.stringify(text)}`,
    'Redis databases are numbered from 0.',
  )
}

function invalid(message: string, hint: string): PluginError {
  return new PluginError({ code: 'CONFIG_INVALID', message, hint })
}
