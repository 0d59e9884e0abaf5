import type { pkcs12 } from 'node-forge'

/** What a PKCS#12 store holds, in the binary form of each. */
export interface Pkcs12Content {
  readonly certificates: readonly Buffer[]
  /** PKCS#1 for RSA, else PKCS#8. */
  readonly key?: { readonly bytes: Buffer; readonly type: 'pkcs1' | 'pkcs8' }
}

/** The store cannot be opened with the password it was tried with. */
export class WrongPasswordError extends Error {}

/**
 * Reads a PKCS#12 store of openssl or keytool, with old ciphers or new ones. The library is loaded only here:
 * few data sources have such a store.
 *
 * @throws WrongPasswordError
 * @throws Error when the file is no such store, or protected in a way that is not known
 */
export async function readPkcs12(bytes: Buffer, password: string): Promise<Pkcs12Content> {
  const { default: forge } = await import('node-forge')
  const parse = () => forge.asn1.fromDer(forge.util.createBuffer(bytes.toString('binary')))
  const open = (secret: string, isChecked: boolean): pkcs12.Pkcs12Pfx => {
    const store = parse()
    // Version and content; the third part is the checksum over it.
    if (!isChecked) (store.value as unknown[]).length = 2
    return forge.pkcs12.pkcs12FromAsn1(store, false, secret)
  }
  let store: pkcs12.Pkcs12Pfx
  try {
    store = open(password, true)
  } catch (error) {
    if (!isWrongPassword(error)) throw error
    // The checksum takes a password in UTF-16, newer ciphers take it in UTF-8: the library does not tell them apart.
    const utf8 = forge.util.encodeUtf8(password)
    if (utf8 === password) throw new WrongPasswordError()
    try {
      store = open(utf8, false)
    } catch {
      throw new WrongPasswordError()
    }
  }
  const bags = store.safeContents.flatMap(({ safeBags }) => safeBags)
  const derOf = (tree: ReturnType<typeof parse>) =>
    Buffer.from(forge.asn1.toDer(tree).getBytes(), 'binary')
  const { certBag, keyBag, pkcs8ShroudedKeyBag } = forge.pki.oids
  // A certificate or key that the library knows no more of than its bytes is given as those.
  const certificates = bags
    .filter(({ type }) => type === certBag)
    .map(({ cert, asn1 }) => derOf(cert ? forge.pki.certificateToAsn1(cert) : asn1))
  const key = bags.find(({ type }) => type === keyBag || type === pkcs8ShroudedKeyBag)
  if (key === undefined) return { certificates }
  return {
    certificates,
    key: key.key
      ? { bytes: derOf(forge.pki.privateKeyToAsn1(key.key)), type: 'pkcs1' }
      : { bytes: derOf(key.asn1), type: 'pkcs8' },
  }
}

function isWrongPassword(error: unknown): boolean {
  return error instanceof Error && /MAC could not be verified|Failed to decrypt/.test(error.message)
}
