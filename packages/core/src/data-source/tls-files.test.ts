import { execFileSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { parseJson } from '../config/parse-json.ts'
import { ProblemList } from '../config/problem-list.ts'
import { DataSourceCatalog } from './data-source-catalog.ts'

const stores = fileURLToPath(new URL('../../test-data/stores/', import.meta.url))
const password = 'geheim pass'
let folder: string

/** Runs openssl: a command line without blanks in its arguments, and arguments that may have some. */
const openssl = (line: string, ...more: readonly string[]) =>
  execFileSync('openssl', [...line.split(' '), ...more], { cwd: folder, stdio: 'ignore' })
const read = (name: string) => readFileSync(path.join(folder, name), 'utf8')

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'millrace-tls-'))
  for (const name of ['a', 'b']) {
    openssl(
      `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=${name} -keyout ${name}.key -out ${name}.pem`,
    )
  }
  openssl('ecparam -genkey -name prime256v1 -noout -out ec.key')
  openssl('req -x509 -key ec.key -days 2 -subj /CN=ec -out ec.pem')
  const out = ['-passout', `pass:${password}`]
  openssl('pkcs12 -export -in a.pem -inkey a.key -certfile b.pem -out a.p12', ...out)
  openssl('pkcs12 -export -in ec.pem -inkey ec.key -out ec.pfx', ...out)
  openssl('pkcs12 -export -in a.pem -inkey a.key -out umlaut.p12', '-passout', 'pass:pässwörd €')
  openssl('pkcs12 -export -in a.pem -inkey a.key -out open.p12 -passout pass:')
  openssl('pkcs12 -export -nokeys -in b.pem -out trust.p12', ...out)
  openssl('x509 -in a.pem -outform DER -out a.crt')
  openssl('pkcs8 -topk8 -in a.key -out locked.key', ...out)
  openssl('pkcs8 -topk8 -in a.key -outform DER -out locked.pk8', ...out)
  openssl('pkcs8 -topk8 -nocrypt -in a.key -outform DER -out a.pk8')
  writeFileSync(path.join(folder, 'both.pem'), `${read('b.pem')}${read('a.pem')}${read('a.key')}`)
  writeFileSync(path.join(folder, 'cut.pem'), read('a.pem').slice(0, 400))
  writeFileSync(path.join(folder, 'bent.pem'), read('a.pem').replace('\nMII', '\nAAA'))
  writeFileSync(path.join(folder, 'text.pem'), 'no certificate')
  const magic = (bytes: readonly number[]) => Buffer.from([...bytes, 0, 0, 0, 2, 0, 0, 0, 1])
  writeFileSync(path.join(folder, 'my trust.jks'), magic([0xfe, 0xed, 0xfe, 0xed]))
  writeFileSync(path.join(folder, 'key.store'), magic([0xce, 0xce, 0xce, 0xce]))
  writeFileSync(path.join(folder, 'broken.p12'), Buffer.from([0x30, 0x80, 2, 1, 3, 0x30, 9, 9]))
  for (const name of ['keytool.p12', 'keytool-old.p12', 'keytool-trust.p12'])
    copyFileSync(path.join(stores, name), path.join(folder, name))
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

afterEach(() => {
  vi.useRealTimers()
})

/** Reads a data source with these fields beside type and host. */
async function resolve(fields: object) {
  const file = path.join(folder, 'datasources.json')
  const entry = { type: 'mysql', host: 'h', ...fields }
  writeFileSync(file, JSON.stringify({ datasources: { x: entry } }))
  const job = new ProblemList(parseJson('{"datasource": "x"}', 'job.json'))
  const catalog = new DataSourceCatalog({
    jobFolder: folder,
    workingFolder: folder,
    environment: { STORE_PASSWORD: password },
  })
  const source = await catalog.resolve({ name: 'x', environmentType: 0, path: ['datasource'] }, job)
  const texts = catalog.problems.map(({ severity, message, hint }) =>
    [severity, message.replace('datasources.x.', ''), hint].filter(Boolean).join(' | '),
  )
  return { tls: source?.tls, texts: texts.map((text) => text.replaceAll(`${folder}/`, '')) }
}

const namesOf = (pem: string | undefined) =>
  (pem ?? '')
    .split(/(?<=-----END CERTIFICATE-----\n)/)
    .filter((one) => one !== '')
    .map((one) => new X509Certificate(one).subject.replace(/^CN=/, ''))

function expectPair(tls: { readonly cert?: string; readonly key?: string } | undefined): void {
  const { cert = '', key = '' } = tls ?? {}
  expect(new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))).toBe(true)
}

describe('client certificates', () => {
  it.each<[string, object, string[]]>([
    ['two PEM files', { cert: 'a.pem', key: 'a.key' }, ['a']],
    ['one PEM file, the chain first', { cert: 'both.pem' }, ['a', 'b']],
    ['an encrypted key', { cert: 'a.pem', key: 'locked.key', passphrase: password }, ['a']],
    ['DER', { cert: 'a.crt', key: 'a.pk8' }, ['a']],
    ['an encrypted key in DER', { cert: 'a.crt', key: 'locked.pk8', passphrase: password }, ['a']],
    ['PKCS#12 of openssl', { cert: 'a.p12', passphrase: '${env:STORE_PASSWORD}' }, ['a', 'b']],
    ['PKCS#12 with another key type', { cert: 'ec.pfx', passphrase: password }, ['ec']],
    [
      'PKCS#12 with a password beyond ASCII',
      { cert: 'umlaut.p12', passphrase: 'pässwörd €' },
      ['a'],
    ],
    ['PKCS#12 with an empty password', { cert: 'open.p12' }, ['a']],
    ['PKCS#12 of keytool', { cert: 'keytool.p12', passphrase: 'changeit' }, ['client']],
    ['PKCS#12 of old keytools', { cert: 'keytool-old.p12', passphrase: 'changeit' }, ['client']],
    [
      'PKCS#12 named as key',
      { cert: 'a.pem', key: 'a.p12', passphrase: password },
      ['a', 'a', 'b'],
    ],
  ])('are read from %s', async (_, tls, names) => {
    const { tls: found, texts } = await resolve({ tls })
    expect(texts).toEqual([])
    expect(namesOf(found?.cert)).toEqual(names)
    expectPair(found)
  })

  it('are read as text', async () => {
    const { tls } = await resolve({ tls: { cert: read('a.pem'), key: read('a.key') } })
    expect(namesOf(tls?.cert)).toEqual(['a'])
    expectPair(tls)
  })

  it.each<[string, object, string]>([
    [
      'a wrong password of a store',
      { cert: 'a.p12', passphrase: 'hush' },
      'tls.passphrase: the password does not open the store in a.p12 | Correct passphrase.',
    ],
    [
      'a missing password of a store',
      { cert: 'a.p12' },
      'tls.passphrase: the store in a.p12 wants a password, and none is given | Give it as passphrase: "${env:NAME}".',
    ],
    [
      'a wrong password of a key',
      { cert: 'a.pem', key: 'locked.key', passphrase: 'hush' },
      'tls.passphrase: the password does not open the key in locked.key | Correct passphrase.',
    ],
    [
      'a missing password of a key',
      { cert: 'a.pem', key: 'locked.pk8' },
      'tls.passphrase: the key in locked.pk8 wants a password, and none is given | Give it as passphrase: "${env:NAME}".',
    ],
    [
      'a key of another certificate',
      { cert: 'a.pem', key: 'b.key' },
      'tls.cert: the certificate does not belong to the key | Name a certificate and the key that it was made with.',
    ],
    [
      'a certificate without key',
      { cert: 'a.pem' },
      'tls.cert: there is a certificate and no key for it | Name the key as key, or put it into the same file.',
    ],
    [
      'a key without certificate',
      { key: 'a.key' },
      'tls.key: there is a key and no certificate | Name the certificate that belongs to the key.',
    ],
    [
      'a certificate in place of a key',
      { cert: 'a.pem', key: 'a.pem' },
      'tls.key: expected a key, found only certificates | Name the file that holds the key.',
    ],
    ['no file', { cert: 'no.pem' }, 'tls.cert: there is no file no.pem'],
    ['a folder', { cert: '.' }, 'tls.cert: the file'],
    [
      'a file cut off',
      { cert: 'cut.pem' },
      'tls.cert: cut.pem holds neither a certificate nor a key',
    ],
    [
      'a file that was changed',
      { cert: 'bent.pem' },
      'tls.cert: a certificate in bent.pem cannot be read',
    ],
    [
      'any text',
      { cert: 'text.pem' },
      'tls.cert: expected certificates or a key in text.pem, found neither',
    ],
    [
      'a store cut off',
      { cert: 'broken.p12' },
      'tls.cert: the store broken.p12 cannot be read as PKCS#12',
    ],
    [
      'a newer Java key store',
      { cert: 'key.store' },
      'tls.cert: key.store is a Java key store (JCEKS), which only Java can read | Convert it: keytool -importkeystore -srckeystore key.store -srcstoretype JCEKS -destkeystore key.p12 -deststoretype PKCS12, and name key.p12.',
    ],
  ])('report %s', async (_, tls, expected) => {
    const { tls: found, texts } = await resolve({ tls })
    expect(found).toBeUndefined()
    expect(texts).toHaveLength(1)
    expect(texts[0]).toContain(`error | ${expected}`)
    expect(texts[0]).not.toContain('hush')
  })

  it('report one that has expired', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3 * 86_400_000 })
    const { texts } = await resolve({ tls: { cert: 'a.pem', key: 'a.key' } })
    expect(texts).toEqual([
      expect.stringMatching(/^error \| tls\.cert: the certificate of the client has expired on 20/),
    ])
  })
})

describe('certificates to trust', () => {
  it.each<[string, object, string[]]>([
    ['PEM', { ca: 'both.pem' }, ['b', 'a']],
    ['DER', { ca: 'a.crt' }, ['a']],
    ['PKCS#12 of openssl', { ca: 'trust.p12', caPassphrase: password }, ['b']],
    [
      'PKCS#12 of keytool',
      { ca: 'keytool-trust.p12', caPassphrase: 'changeit' },
      ['client', 'client'],
    ],
  ])('are read from %s', async (_, tls, names) => {
    const { tls: found, texts } = await resolve({ tls: { ...tls, rejectUnauthorized: 'false' } })
    expect(texts).toEqual([])
    expect(namesOf(found?.ca)).toEqual(names)
    expect(found).not.toHaveProperty('cert')
    expect(found?.rejectUnauthorized).toBe(false)
  })

  it('have to be certificates, and warn when they are old', async () => {
    expect((await resolve({ tls: { ca: 'a.key' } })).texts).toEqual([
      expect.stringMatching(/^error \| tls\.ca: expected certificates to trust, found only a key/),
    ])
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3 * 86_400_000 })
    const { tls, texts } = await resolve({ tls: { ca: 'a.pem' } })
    expect(texts[0]).toMatch(/^warning \| tls\.ca: every certificate to trust has expired/)
    expect(namesOf(tls?.ca)).toEqual(['a'])
  })
})

describe("DataWorks' names", () => {
  const ssl = { securityProtocol: 'AuthTypeSsl' }

  it('are read, stores with their passwords', async () => {
    const { tls, texts } = await resolve({
      ...ssl,
      truststoreFile: 'trust.p12',
      truststorePassword: password,
      keystoreFile: 'keytool.p12',
      keystorePassword: 'changeit',
    })
    expect(texts).toEqual([])
    expect(namesOf(tls?.ca)).toEqual(['b'])
    expect(namesOf(tls?.cert)).toEqual(['client'])
    expect(tls?.rejectUnauthorized).toBe(true)
    expectPair(tls)
  })

  it('are read, a key of its own', async () => {
    const { tls, texts } = await resolve({
      ...ssl,
      truststoreFile: 'b.pem',
      keystoreFile: 'a.pem',
      keyFile: 'locked.pk8',
      clientPassword: password,
    })
    expect(texts).toEqual([])
    expectPair(tls)
  })

  it('name the command that converts a Java key store', async () => {
    const { texts } = await resolve({ ...ssl, truststoreFile: 'my trust.jks' })
    expect(texts).toEqual([
      'error | truststoreFile: my trust.jks is a Java key store (JKS), which only Java can read | ' +
        `Convert it: keytool -importkeystore -srckeystore '${folder}/my trust.jks' -srcstoretype JKS -destkeystore '${folder}/my trust.p12' -deststoretype PKCS12, and name my trust.p12.`.replaceAll(
          `${folder}/`,
          '',
        ),
    ])
  })

  it('report a wrong password where it stands', async () => {
    const { texts } = await resolve({
      ...ssl,
      truststoreFile: 'trust.p12',
      truststorePassword: 'hush',
    })
    expect(texts).toEqual([
      'error | truststorePassword: the password does not open the store in trust.p12 | Correct truststorePassword.',
    ])
  })

  it('mean nothing without a protocol', async () => {
    const { tls, texts } = await resolve({ truststoreFile: 'trust.p12' })
    expect(tls).toBeUndefined()
    expect(texts).toEqual([expect.stringMatching(/^warning \| truststoreFile: has no effect/)])
    const none = await resolve({ securityProtocol: 'authTypeNone', truststoreFile: '' })
    expect(none).toEqual({ tls: undefined, texts: [] })
  })
})

describe('URLs', () => {
  it('name files as drivers do', async () => {
    const query = `useSSL=true&trustCertificateKeyStoreUrl=file:trust.p12&trustCertificateKeyStorePassword=${encodeURIComponent(password)}&clientCertificateKeyStoreUrl=file:a.p12&clientCertificateKeyStorePassword=${encodeURIComponent(password)}`
    const { tls, texts } = await resolve({ host: undefined, url: `jdbc:mysql://h/db?${query}` })
    expect(texts).toEqual([])
    expect(namesOf(tls?.ca)).toEqual(['b'])
    expectPair(tls)
    const files = 'sslmode=verify-full&sslrootcert=b.pem&sslcert=a.pem&sslkey=a.key'
    const other = await resolve({
      type: 'postgresql',
      host: undefined,
      url: `postgres://h/db?${files}`,
    })
    expect(namesOf(other.tls?.ca)).toEqual(['b'])
    expectPair(other.tls)
  })
})

describe('properties', () => {
  it('switch TLS on as the same words of a URL do', async () => {
    const { tls, texts } = await resolve({
      properties: { useSSL: true, verifyServerCertificate: false, x: 'y' },
    })
    expect(texts).toEqual([])
    expect(tls).toEqual({ rejectUnauthorized: false })
    const files = {
      sslmode: 'verify-full',
      sslrootcert: 'b.pem',
      sslcert: 'a.pem',
      sslkey: 'a.key',
    }
    const other = await resolve({ type: 'postgresql', properties: files })
    expect(namesOf(other.tls?.ca)).toEqual(['b'])
    expectPair(other.tls)
  })

  it('say nothing where the URL, or tls, says it', async () => {
    const properties = { useSSL: true }
    const url = 'jdbc:mysql://h/db?useSSL=false'
    expect((await resolve({ host: undefined, url, properties })).tls).toBeUndefined()
    expect((await resolve({ tls: false, properties })).tls).toBeUndefined()
    expect((await resolve({ properties: { sslmode: 'disable' } })).tls).toBeUndefined()
  })

  it('name files that have to be there', async () => {
    const { texts } = await resolve({ properties: { sslmode: 'verify-ca', sslrootcert: 'no.pem' } })
    expect(texts).toEqual([expect.stringMatching(/^error \| properties: .*no\.pem/)])
  })
})
