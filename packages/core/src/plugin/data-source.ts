/** One server address. */
export interface HostPort {
  /** Name or address of the server. */
  readonly host: string
  /** Absent: the default port of the server. */
  readonly port?: number
}

/** TLS settings; the texts are PEM, already read from the files the user named. */
export interface TlsSettings {
  /** Certificates of the authorities that are trusted; absent: those of Node. */
  readonly ca?: string
  /** Certificate of the client, where the server asks for one. */
  readonly cert?: string
  /** Private key of `cert`: a secret. */
  readonly key?: string
  /** Default true. */
  readonly rejectUnauthorized: boolean
}

/**
 * A connection the user has named, in one normal form whatever it was written as (a URL, single fields, DataWorks'
 * `address`/`username`, DataX's `jdbcUrl`). Secrets are resolved.
 */
export interface DataSource {
  /** The name in the job, or a URL without its password. */
  readonly name: string
  /** `mysql`, `mariadb`, `postgresql`, `redis`, … in lower case, aliases resolved. */
  readonly type: string
  /** Addresses to try in order; empty when `socketPath`, `cluster` or `sentinel` says where. */
  readonly hosts: readonly HostPort[]
  /** Unix socket of a server on this machine. */
  readonly socketPath?: string
  /** Who logs in; absent: the default user of the server, or no login. */
  readonly user?: string
  /** A secret: it may stand in no message, error or identity, nor in anything that a checkpoint keeps. */
  readonly password?: string
  /** Database name; for Redis the index, as text. */
  readonly database?: string
  /** Present: TLS is on. */
  readonly tls?: TlsSettings
  /** Nodes of a Redis cluster, of which one that answers tells the others. */
  readonly cluster?: readonly HostPort[]
  /** Redis sentinels, and the name under which they know the master. */
  readonly sentinel?: {
    readonly name: string
    readonly nodes: readonly HostPort[]
    /** Login at the sentinels, which have users of their own. */
    readonly user?: string
    readonly password?: string
    /** Present: the sentinels are reached over TLS. */
    readonly tls?: TlsSettings
  }
  /** Driver properties (`properties` of DataWorks, the query of a URL), unknown ones included. */
  readonly properties: Readonly<Record<string, string>>
}

/** A place in a plugin's parameters that names a connection. */
export interface DataSourceReference {
  /** Path inside the parameters, for messages with file, line and column. */
  readonly path: readonly (string | number)[]
  /** The name as written: a name of the data source file, or a URL. Absent for an inline one. */
  readonly name?: string
  /** Connection fields that stand in the job itself (DataX: `jdbcUrl`, `username`, `password`). */
  readonly inline?: Readonly<Record<string, unknown>>
}
