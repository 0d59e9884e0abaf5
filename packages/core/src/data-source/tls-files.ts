import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { ConfigPath } from '../config/config-path.ts'
import { withoutSecrets } from '../config/describe-value.ts'
import type { TlsSettings } from '../plugin/data-source.ts'
import type { OnProblem } from './environment-secrets.ts'
import { clientCertificate, dayOf, pemOf } from './client-certificate.ts'
import { KeyFileError, readKeyMaterial, type KeyMaterial } from './key-file.ts'

/** A part of TLS settings: the text in PEM, or the path of a file with it, and the password of that. */
export interface TlsSource {
  readonly source: string | null | undefined
  readonly password: string | null | undefined
  /** Where both stand in the data source. */
  readonly path: ConfigPath
  readonly passwordPath: ConfigPath
}

/** Where the parts of the TLS settings are. */
export interface TlsSources {
  /** Certificates to trust. */
  readonly ca: TlsSource
  /** Certificate of the client, perhaps with its key. */
  readonly cert: TlsSource
  readonly key: TlsSource
  readonly rejectUnauthorized?: boolean | undefined
}

/**
 * Reads the files of TLS settings, PEM or PKCS#12, and looks whether certificate and key belong together and are still
 * valid. Paths are relative to `folder`. Problems are reported, the part is left out.
 */
export async function readTlsFiles(
  sources: TlsSources,
  folder: string,
  onProblem: OnProblem,
): Promise<TlsSettings> {
  const read = (part: TlsSource) => readPart(part, folder, onProblem)
  const ca = await read(sources.ca)
  const cert = await read(sources.cert)
  const key = await read(sources.key)
  const rejectUnauthorized = sources.rejectUnauthorized ?? true
  const trusted = trustedPem(ca, sources.ca, onProblem)
  const client = clientCertificate(cert, key, sources, onProblem)
  return { rejectUnauthorized, ...(trusted === undefined ? {} : { ca: trusted }), ...client }
}

async function readPart(
  { source, password, path: place, passwordPath }: TlsSource,
  folder: string,
  onProblem: OnProblem,
): Promise<KeyMaterial | undefined> {
  const text = source?.trim() ?? ''
  if (text === '') return undefined
  const isText = text.includes('-----BEGIN')
  const file = isText ? 'the text' : path.resolve(folder, withoutSecrets(text))
  try {
    const bytes = isText ? Buffer.from(text) : await readFile(path.resolve(folder, text))
    return await readKeyMaterial(bytes, {
      file,
      password: password === null || password === '' ? undefined : password,
      passwordName: String(passwordPath.at(-1)),
    })
  } catch (error) {
    const { message, hint, isPassword } = asKeyFileError(error, file)
    onProblem('error', isPassword ? passwordPath : place, {
      message,
      ...(hint === undefined ? {} : { hint }),
    })
    return undefined
  }
}

function asKeyFileError(error: unknown, file: string): KeyFileError {
  if (error instanceof KeyFileError) return error
  const code = (error as NodeJS.ErrnoException).code ?? String(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') return new KeyFileError(`there is no file ${file}`)
  const reasons: Readonly<Record<string, string>> = {
    EACCES: 'permission denied',
    EISDIR: 'it is a folder',
  }
  return new KeyFileError(`the file ${file} cannot be read: ${reasons[code] ?? code}`)
}

function trustedPem(
  material: KeyMaterial | undefined,
  { path: place }: TlsSource,
  onProblem: OnProblem,
): string | undefined {
  if (material === undefined) return undefined
  const { certificates } = material
  if (certificates.length === 0) {
    const hint = 'Name the certificate of the authority that signed the one of the server.'
    onProblem('error', place, { message: 'expected certificates to trust, found only a key', hint })
    return undefined
  }
  const latest = certificates.map((one) => Date.parse(one.validTo)).sort((a, b) => b - a)[0] ?? 0
  if (latest < Date.now()) {
    const message = `every certificate to trust has expired, the last one on ${dayOf(latest)}`
    onProblem('warning', place, { message, hint: 'Have them renewed.' })
  }
  return pemOf(certificates)
}
