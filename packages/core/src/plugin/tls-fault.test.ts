import { describe, expect, it } from 'vitest'
import { tlsFaultOf } from './tls-fault.ts'

function errorOf(code: string, fields: object = {}, message = code): Error {
  return Object.assign(new Error(message), { code }, fields)
}

describe('tlsFaultOf', () => {
  it.each<[Error, RegExp, RegExp]>([
    [errorOf('CERT_HAS_EXPIRED'), /has expired/, /renewed/],
    [errorOf('HANDSHAKE_SSL_ERROR', {}, 'certificate has expired'), /has expired/, /renewed/],
    [
      errorOf('HANDSHAKE_SSL_ERROR', {}, 'unable to verify the first certificate'),
      /nobody who is trusted/,
      /tls\.ca/,
    ],
    [
      errorOf(
        'HANDSHAKE_SSL_ERROR',
        { host: 'a' },
        "Hostname/IP does not match certificate's altnames: Host: a.",
      ),
      /not for the host a$/,
      /Name the host/,
    ],
    [errorOf('CERT_NOT_YET_VALID'), /not valid yet/, /clocks/],
    [errorOf('SELF_SIGNED_CERT_IN_CHAIN'), /nobody who is trusted here/, /tls\.ca/],
    [errorOf('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), /nobody who is trusted/, /truststoreFile/],
    [
      errorOf('ERR_TLS_CERT_ALTNAME_INVALID', {
        host: '10.0.0.5',
        cert: { subjectaltname: 'DNS:db.example' },
      }),
      /not for the host 10\.0\.0\.5, but for DNS:db\.example/,
      /Name the host/,
    ],
    [
      errorOf('ERR_TLS_CERT_ALTNAME_INVALID', { host: 'a', cert: { subject: { CN: 'b' } } }),
      /not for the host a, but for b/,
      /Name the host/,
    ],
    [
      errorOf('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'),
      /demands a certificate of the client/,
      /tls\.cert and tls\.key/,
    ],
    [errorOf('ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED'), /client: it has expired/, /keystore/],
    [errorOf('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'), /client: it is signed by nobody/, /keystore/],
    [errorOf('ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE'), /refused the certificate/, /keystore/],
    [errorOf('ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE'), /may demand a certificate/, /keystore/],
    [
      errorOf('EPROTO', {}, '80BC:error:0A00010B:SSL routines:x:ssl3 WRONG_VERSION_NUMBER:y'),
      /does not speak TLS/,
      /take tls out/,
    ],
    [errorOf('HANDSHAKE_NO_SSL_SUPPORT'), /does not speak TLS/, /take tls out/],
    [
      new Error('The server does not support SSL connections'),
      /does not speak TLS/,
      /take tls out/,
    ],
    [
      errorOf('ERR_SSL_UNSUPPORTED_PROTOCOL', { reason: 'unsupported protocol' }),
      /handshake failed: unsupported protocol$/,
      /versions/,
    ],
    [
      errorOf('EPROTO', {}, '80BC28:error:0A000102:SSL routines:f:no shared cipher:../x.c:1:'),
      /handshake failed: no shared cipher$/,
      /ciphers/,
    ],
  ])('explains %o', (error, found, hint) => {
    expect(tlsFaultOf(error)?.found).toMatch(found)
    expect(tlsFaultOf(error)?.hint).toMatch(hint)
  })

  it.each([undefined, 'x', new Error('connect ECONNREFUSED'), errorOf('ECONNRESET')])(
    'has nothing to say about %o',
    (error) => {
      expect(tlsFaultOf(error)).toBeUndefined()
    },
  )
})
