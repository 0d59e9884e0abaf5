import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { DataSource, HostPort, TlsSettings } from '@millrace/core/plugin'
import type { ClusterNode, RedisOptions } from 'ioredis'

/** A server that does not answer within this time is taken for lost. */
const answerTimeoutMs = 30_000
const connectTimeoutMs = 10_000
const defaultPort = 6379
const defaultSentinelPort = 26_379

/** Options that leave the form of replies alone. */
export type ClientOptions = Omit<RedisOptions, 'replyMapping'>

/**
 * What the client connects with. It never reconnects by itself: whoever uses it decides that.
 *
 * @param attempt counts from 0: addresses are tried in turn
 */
export function clientOptions(source: DataSource, attempt: number): ClientOptions {
  const { user, password, database = '', tls, sentinel, socketPath, hosts } = source
  const address = hosts[attempt % Math.max(1, hosts.length)]
  return {
    ...(user ? { username: user } : {}),
    ...(password ? { password } : {}),
    ...(database.trim() === '' ? {} : { db: Number(database) }),
    ...(tls && { tls: tlsOptions(tls, address) }),
    ...(sentinel && sentinelOptions(sentinel, tls !== undefined)),
    ...(socketPath === undefined ? {} : { path: socketPath }),
    ...(address && !sentinel ? { host: address.host, port: address.port ?? defaultPort } : {}),
    lazyConnect: true,
    protocol: 2,
    disableClientInfo: true,
    enableReadyCheck: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    connectTimeout: connectTimeoutMs,
    commandTimeout: answerTimeoutMs,
  }
}

/** The nodes of a cluster to begin with. */
export function clusterNodes(nodes: readonly HostPort[]): ClusterNode[] {
  return nodes.map(({ host, port }) => ({ host, port: port ?? defaultPort }))
}

function sentinelOptions(
  { name, nodes, user, password, tls }: NonNullable<DataSource['sentinel']>,
  isTls: boolean,
): ClientOptions {
  return {
    name,
    sentinels: nodes.map(({ host, port }) => ({ host, port: port ?? defaultSentinelPort })),
    ...(user ? { sentinelUsername: user } : {}),
    ...(password ? { sentinelPassword: password } : {}),
    ...(tls && { sentinelTLS: tlsOptions(tls, nodes[0]), enableTLSForSentinelMode: true }),
    ...(isTls ? { enableTLSForSentinelMode: true } : {}),
    sentinelRetryStrategy: () => null,
  }
}

function tlsOptions(
  { ca, cert, key, rejectUnauthorized }: TlsSettings,
  address: HostPort | undefined,
): ConnectionOptions {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    rejectUnauthorized,
    ...(address && isIP(address.host) === 0 ? { servername: address.host } : {}),
  }
}
