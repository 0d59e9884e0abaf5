import type { MongoClientOptions } from 'mongodb'
import type { DataSource } from '@millrace/core/plugin'

const defaultTimeoutMs = 15_000

/** Properties of a data source that are handed to the driver, as it calls them; in the data source in any case. */
const passedProperties = [
  'appName',
  'authMechanism',
  'authMechanismProperties',
  'authSource',
  'compressors',
  'connectTimeoutMS',
  'directConnection',
  'heartbeatFrequencyMS',
  'loadBalanced',
  'localThresholdMS',
  'maxStalenessSeconds',
  'proxyHost',
  'proxyPort',
  'readConcernLevel',
  'readPreference',
  'readPreferenceTags',
  'replicaSet',
  'retryReads',
  'serverSelectionTimeoutMS',
  'socketTimeoutMS',
  'srvMaxHosts',
  'srvServiceName',
  'zlibCompressionLevel',
] as const

/** Names that DataWorks and other drivers have for some of them. */
const otherNames: Readonly<Record<string, (typeof passedProperties)[number]>> = {
  authdb: 'authSource',
  authtype: 'authMechanism',
  connecttimeout: 'connectTimeoutMS',
  sockettimeout: 'socketTimeoutMS',
}

/** What the driver is opened with. */
export interface ClientSettings {
  /** Without user and password. */
  readonly url: string
  readonly options: MongoClientOptions
}

/** The addresses of a data source, for messages: `a:27017, b:27017`. */
export function addressesText({ hosts, socketPath }: DataSource): string {
  if (socketPath !== undefined) return socketPath
  return hosts.map(({ host, port = 27_017 }) => `${host}:${port}`).join(', ')
}

/** The name of the replica set that the data source asks for, if any. */
export function wantedReplicaSet({ properties }: DataSource): string | undefined {
  return driverProperties(properties).get('replicaSet')
}

/**
 * What the driver is opened with for a data source.
 *
 * @param connections - that are used at the same time at most
 */
export function clientSettings(dataSource: DataSource, connections: number): ClientSettings {
  const { tls, properties } = dataSource
  const named = driverProperties(properties)
  const connectMs = Number(named.get('connectTimeoutMS') ?? defaultTimeoutMs)
  const timeoutMs = connectMs > 0 ? connectMs : defaultTimeoutMs
  const defaults = {
    appName: 'millrace',
    connectTimeoutMS: String(timeoutMs),
    serverSelectionTimeoutMS: String(timeoutMs),
  }
  const query = new URLSearchParams({ ...defaults, ...Object.fromEntries(named) })
  query.delete('authSource')
  query.delete('readPreferenceTags')
  for (const tags of named.get('readPreferenceTags')?.split(';') ?? [])
    query.append('readPreferenceTags', tags.trim())
  return {
    url: `${schemeOf(properties)}://${serversText(dataSource)}/?${query.toString()}`,
    options: {
      maxPoolSize: connections,
      // One connection less for every server; a failed command has it asked at once anyway.
      serverMonitoringMode: 'poll',
      ...loginOf(dataSource, named),
      ...(tls === undefined ? {} : { tls: true, ...withoutUndefined(tls) }),
    },
  }
}

/** The same data source, read from the primary whatever it says. */
export function onPrimary(dataSource: DataSource): DataSource {
  const { properties } = dataSource
  const others = Object.entries(properties).filter(
    ([name]) => !preferenceNames.has(name.toLowerCase()),
  )
  return { ...dataSource, properties: Object.fromEntries(others) }
}

const preferenceNames: ReadonlySet<string> = new Set([
  'readpreference',
  'readpreferencetags',
  'maxstalenessseconds',
])

/** What the driver calls a property of a data source; `undefined`: it is not handed on. */
export function driverNameOf(property: string): string | undefined {
  const lower = property.toLowerCase()
  return passedProperties.find((passed) => passed.toLowerCase() === lower) ?? otherNames[lower]
}

/** Names of the properties that are handed to the driver. */
export const driverPropertyNames: readonly string[] = passedProperties

function driverProperties(properties: DataSource['properties']): ReadonlyMap<string, string> {
  const named = new Map<string, string>()
  for (const [name, value] of Object.entries(properties)) {
    const known = driverNameOf(name)
    if (known !== undefined && value !== '') named.set(known, value)
  }
  return named
}

function schemeOf(properties: DataSource['properties']): string {
  return properties['srv'] === 'true' ? 'mongodb+srv' : 'mongodb'
}

function serversText({ hosts, socketPath, properties }: DataSource): string {
  if (socketPath !== undefined) return encodeURIComponent(socketPath)
  const [first] = hosts
  if (properties['srv'] === 'true' && first !== undefined) return first.host
  const named = hosts.length > 0 ? hosts : [{ host: '127.0.0.1' }]
  return named
    .map(({ host, port }) => {
      const shown = host.includes(':') ? `[${host}]` : host
      return port === undefined ? shown : `${shown}:${port}`
    })
    .join(',')
}

/** Without a password, and without a mechanism that needs none, nobody logs in: as DataX does. */
function loginOf(
  { user, password = '', database }: DataSource,
  named: ReadonlyMap<string, string>,
): MongoClientOptions {
  const mechanism = named.get('authMechanism')
  if (user === undefined || (password === '' && mechanism === undefined)) {
    return mechanism === 'MONGODB-X509' ? { authSource: '$external' } : {}
  }
  const own = named.get('authSource') ?? (database === '' ? undefined : database)
  const external = mechanism === 'MONGODB-X509' || mechanism === 'GSSAPI' ? '$external' : undefined
  return {
    auth: { username: user, ...(password === '' ? {} : { password }) },
    authSource: external ?? own ?? 'admin',
  }
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as T
}
