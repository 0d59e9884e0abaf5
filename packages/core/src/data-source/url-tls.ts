/** What a connection URL says of TLS. */
export interface UrlTls {
  readonly isOn: boolean
  readonly verify: boolean
  readonly caFile?: string | undefined
  readonly caPassword?: string | undefined
  readonly certFile?: string | undefined
  readonly keyFile?: string | undefined
  /** Of certificate and key. */
  readonly password?: string | undefined
}

/** MongoDB's scheme for a name behind which the name service has the servers. */
export const lookupScheme = 'mongodb+srv'

/** What the first of the names says; all of them are taken out. */
export function take(query: Map<string, string>, ...names: readonly string[]): string | undefined {
  const value = names.map((name) => query.get(name)).find((found) => found !== undefined)
  for (const name of names) query.delete(name)
  return value
}

/** What properties say of TLS, by the names they have in URLs, and the properties that say nothing of it. */
export function tlsOfProperties(properties: Readonly<Record<string, string>>): {
  readonly tls?: UrlTls
  readonly others: Readonly<Record<string, string>>
} {
  const others = new Map(Object.entries(properties))
  const { tls } = urlTlsOf('', others)
  return { ...(tls === undefined ? {} : { tls }), others: Object.fromEntries(others) }
}

/** What scheme and query of a URL say of TLS; its words are taken out of the query. */
export function urlTlsOf(scheme: string, query: Map<string, string>): { readonly tls?: UrlTls } {
  const mode = (take(query, 'sslmode', 'sslMode', 'ssl-mode') ?? '')
    .toLowerCase()
    .replaceAll('_', '-')
  const files = tlsFilesOf(query)
  const { caFile } = files
  const flag = (take(query, 'ssl', 'tls', 'useSSL', 'requireSSL') ?? '').toLowerCase()
  const verify = verifies(query)
  if (mode === 'disable' || mode === 'disabled') return { tls: { isOn: false, verify: false } }
  if (mode.startsWith('verify')) return { tls: { isOn: true, verify: true, ...files } }
  if (mode.startsWith('require'))
    return { tls: { isOn: true, verify: caFile !== undefined, ...files } }
  if (scheme === 'rediss' || scheme === 'valkeys')
    return { tls: { isOn: true, verify: true, ...files } }
  // The servers behind such a name speak TLS unless it is said otherwise.
  const isOn = flag === 'true' || flag === '1' || (flag === '' && scheme === lookupScheme)
  if (isOn) return { tls: { isOn, verify, ...files } }
  return flag === 'false' || flag === '0' ? { tls: { isOn: false, verify: false } } : {}
}

/** Every driver has a word of its own for taking any certificate. */
function verifies(query: Map<string, string>): boolean {
  const isTrue = (text: string | undefined) => (text ?? '').toLowerCase() === 'true'
  const takesAny = [take(query, 'tlsAllowInvalidCertificates'), take(query, 'tlsInsecure')]
  const verify = (take(query, 'verifyServerCertificate') ?? 'true').toLowerCase() !== 'false'
  return verify && !takesAny.some(isTrue)
}

/** Files of the drivers of PostgreSQL, MySQL and MongoDB, JDBC's too, which names them by URL. */
function tlsFilesOf(query: Map<string, string>): Omit<UrlTls, 'isOn' | 'verify'> {
  const file = (...names: readonly string[]) =>
    take(query, ...names)?.replace(/^file:(?:\/\/)?(?=\/)|^file:/i, '')
  const found = {
    caFile: file('sslrootcert', 'ssl-ca', 'tlsCAFile', 'trustCertificateKeyStoreUrl'),
    caPassword: take(query, 'trustCertificateKeyStorePassword'),
    certFile: file('sslcert', 'ssl-cert', 'tlsCertificateKeyFile', 'clientCertificateKeyStoreUrl'),
    keyFile: file('sslkey', 'ssl-key'),
    password: take(
      query,
      'sslpassword',
      'tlsCertificateKeyFilePassword',
      'clientCertificateKeyStorePassword',
    ),
  }
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined))
}
