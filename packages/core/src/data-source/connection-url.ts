import type { HostPort } from '../plugin/data-source.ts'
import { canonicalType, urlSchemes } from './data-source-types.ts'
import { lookupScheme, take, urlTlsOf, type UrlTls } from './url-tls.ts'

/** The parts of a connection URL, decoded. */
export interface ConnectionUrl {
  readonly type: string
  readonly hosts: readonly HostPort[]
  readonly socketPath?: string
  readonly user?: string
  readonly password?: string
  readonly database?: string
  /** Whether scheme or parameters ask for TLS; `verify` says whether they ask for checked certificates. */
  readonly tls?: UrlTls
  /** Parameters of the query that say none of the above. */
  readonly properties: Readonly<Record<string, string>>
}

/** A URL that cannot be taken apart; `problem` never shows any part of it. */
export type ConnectionUrlResult =
  ConnectionUrl | { readonly problem: string; readonly hint?: string }

const brokenUser = 'the URL has an "@" after its first "/"'
const encodingHint =
  'Write special characters of user and password percent-encoded: % is %25, @ is %40, / is %2F, ? is %3F.'

const shape = /^([a-z][a-z0-9+.-]*):(?:\/\/([^/?]*))?([^?]*)(?:\?(.*))?$/is

/** Whether a text is a connection URL rather than the name of a data source. */
export function isConnectionUrl(text: string): boolean {
  return /^(?:jdbc:[a-z]|[a-z][a-z0-9+.-]*:\/\/)/i.test(text.trim())
}

/**
 * Takes a connection URL apart: `mysql://user:password@host:3306/database?property=value`, several hosts separated by
 * commas, IPv6 in brackets, unix sockets, and JDBC's `jdbc:mysql://h1:p,h2:p/db`. `decode` finishes each part.
 */
export function parseConnectionUrl(
  text: string,
  decode: (part: string) => string = (part) => part,
): ConnectionUrlResult {
  const plain = text.trim().replace(/^jdbc:/i, '')
  const withoutMode = plain.replace(
    /^(mysql|mariadb):(loadbalance|replication|sequential):/i,
    '$1:',
  )
  const match = shape.exec(withoutMode)
  const scheme = match?.[1]?.toLowerCase() ?? ''
  if (match === null || !isKnownScheme(scheme)) return unknownScheme(scheme)
  const [, , authority = '', rawPath = '', rawQuery = ''] = match
  try {
    const at = authority.lastIndexOf('@')
    const query = readQuery(rawQuery, decode)
    const server = readServer(scheme, authority.slice(at + 1), rawPath, query, decode)
    if ('problem' in server) return server
    const user = at < 0 ? {} : readUser(authority.slice(0, at), decode)
    return {
      type: canonicalType(scheme),
      ...server,
      ...user,
      ...credentialsOf(query),
      ...urlTlsOf(scheme, query),
      properties: { ...Object.fromEntries(query), ...lookupOf(scheme) },
    }
  } catch {
    return {
      problem: 'the URL has a broken percent sequence',
      hint: encodingHint,
    }
  }
}

function isKnownScheme(scheme: string): boolean {
  return urlSchemes.includes(scheme) || urlSchemes.includes(canonicalType(scheme))
}

function unknownScheme(scheme: string): { problem: string; hint: string } {
  const found = scheme === '' ? 'no scheme' : JSON.stringify(scheme)
  const hint = `The schemes are ${urlSchemes.join(', ')}.`
  return { problem: `expected a connection URL, found ${found} at its beginning`, hint }
}

function readQuery(query: string, decode: (part: string) => string): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decodeURIComponent(equals < 0 ? pair : pair.slice(0, equals))
    const value = equals < 0 ? '' : decode(decodeURIComponent(pair.slice(equals + 1)))
    const before = name.toLowerCase() === listedParameter ? parameters.get(name) : undefined
    parameters.set(name, before === undefined ? value : `${before};${value}`)
  }
  return parameters
}

/** MongoDB's, which may stand in a URL several times, in an order that counts; of others the last one does. */
const listedParameter = 'readpreferencetags'

function readUser(
  userInfo: string,
  decode: (part: string) => string,
): { user?: string; password?: string } {
  const colon = userInfo.indexOf(':')
  const user = decode(decodeURIComponent(colon < 0 ? userInfo : userInfo.slice(0, colon)))
  return {
    ...(user === '' ? {} : { user }),
    ...(colon < 0 ? {} : { password: decode(decodeURIComponent(userInfo.slice(colon + 1))) }),
  }
}

type Server = Pick<ConnectionUrl, 'hosts' | 'socketPath' | 'database'>

function readServer(
  scheme: string,
  authority: string,
  rawPath: string,
  query: Map<string, string>,
  decode: (part: string) => string,
): Server | { problem: string; hint?: string } {
  if (rawPath.includes('@') && !authority.includes('@'))
    return { problem: brokenUser, hint: encodingHint }
  const path = decode(decodeURIComponent(rawPath))
  if (['unix', 'redis+unix', 'redis+socket'].includes(scheme)) {
    const database = take(query, 'db', 'database')
    return { hosts: [], socketPath: path, ...(database === undefined ? {} : { database }) }
  }
  const database = path.replace(/^\//, '')
  const base = database === '' ? {} : { database }
  const hostParameter = query.get('host')
  const socket =
    take(query, 'socketPath', 'socket', 'unixSocket') ??
    (hostParameter?.startsWith('/') === true ? take(query, 'host') : undefined)
  const decoded = decode(decodeURIComponent(authority))
  if (socket !== undefined) return { hosts: [], socketPath: socket, ...base }
  if (decoded.startsWith('/')) return { hosts: [], socketPath: decoded, ...base }
  const named = authority === '' ? (take(query, 'host') ?? '') : authority
  if (named === '') return { problem: 'the URL names no host' }
  const hosts: HostPort[] = []
  for (const part of named.split(',')) {
    const host = parseHostPort(decode(decodeURIComponent(part)))
    if (host === undefined) {
      return { problem: 'the URL has a host or port that cannot be read', hint: encodingHint }
    }
    hosts.push(host)
  }
  return { hosts, ...base }
}

/** Reads `host`, `host:port`, `[ipv6]` or `[ipv6]:port`; `undefined` when it is none of them. */
export function parseHostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([^\]]+)\]|([^\s:,@/[\]]+))(?::(\d{1,5}))?$/.exec(text.trim())
  const host = match?.[1] ?? match?.[2]
  if (host === undefined) return undefined
  if (match?.[3] === undefined) return { host }
  const port = Number(match[3])
  return port >= 1 && port <= 65_535 ? { host, port } : undefined
}

/** User and password in the query, as JDBC has them; they take the place of those before the host. */
function credentialsOf(query: Map<string, string>): { user?: string; password?: string } {
  const user = take(query, 'user', 'username')
  const password = take(query, 'password')
  return {
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
  }
}

function lookupOf(scheme: string): { readonly srv?: string } {
  return scheme === lookupScheme ? { srv: 'true' } : {}
}

/** A URL as it may be shown: without password and parameters. */
export function shownUrl(text: string): string {
  return text
    .trim()
    .replace(/\?.*$/s, '')
    .replace(
      /^((?:jdbc:)?[a-z][a-z0-9+.:-]*:\/\/)(.*)@/is,
      (_match, scheme: string, user: string) => {
        const name = user.split(':')[0] ?? ''
        return name === '' ? scheme : `${scheme}${name}@`
      },
    )
}
