import { connect, isIP } from 'node:net'
import type { ConnectionOptions } from 'mysql2'
import type { DataSource, HostPort } from '@millrace/core/plugin'
import { connectTimeoutMsOf } from './connection-properties.ts'

const defaultPort = 3306
/** A connection that says nothing for so long is probed; the system's own default is two hours. */
const keepAliveDelayMs = 30_000

/** One place to try: a host and port, or a socket. */
export interface SourceAddress {
  readonly host?: string
  readonly port?: number
  readonly socketPath?: string
}

/** The addresses of a data source in the order in which they are tried. Never empty. */
export function sourceAddresses(dataSource: DataSource): readonly SourceAddress[] {
  if (dataSource.socketPath !== undefined) return [{ socketPath: dataSource.socketPath }]
  const hosts: readonly HostPort[] =
    dataSource.hosts.length > 0 ? dataSource.hosts : [{ host: '127.0.0.1' }]
  return hosts.map(({ host, port = defaultPort }) => ({ host, port }))
}

/** `host:port`, or the path of the socket, for messages. */
export function addressText(address: SourceAddress): string {
  return address.socketPath ?? `${address.host}:${address.port}`
}

/**
 * Options of the driver for one address.
 *
 * Rows are decoded from the raw answer, so compression stays off, and the query command keeps its plain form.
 */
export function connectionOptions(
  dataSource: DataSource,
  address: SourceAddress,
): ConnectionOptions {
  const { user, password, database, tls } = dataSource
  return {
    ...address,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(database === undefined || database === '' ? {} : { database }),
    ...(tls === undefined
      ? {}
      : {
          ssl: { ...withoutUndefined(tls), verifyIdentity: tls.rejectUnauthorized },
          ...socketOf(address),
        }),
    charset: 'utf8mb4',
    connectTimeout: connectTimeoutMsOf(dataSource),
    enableKeepAlive: true,
    keepAliveInitialDelay: keepAliveDelayMs,
    flags: ['-CLIENT_QUERY_ATTRIBUTES', '-SESSION_TRACK', '-LOCAL_FILES'],
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    rowsAsArray: true,
    trace: false,
  }
}

/**
 * The socket for a server that is named by its IP address. The driver would compare the certificate with `localhost`: Node
 * takes the name from where it notes it for hosts it has looked up.
 */
function socketOf({ host, port }: SourceAddress): ConnectionOptions {
  if (host === undefined || port === undefined || isIP(host) === 0) return {}
  return {
    stream: () => {
      const socket = connect({
        host,
        port,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: keepAliveDelayMs,
      })
      return Object.assign(socket, { _host: host })
    },
  }
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as T
}
