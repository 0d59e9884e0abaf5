import type { KeyObject, X509Certificate } from 'node:crypto'
import type { ConfigPath } from '../config/config-path.ts'
import type { OnProblem } from './environment-secrets.ts'
import type { KeyMaterial } from './key-file.ts'
import type { TlsSource, TlsSources } from './tls-files.ts'

/** Certificate and key of the client as PEM; empty when none was named or something is wrong. */
export interface ClientCertificate {
  readonly cert?: string
  readonly key?: string
}

/**
 * Brings certificate and key of the client together, from one file or two, and reports what does not fit: one without the
 * other, two that do not belong together, a certificate that no server takes any more.
 */
export function clientCertificate(
  cert: KeyMaterial | undefined,
  key: KeyMaterial | undefined,
  sources: TlsSources,
  onProblem: OnProblem,
): ClientCertificate {
  // A part that was named and could not be read has its own error: without it nothing more can be told.
  const isBroken = (part: TlsSource, material: KeyMaterial | undefined) =>
    material === undefined && (part.source?.trim() ?? '') !== ''
  if (isBroken(sources.cert, cert) || isBroken(sources.key, key)) return {}
  if (cert === undefined && key === undefined) return {}
  const found = matchingPair(cert, key, sources)
  if (!('problem' in found)) return found
  const { problem, hint, path } = found
  onProblem('error', path, { message: problem, hint })
  return {}
}

interface PairProblem {
  readonly problem: string
  readonly hint: string
  readonly path: ConfigPath
}

function matchingPair(
  cert: KeyMaterial | undefined,
  key: KeyMaterial | undefined,
  sources: TlsSources,
): ClientCertificate | PairProblem {
  const [certPath, keyPath] = [sources.cert.path, sources.key.path]
  if (key !== undefined && key.key === undefined) {
    const hint = 'Name the file that holds the key.'
    return { problem: 'expected a key, found only certificates', hint, path: keyPath }
  }
  // DataWorks' key store holds both; a PEM file may, too.
  const privateKey = key?.key ?? cert?.key
  const certificates = [...(cert?.certificates ?? []), ...(key?.certificates ?? [])]
  if (certificates.length === 0) {
    const hint = 'Name the certificate that belongs to the key.'
    const path = cert === undefined ? keyPath : certPath
    return { problem: 'there is a key and no certificate', hint, path }
  }
  if (privateKey === undefined) {
    const hint = `Name the key as ${String(keyPath.at(-1))}, or put it into the same file.`
    return { problem: 'there is a certificate and no key for it', hint, path: certPath }
  }
  const own = certificates.find((one) => one.checkPrivateKey(privateKey))
  if (own === undefined) {
    const hint = 'Name a certificate and the key that it was made with.'
    return { problem: 'the certificate does not belong to the key', hint, path: certPath }
  }
  return stillValid(own, certificates, privateKey, certPath)
}

function stillValid(
  own: X509Certificate,
  certificates: readonly X509Certificate[],
  key: KeyObject,
  path: ConfigPath,
): ClientCertificate | PairProblem {
  const end = Date.parse(own.validTo)
  if (end < Date.now()) {
    const problem = `the certificate of the client has expired on ${dayOf(end)}`
    return { problem, hint: 'Have it renewed: no server takes it any more.', path }
  }
  // The server is shown the own certificate first, then those that signed it.
  const chain = [own, ...certificates.filter((one) => one !== own)]
  return { cert: pemOf(chain), key: key.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

/** Certificates one after the other, as PEM. */
export function pemOf(certificates: readonly X509Certificate[]): string {
  return certificates.map((one) => one.toString()).join('')
}

/** `2026-02-02`. */
export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}
