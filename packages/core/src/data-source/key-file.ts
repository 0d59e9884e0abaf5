import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import path from 'node:path'
import { messageOf } from '../config/issue-message.ts'
import { readPkcs12, WrongPasswordError } from './pkcs12.ts'

/** The certificates and the key of a file, in the order in which they stand there. */
export interface KeyMaterial {
  readonly certificates: readonly X509Certificate[]
  readonly key?: KeyObject
}

/** Why a file of certificates or keys cannot be used. */
export class KeyFileError extends Error {
  readonly hint: string | undefined
  /** Whether it is about the password rather than about the file. */
  readonly isPassword: boolean

  constructor(message: string, hint?: string, isPassword = false) {
    super(message)
    this.hint = hint
    this.isPassword = isPassword
  }
}

/** What a file is read with. */
export interface KeyFilePlace {
  /** The file, as messages show it. */
  readonly file: string
  /** Of the store, or of an encrypted key. */
  readonly password: string | undefined
  /** The key of the data source that gives the password. */
  readonly passwordName: string
}

/**
 * Reads certificates and a key out of what a file holds: PEM, one binary certificate or key, or PKCS#12.
 *
 * @throws KeyFileError
 */
export async function readKeyMaterial(bytes: Buffer, place: KeyFilePlace): Promise<KeyMaterial> {
  const text = bytes.toString('latin1')
  if (text.includes('-----BEGIN')) return readPem(text, place)
  const magic = bytes.length >= 4 ? bytes.readUInt32BE(0) : 0
  if (magic === 0xfeed_feed || magic === 0xcece_cece) throw javaStore(magic, place.file)
  if (isPkcs12(bytes)) return await readStore(bytes, place)
  if (bytes[0] === 0x30) return readBinary(bytes, place)
  const hint = 'Give a file in PEM (-----BEGIN ...) or PKCS#12 (.p12, .pfx).'
  throw new KeyFileError(`expected certificates or a key in ${place.file}, found neither`, hint)
}

const blocks = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g

function readPem(text: string, place: KeyFilePlace): KeyMaterial {
  const certificates: X509Certificate[] = []
  let key: KeyObject | undefined
  for (const [block, label = ''] of text.matchAll(blocks)) {
    if (label.endsWith('CERTIFICATE')) certificates.push(certificateOf(block, place))
    else if (label.endsWith('PRIVATE KEY')) key ??= pemKey(block, place)
  }
  if (certificates.length === 0 && key === undefined) {
    const hint = 'Look whether the file was cut off.'
    throw new KeyFileError(`${place.file} holds neither a certificate nor a key`, hint)
  }
  return key === undefined ? { certificates } : { certificates, key }
}

function certificateOf(content: string | Buffer, { file }: KeyFilePlace): X509Certificate {
  try {
    return new X509Certificate(content)
  } catch (error) {
    const hint = 'Look whether the file was cut off or changed.'
    throw new KeyFileError(`a certificate in ${file} cannot be read: ${messageOf(error)}`, hint)
  }
}

function pemKey(block: string, place: KeyFilePlace): KeyObject {
  const isEncrypted = block.includes('ENCRYPTED')
  if (isEncrypted && place.password === undefined) throw missingPassword(place, 'the key')
  try {
    return createPrivateKey({
      key: block,
      ...(place.password === undefined ? {} : { passphrase: place.password }),
    })
  } catch (error) {
    throw isEncrypted ? wrongPassword(place, 'the key') : brokenKey(error, place)
  }
}

/** One certificate or one key in DER. */
function readBinary(bytes: Buffer, place: KeyFilePlace): KeyMaterial {
  try {
    return { certificates: [new X509Certificate(bytes)] }
  } catch {
    // A key, then.
  }
  const { password } = place
  for (const type of ['pkcs8', 'pkcs1', 'sec1'] as const) {
    try {
      const options = { key: bytes, format: 'der' as const, type }
      return { certificates: [], key: createPrivateKey(options) }
    } catch (error) {
      const needsPassword = (error as { code?: unknown }).code === 'ERR_MISSING_PASSPHRASE'
      if (!needsPassword) continue
      if (password === undefined) throw missingPassword(place, 'the key')
      return { certificates: [], key: binaryKey(bytes, password, place) }
    }
  }
  const hint = 'Give a file in PEM (-----BEGIN ...) or PKCS#12 (.p12, .pfx).'
  throw new KeyFileError(`${place.file} holds neither a certificate nor a key`, hint)
}

function binaryKey(bytes: Buffer, passphrase: string, place: KeyFilePlace): KeyObject {
  try {
    return createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8', passphrase })
  } catch {
    throw wrongPassword(place, 'the key')
  }
}

async function readStore(bytes: Buffer, place: KeyFilePlace): Promise<KeyMaterial> {
  try {
    const { certificates, key } = await readPkcs12(bytes, place.password ?? '')
    return {
      certificates: certificates.map((one) => certificateOf(one, place)),
      ...(key === undefined
        ? {}
        : { key: createPrivateKey({ key: key.bytes, format: 'der', type: key.type }) }),
    }
  } catch (error) {
    if (error instanceof KeyFileError) throw error
    if (error instanceof WrongPasswordError)
      throw place.password === undefined
        ? missingPassword(place, 'the store')
        : wrongPassword(place, 'the store')
    const hint = `Convert it: openssl pkcs12 -in ${quoted(place.file)} -nodes -out store.pem, and name store.pem.`
    throw new KeyFileError(
      `the store ${place.file} cannot be read as PKCS#12: ${messageOf(error)}`,
      hint,
    )
  }
}

/** Whether bytes begin as PKCS#12 does: a sequence whose first part is the version, 3. */
function isPkcs12(bytes: Buffer): boolean {
  const length = bytes[1] ?? 0
  const start = length > 0x80 ? 2 + (length & 0x7f) : 2
  return bytes[0] === 0x30 && bytes.subarray(start, start + 3).equals(Buffer.from([2, 1, 3]))
}

function javaStore(magic: number, file: string): KeyFileError {
  const type = magic === 0xfeed_feed ? 'JKS' : 'JCEKS'
  const { dir, name } = path.parse(file)
  const target = path.join(dir, `${name}.p12`)
  return new KeyFileError(
    `${file} is a Java key store (${type}), which only Java can read`,
    `Convert it: keytool -importkeystore -srckeystore ${quoted(file)} -srcstoretype ${type} ` +
      `-destkeystore ${quoted(target)} -deststoretype PKCS12, and name ${target}.`,
  )
}

function missingPassword({ file, passwordName }: KeyFilePlace, what: string): KeyFileError {
  const message = `${what} in ${file} wants a password, and none is given`
  return new KeyFileError(message, `Give it as ${passwordName}: "\${env:NAME}".`, true)
}

function wrongPassword({ file, passwordName }: KeyFilePlace, what: string): KeyFileError {
  const hint = `Correct ${passwordName}.`
  return new KeyFileError(`the password does not open ${what} in ${file}`, hint, true)
}

function brokenKey(error: unknown, { file }: KeyFilePlace): KeyFileError {
  const hint = 'Look whether the file was cut off or changed.'
  return new KeyFileError(`the key in ${file} cannot be read: ${messageOf(error)}`, hint)
}

/** A path as a shell takes it. */
function quoted(file: string): string {
  return /^[\w./:@%+-]+$/.test(file) ? file : `'${file.replaceAll("'", String.raw`'\''`)}'`
}
