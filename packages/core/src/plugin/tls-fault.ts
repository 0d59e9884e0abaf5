/** What is wrong with a TLS connection, for the message of an error. */
export interface TlsFault {
  /** What was found, in plain words. */
  readonly found: string
  /** What the user can do about it. */
  readonly hint: string
}

/**
 * Explains why a TLS connection could not be made, or was ended by the server: whose certificate is wrong and how, or
 * which side does not want TLS at all. For errors of Node's sockets and of drivers that pass them on.
 *
 * @returns `undefined` for an error that has nothing to do with TLS
 */
export function tlsFaultOf(error: unknown): TlsFault | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { code, message, reason } = error as Record<string, unknown>
  const texts = [code, reason, message].filter((part) => typeof part === 'string')
  // Codes and messages of the library differ in nothing but this; drivers put codes of their own in their place.
  const text = texts.join(' ').toLowerCase().replaceAll('_', ' ')
  const found = serverCertificateFault(error as Record<string, unknown>, text) ?? alertFault(text)
  if (found !== undefined) return found
  if (noTls.test(text)) {
    const hint = 'Name the port on which it does, or take tls out of the data source.'
    return { found: 'the server does not speak TLS there', hint }
  }
  if (!/\berr (?:ssl|tls|ossl) |\bssl routines\b|handshake ssl error/.test(text)) return undefined
  const hint = 'Check which versions of TLS and which ciphers the server takes.'
  return { found: `the TLS handshake failed: ${plainReason(error)}`, hint }
}

const noTls =
  /wrong version number|packet length too long|err ssl http request|handshake no ssl support|does not support (?:ssl|secure) connection/

const untrusted =
  /self.signed cert|unable to verify (?:leaf|the first)|unable to get (?:local )?issuer|cert untrusted|cert chain too long|invalid ca|cert signature failure/

/** What we have against the certificate of the server. */
function serverCertificateFault(
  error: Readonly<Record<string, unknown>>,
  text: string,
): TlsFault | undefined {
  if (/cert altname invalid|does not match certificate's altnames/.test(text))
    return wrongName(error)
  if (/cert(?:ificate)? has expired/.test(text)) {
    const hint = 'Have it renewed on the server; if it is not, look at those of tls.ca.'
    return { found: 'the certificate of the server, or one that signed it, has expired', hint }
  }
  if (/cert(?:ificate is)? not yet valid/.test(text)) {
    const hint = 'Compare the clocks of both machines.'
    return { found: 'the certificate of the server is not valid yet', hint }
  }
  if (!untrusted.test(text)) return undefined
  return {
    found: 'the certificate of the server is signed by nobody who is trusted here',
    hint: 'Give the certificate of the authority that signed it as tls.ca (truststoreFile).',
  }
}

function wrongName({ host, cert }: Readonly<Record<string, unknown>>): TlsFault {
  const names = namesOf(cert)
  const wanted = typeof host === 'string' ? ` ${host}` : ''
  const others = names === '' ? '' : `, but for ${names}`
  return {
    found: `the certificate of the server is not for the host${wanted}${others}`,
    hint: 'Name the host in the data source as the certificate does, or have one issued for it.',
  }
}

function namesOf(certificate: unknown): string {
  if (typeof certificate !== 'object' || certificate === null) return ''
  const { subjectaltname, subject } = certificate as Record<string, unknown>
  if (typeof subjectaltname === 'string') return subjectaltname
  const common = (subject as { CN?: unknown } | undefined)?.CN
  return typeof common === 'string' ? common : ''
}

const clientHint =
  'Give a certificate that the server trusts, and its key, as tls.cert and tls.key (keystoreFile).'

/** What the server has against our certificate, said by an alert that ends the connection. */
function alertFault(text: string): TlsFault | undefined {
  if (/alert certificate required/.test(text))
    return { found: 'the server demands a certificate of the client', hint: clientHint }
  const refused = 'the server refused the certificate of the client'
  if (/alert certificate expired/.test(text))
    return { found: `${refused}: it has expired`, hint: clientHint }
  if (/alert unknown ca/.test(text))
    return { found: `${refused}: it is signed by nobody the server trusts`, hint: clientHint }
  if (/alert (?:(?:bad|unsupported) certificate|certificate |access denied)/.test(text))
    return { found: refused, hint: clientHint }
  if (/alert handshake failure/.test(text)) {
    const found =
      'the server broke the TLS handshake off: it may demand a certificate of the client'
    return { found, hint: clientHint }
  }
  return undefined
}

/** The reason without the numbers and files of the library. */
function plainReason(error: object): string {
  const { reason, message, code } = error as Record<string, unknown>
  if (typeof reason === 'string') return reason
  const part = /SSL routines:[^:]*:([^:]+)/.exec(String(message))?.[1]
  return part ?? String(code ?? message)
}
