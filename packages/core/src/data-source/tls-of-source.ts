import type { ConfigPath } from '../config/config-path.ts'
import type { TlsSettings } from '../plugin/data-source.ts'
import type { DataSourceFields } from './data-source-schema.ts'
import type { DataSourceContext } from './to-data-source.ts'
import { readTlsFiles, type TlsSources } from './tls-files.ts'
import type { UrlTls } from './url-tls.ts'

/** What URL or properties say of TLS. */
export interface SaidOfTls {
  readonly tls: UrlTls
  /** The field that says it. */
  readonly key: 'url' | 'properties'
}

/** What is said of TLS, in the URL before the properties. */
export function saidOfTls(
  url: UrlTls | undefined,
  named: UrlTls | undefined,
): SaidOfTls | undefined {
  if (url !== undefined) return { tls: url, key: 'url' }
  return named === undefined ? undefined : { tls: named, key: 'properties' }
}

/** TLS of the data source; `undefined` when it is off. Problems are reported. */
export async function tlsOf(
  fields: DataSourceFields,
  said: SaidOfTls | undefined,
  context: DataSourceContext,
): Promise<TlsSettings | undefined> {
  if (fields.tls === false) return undefined
  const isDataWorks = (fields.securityProtocol ?? '').toLowerCase() === 'authtypessl'
  const sources =
    typeof fields.tls === 'object' && fields.tls !== null
      ? ownTls(fields.tls, [...context.base, 'tls'])
      : isDataWorks
        ? dataWorksTls(fields, context.base)
        : undefined
  if (sources !== undefined) return await readTlsFiles(sources, context.folder, context.onProblem)
  if (fields.tls === true) return { rejectUnauthorized: true }
  warnOfUnused(fields, context)
  if (said?.tls.isOn !== true) return undefined
  return await readTlsFiles(urlTls(said, context.base), context.folder, context.onProblem)
}

/** Stores without the protocol that uses them were probably meant to be used. */
function warnOfUnused(fields: DataSourceFields, { base, onProblem }: DataSourceContext): void {
  if (!isBlank(fields.securityProtocol)) return
  for (const name of ['truststoreFile', 'keystoreFile', 'keyFile'] as const) {
    if (isBlank(fields[name])) continue
    const hint = 'Add "securityProtocol": "authTypeSsl".'
    const message = 'has no effect without a securityProtocol'
    onProblem('warning', [...base, name], { message, hint })
  }
}

function isBlank(text: string | null | undefined): boolean {
  return (text ?? '').trim() === ''
}

type OwnTls = Extract<DataSourceFields['tls'], object>

function ownTls(tls: OwnTls, base: ConfigPath): TlsSources {
  const { ca, cert, key, passphrase, caPassphrase, rejectUnauthorized } = tls
  const path = (part: string): ConfigPath => [...base, part]
  const own = { password: passphrase, passwordPath: path('passphrase') }
  return {
    ca: {
      source: ca,
      path: path('ca'),
      password: caPassphrase,
      passwordPath: path('caPassphrase'),
    },
    cert: { source: cert, path: path('cert'), ...own },
    key: { source: key, path: path('key'), ...own },
    rejectUnauthorized,
  }
}

function dataWorksTls(fields: DataSourceFields, base: ConfigPath): TlsSources {
  const part = (
    name: 'truststoreFile' | 'keystoreFile' | 'keyFile',
    passwordName: 'truststorePassword' | 'keystorePassword' | 'clientPassword',
  ) => ({
    source: fields[name],
    path: [...base, name],
    password: fields[passwordName],
    passwordPath: [...base, passwordName],
  })
  return {
    ca: part('truststoreFile', 'truststorePassword'),
    cert: part('keystoreFile', 'keystorePassword'),
    key: part('keyFile', 'clientPassword'),
  }
}

function urlTls({ tls, key }: SaidOfTls, base: ConfigPath): TlsSources {
  const path: ConfigPath = [...base, key]
  const own = { path, passwordPath: path, password: tls.password }
  return {
    ca: { source: tls.caFile, path, passwordPath: path, password: tls.caPassword },
    cert: { source: tls.certFile, ...own },
    key: { source: tls.keyFile, ...own },
    rejectUnauthorized: tls.verify,
  }
}

/** Sentinels nearly always have the same TLS as the servers they watch. */
export async function sentinelTlsOf(
  fields: DataSourceFields,
  tls: TlsSettings | undefined,
  context: DataSourceContext,
): Promise<TlsSettings | undefined> {
  const own = fields.sentinel?.tls
  if (own === false) return undefined
  if (own === true) return { rejectUnauthorized: true }
  if (typeof own !== 'object' || own === null) return tls
  const sources = ownTls(own, [...context.base, 'sentinel', 'tls'])
  return await readTlsFiles(sources, context.folder, context.onProblem)
}
