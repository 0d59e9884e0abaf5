import type { DataSource, HostPort } from '@millrace/core/plugin'
import type { ClientConfig } from 'pg'

const defaultPort = 5432
const defaultConnectTimeoutMs = 15_000
const socketFile = /^(.*)\/\.s\.PGSQL\.(\d+)$/

/** One place where the server may be. */
export interface Address {
  /** Host name, or the folder of a Unix socket. */
  readonly host: string
  readonly port: number
  /** For messages: `127.0.0.1:5432`. */
  readonly label: string
}

/** The addresses of a data source, in the order in which they are tried. */
export function addressesOf(source: DataSource): Address[] {
  if (source.socketPath !== undefined) {
    const [, folder, port] = socketFile.exec(source.socketPath) ?? []
    const host = folder ?? source.socketPath
    return [{ host, port: Number(port ?? defaultPort), label: source.socketPath }]
  }
  const hosts: readonly HostPort[] =
    source.hosts.length > 0 ? source.hosts : [{ host: '127.0.0.1' }]
  return hosts.map(({ host, port = defaultPort }) => ({ host, port, label: `${host}:${port}` }))
}

/** What `pg` needs to connect to one address; every value arrives as the text the server sent. */
export function clientConfig(source: DataSource, address: Address): ClientConfig {
  const connectTimeout = Number(
    source.properties['connectTimeout'] ?? source.properties['connect_timeout'] ?? '',
  )
  return {
    host: address.host,
    port: address.port,
    application_name: 'millrace',
    keepAlive: true,
    connectionTimeoutMillis: connectTimeout > 0 ? connectTimeout * 1000 : defaultConnectTimeoutMs,
    ssl: sslOf(source),
    types: { getTypeParser: () => (value: unknown) => value },
    ...(source.user === undefined ? {} : { user: source.user }),
    ...(source.password === undefined ? {} : { password: source.password }),
    ...(source.database === undefined ? {} : { database: source.database }),
  }
}

/** TLS as the data source says it; else as `sslmode` does, in the sense of libpq. */
function sslOf(source: DataSource): NonNullable<ClientConfig['ssl']> {
  if (source.tls !== undefined) {
    const { ca, cert, key, rejectUnauthorized } = source.tls
    return {
      rejectUnauthorized,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    }
  }
  const mode = source.properties['sslmode']
  if (mode === 'require') return { rejectUnauthorized: false }
  return mode === 'verify-ca' || mode === 'verify-full' ? { rejectUnauthorized: true } : false
}
