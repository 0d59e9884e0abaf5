import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto'

/** What a server keeps of a password: https://www.rfc-editor.org/rfc/rfc7677. */
export interface ScramCredentials {
  readonly salt: Buffer
  readonly iterations: number
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

/** As few as drivers accept: tests log in often. */
const iterations = 4_096

/**
 * @param password
 * @returns what is kept of it for SCRAM-SHA-256
 */
export function scramCredentials(password: string): ScramCredentials {
  const salt = randomBytes(28)
  // Of SASLprep, the normal form is all that passwords of tests can need.
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, iterations, 32, 'sha256')
  const clientKey = hmac(salted, 'Client Key')
  return { salt, iterations, storedKey: sha256(clientKey), serverKey: hmac(salted, 'Server Key') }
}

/** The conversation of one client that logs in. */
export class ScramConversation {
  readonly userName: string
  readonly #credentials: ScramCredentials
  readonly #clientFirstBare: string
  readonly #serverFirst: string
  readonly #nonce: string

  /**
   * @param clientFirst the client's first message
   * @param find gives the credentials of a user
   * @throws {RangeError} when the message is no such one, or there is no such user
   */
  constructor(clientFirst: string, find: (userName: string) => ScramCredentials | undefined) {
    const match = /^n,[^,]*,(n=([^,]*),r=([^,]+).*)$/s.exec(clientFirst)
    const [, bare = '', encodedName = '', clientNonce = ''] = match ?? []
    this.userName = encodedName.replaceAll('=2C', ',').replaceAll('=3D', '=')
    const credentials = match === null ? undefined : find(this.userName)
    if (credentials === undefined) throw new RangeError('no such user')
    this.#credentials = credentials
    this.#clientFirstBare = bare
    this.#nonce = clientNonce + randomBytes(24).toString('base64')
    const salt = credentials.salt.toString('base64')
    this.#serverFirst = `r=${this.#nonce},s=${salt},i=${credentials.iterations}`
  }

  /** The answer to the client's first message. */
  get firstReply(): string {
    return this.#serverFirst
  }

  /**
   * @param clientFinal the client's second message
   * @returns the answer
   * @throws {RangeError} when the password was another
   */
  finish(clientFinal: string): string {
    const match = /^(c=[^,]*,r=([^,]*)),p=(.+)$/s.exec(clientFinal)
    const [, withoutProof = '', nonce, proof = ''] = match ?? []
    const message = `${this.#clientFirstBare},${this.#serverFirst},${withoutProof}`
    const { storedKey, serverKey } = this.#credentials
    const signature = hmac(storedKey, message)
    const clientKey = Buffer.from(proof, 'base64')
    if (nonce !== this.#nonce || clientKey.length !== signature.length)
      throw new RangeError('wrong proof')
    for (const [index, byte] of signature.entries())
      clientKey[index] = (clientKey[index] ?? 0) ^ byte
    if (!timingSafeEqual(sha256(clientKey), storedKey)) throw new RangeError('wrong proof')
    return `v=${hmac(serverKey, message).toString('base64')}`
  }
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}
