import type { ClientConfig } from 'pg'
import type { DataSource, HostPort } from '@millrace/core/plugin'
import { applicationNameOf, connectTimeoutMsOf } from './connection-properties.ts'

const defaultPort = 5432
/** A connection that says nothing for so long is probed; the system's own default is two hours. */
const keepAliveDelayMs = 30_000

/** One place to try: a host, or the folder of a unix socket, and a port. */
export interface SourceAddress {
  readonly host: string
  readonly port: number
}

/** The addresses of a data source in the order in which they are tried. Never empty. */
export function sourceAddresses(dataSource: DataSource): readonly SourceAddress[] {
  const { socketPath } = dataSource
  if (socketPath !== undefined) {
    // The driver wants the folder; users also name the socket file in it.
    const file = /^(.*)\/\.s\.PGSQL\.(\d+)$/.exec(socketPath)
    return [{ host: file?.[1] ?? socketPath, port: Number(file?.[2] ?? defaultPort) }]
  }
  const hosts: readonly HostPort[] =
    dataSource.hosts.length > 0 ? dataSource.hosts : [{ host: '127.0.0.1' }]
  return hosts.map(({ host, port = defaultPort }) => ({ host, port }))
}

/** `host:port`, for messages. */
export function addressText({ host, port }: SourceAddress): string {
  return `${host}:${port}`
}

/** Options of the driver for one address. */
export function connectionOptions(dataSource: DataSource, address: SourceAddress): ClientConfig {
  const { user, password, database, tls, properties } = dataSource
  const serverOptions = properties['options'] ?? ''
  return {
    ...address,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(database === undefined || database === '' ? {} : { database }),
    ssl: tls === undefined ? false : { ...tls },
    ...(serverOptions === '' ? {} : { options: serverOptions }),
    application_name: applicationNameOf(dataSource),
    connectionTimeoutMillis: connectTimeoutMsOf(dataSource),
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveDelayMs,
  }
}
