import type { ConfigPath } from '../config/config-path.ts'
import { suggestKey } from '../config/suggest-key.ts'
import type { DataSource, HostPort } from '../plugin/data-source.ts'
import { parseConnectionUrl, parseHostPort, type ConnectionUrl } from './connection-url.ts'
import { canonicalType, dataSourceTypes } from './data-source-types.ts'
import type { DataSourceFields } from './data-source-schema.ts'
import {
  fillEnvironment,
  isEnvironmentReference,
  maskEnvironment,
  type Environment,
  type OnProblem,
} from './environment-secrets.ts'
import { propertiesOf, writtenProperties } from './source-properties.ts'
import { saidOfTls, sentinelTlsOf, tlsOf } from './tls-of-source.ts'
import { tlsOfProperties } from './url-tls.ts'

/** What a data source is read with. */
export interface DataSourceContext {
  /** Name for messages and for `DataSource.name`. */
  readonly name: string
  /** Type of an entry that does not say it, if the place it stands in does. */
  readonly defaultType?: string | undefined
  /** Folder that paths of files start from. */
  readonly folder: string
  readonly environment: Environment
  /** Path of the entry's fields, for problems. */
  readonly base: ConfigPath
  readonly onProblem: OnProblem
}

type RawHost = string | { host: string; port?: number | undefined }

/** The normal form of a data source; `undefined` when errors were reported. */
export async function toDataSource(
  raw: DataSourceFields,
  context: DataSourceContext,
): Promise<DataSource | undefined> {
  let isFine = true
  const { base } = context
  const fail = (key: string, message: string, hint?: string): undefined => {
    isFine = false
    context.onProblem('error', [...base, key], { message, ...(hint === undefined ? {} : { hint }) })
    return undefined
  }
  const fields = fillFields(raw, context.environment, fail)
  const url = urlOf(fields, context, fail)
  const type = typeOf(fields, url, context, fail)
  const server = serverOf(fields, url, fail)
  const counting: DataSourceContext = {
    ...context,
    onProblem: (severity, path, text) => {
      isFine &&= severity !== 'error'
      context.onProblem(severity, path, text)
    },
  }
  const { tls: named, others: properties } = tlsOfProperties(writtenProperties(fields))
  const tls = await tlsOf(fields, saidOfTls(url?.tls, named), counting)
  const sentinelTls = await sentinelTlsOf(fields, tls, counting)
  const database = blankless(fields.database) ?? url?.database
  if (type === 'redis' && database !== undefined && !/^\d+$/.test(database)) {
    fail('database', 'expected the index of a Redis database, a number from 0')
  }
  const user = blankless(fields.user) ?? blankless(fields.username) ?? url?.user
  const password = blankless(fields.password) ?? blankless(url?.password)
  if (!isFine || type === undefined || server === undefined) return undefined
  return {
    name: context.name,
    type,
    ...server,
    ...(server.sentinel === undefined || sentinelTls === undefined
      ? {}
      : { sentinel: { ...server.sentinel, tls: sentinelTls } }),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(database === undefined ? {} : { database }),
    ...(tls === undefined ? {} : { tls }),
    properties: propertiesOf(fields, properties, url),
  }
}

type Fail = (key: string, message: string, hint?: string) => undefined

function blankless(text: string | null | undefined): string | undefined {
  return text === null || text === undefined || text.trim() === '' ? undefined : text
}

/** Fills `${env:NAME}` in every text but the URLs, which are taken apart first. */
function fillFields(raw: DataSourceFields, environment: Environment, fail: Fail): DataSourceFields {
  const fill = (value: unknown, key: string): unknown => {
    if (typeof value === 'string') {
      return fillEnvironment(value, environment, (name) => missingVariable(fail, key, name))
    }
    if (Array.isArray(value)) return value.map((item) => fill(item, key))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, child]) => [name, fill(child, key)]),
    )
  }
  const filled: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(raw)) {
    filled[key] = key === 'url' || key === 'jdbcUrl' ? value : fill(value, key)
  }
  return filled as DataSourceFields
}

function missingVariable(fail: Fail, key: string, name: string): void {
  fail(key, `the environment variable ${name} is not set`, `Set it: export ${name}=...`)
}

/** What the URL says; several JDBC URLs give their hosts in order. */
function urlOf(
  fields: DataSourceFields,
  context: DataSourceContext,
  fail: Fail,
): ConnectionUrl | undefined {
  const key = blankless(fields.url) === undefined ? 'jdbcUrl' : 'url'
  const given = key === 'url' ? [fields.url ?? ''] : [fields.jdbcUrl ?? []].flat()
  const urls: ConnectionUrl[] = []
  for (const text of given) {
    if (text.trim() === '') continue
    const onMissing = (name: string): void => missingVariable(fail, key, name)
    const whole = isEnvironmentReference(text)
      ? fillEnvironment(text.trim(), context.environment, onMissing)
      : text
    if (whole === '') continue
    const { masked, restore } = maskEnvironment(whole, context.environment, onMissing)
    const url = parseConnectionUrl(masked, restore)
    if ('problem' in url) fail(key, url.problem, url.hint)
    else urls.push(url)
  }
  const [first] = urls
  if (first === undefined || urls.length === 1) return first
  if (urls.some((url) => url.database !== first.database || url.type !== first.type)) {
    fail(key, 'the URLs name different databases: expected the same on every server')
  }
  return { ...first, hosts: urls.flatMap((url) => url.hosts) }
}

function typeOf(
  fields: DataSourceFields,
  url: ConnectionUrl | undefined,
  context: DataSourceContext,
  fail: Fail,
): string | undefined {
  const written = blankless(fields.type) ?? (url === undefined ? context.defaultType : undefined)
  if (written === undefined) {
    // A URL that could not be read has its own error.
    const given = [fields.url ?? fields.jdbcUrl ?? []].flat()
    if (url !== undefined || given.some((text) => text.trim() !== '')) return url?.type
    return fail('type', 'is missing', `Expected one of ${dataSourceTypes.join(', ')}.`)
  }
  const type = canonicalType(written)
  if (url !== undefined && url.type !== type && !areRelated(url.type, type)) {
    return fail('type', `is ${type}, but the URL is one of ${url.type}`)
  }
  const nearest = dataSourceTypes.includes(type) ? undefined : suggestKey(type, dataSourceTypes)
  if (nearest !== undefined) {
    return fail('type', `there is no type ${JSON.stringify(written)}`, `Did you mean "${nearest}"?`)
  }
  return type
}

function areRelated(a: string, b: string): boolean {
  return ['mysql', 'mariadb'].includes(a) && ['mysql', 'mariadb'].includes(b)
}

type Server = Pick<DataSource, 'hosts' | 'socketPath' | 'cluster' | 'sentinel'>

function serverOf(
  fields: DataSourceFields,
  url: ConnectionUrl | undefined,
  fail: Fail,
): Server | undefined {
  const socketPath = blankless(fields.socketPath)
  if (socketPath !== undefined) return { hosts: [], socketPath }
  if (fields.cluster !== null && fields.cluster !== undefined) {
    const cluster = hostsOf(fields.cluster, 'cluster', fail)
    return cluster === undefined ? undefined : { hosts: [], cluster }
  }
  if (fields.sentinel !== null && fields.sentinel !== undefined) {
    const { name, nodes: raw, address: listed, password } = fields.sentinel
    const nodes = hostsOf(raw ?? [listed ?? []].flat(), 'sentinel', fail)
    if (nodes === undefined) return undefined
    const user = blankless(fields.sentinel.user) ?? blankless(fields.sentinel.username)
    const secret = blankless(password)
    return {
      hosts: [],
      sentinel: {
        name,
        nodes,
        ...(user === undefined ? {} : { user }),
        ...(secret === undefined ? {} : { password: secret }),
      },
    }
  }
  const address = [fields.address ?? []].flat()
  if (address.length > 0) {
    const hosts = hostsOf(address, 'address', fail)
    return hosts === undefined ? undefined : { hosts }
  }
  return hostOf(fields, url, fail)
}

function hostOf(
  fields: DataSourceFields,
  url: ConnectionUrl | undefined,
  fail: Fail,
): Server | undefined {
  const host = blankless(fields.host)
  const port = fields.port === undefined ? {} : { port: fields.port }
  if (host !== undefined) {
    if (host.startsWith('/')) return { hosts: [], socketPath: host }
    const parsed = parseHostPort(host) ?? { host: host.trim() }
    return { hosts: [{ ...parsed, ...port }] }
  }
  if (url === undefined) {
    const isInstance = blankless(fields.instanceId) !== undefined
    const hasUrl = blankless(fields.url) !== undefined || fields.jdbcUrl !== undefined
    if (hasUrl) return undefined
    const message = isInstance
      ? 'an instance of the cloud cannot be looked up'
      : 'is missing: no server is named'
    return fail(isInstance ? 'instanceId' : 'host', message, 'Give a url, a host, or an address.')
  }
  if (url.socketPath !== undefined) return { hosts: [], socketPath: url.socketPath }
  return { hosts: url.hosts.map((one) => ({ ...one, ...(one.port === undefined ? port : {}) })) }
}

function hostsOf(raw: readonly RawHost[], key: string, fail: Fail): HostPort[] | undefined {
  const hosts: HostPort[] = []
  for (const entry of raw.flatMap((one): RawHost[] =>
    typeof one === 'string' ? one.split(',') : [one],
  )) {
    const host =
      typeof entry === 'string'
        ? parseHostPort(entry)
        : { host: entry.host.trim(), ...(entry.port === undefined ? {} : { port: entry.port }) }
    if (host === undefined || host.host === '') {
      return fail(key, 'expected addresses as {host, port} or "host:port"')
    }
    hosts.push(host)
  }
  return hosts.length > 0 ? hosts : fail(key, 'expected at least one address, found none')
}
