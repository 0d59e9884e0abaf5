import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ServerSession } from '../../../scripts/services/server-session.mjs'
import { CertificateAuthority, type Certificate } from './support/certificates.ts'
import { expectClearError, recognisablePassword } from './support/clear-error.ts'
import { makeJobFolder, type JobFolder, type RunResult } from './support/job-folder.ts'
import { redisJob, streamRows, type JobParts, type Parameters } from './support/jobs.ts'
import { freePort, startPrivateRedis, type PrivateRedis } from './support/private-redis.ts'
import { dataSourceOf, makePostgresDatabase, type TestDatabase } from './support/test-database.ts'
import { startTlsMysql, startTlsPostgres, type TlsServer } from './support/tls-servers.ts'

const names = 'DNS:localhost,IP:127.0.0.1'
let authority: CertificateAuthority
let stranger: CertificateAuthority
let session: ServerSession
let plainPostgres: TestDatabase
const clients: Record<string, Certificate> = {}
const redisServers: Record<string, { readonly server: PrivateRedis; readonly tlsPort: number }> = {}
const folders: JobFolder[] = []
let postgres: TlsServer
let mysql: TlsServer
let target: PrivateRedis

beforeAll(async () => {
  authority = await CertificateAuthority.create()
  stranger = await CertificateAuthority.create('stranger')
  session = new ServerSession()
  const server = await authority.issue('server', 'localhost', { names })
  const expired = await authority.issue('expired', 'localhost', { names, isExpired: true })
  const otherName = await authority.issue('other', 'cache.example', { names: 'DNS:cache.example' })
  const byName = await authority.issue('name', 'localhost', { names: 'DNS:localhost' })
  const byAddress = await authority.issue('address', 'mysql', { names: 'IP:127.0.0.1' })
  clients['cert_user'] = await authority.issue('client', 'cert_user')
  clients['old'] = await authority.issue('old', 'cert_user', { isExpired: true })
  clients['other'] = await authority.issue('somebody', 'somebody')
  clients['foreign'] = await stranger.issue('client', 'cert_user')
  await makeStores()
  redisServers['open'] = await startTlsRedis(server)
  redisServers['strict'] = await startTlsRedis(server, ['--tls-auth-clients', 'yes'])
  redisServers['expired'] = await startTlsRedis(expired)
  redisServers['otherName'] = await startTlsRedis(otherName)
  postgres = await startTlsPostgres(session, byName, authority)
  mysql = await startTlsMysql(session, byAddress, authority, recognisablePassword)
  plainPostgres = await makePostgresDatabase()
  target = await startPrivateRedis()
}, 120_000)

afterAll(async () => {
  for (const folder of folders) folder.remove()
  for (const { server } of Object.values(redisServers)) await server[Symbol.asyncDispose]()
  await target[Symbol.asyncDispose]()
  await plainPostgres[Symbol.asyncDispose]()
  await session.stop()
  authority[Symbol.dispose]()
  stranger[Symbol.dispose]()
})

/** PKCS#12 stores as openssl makes them today, and one that only begins as a Java key store does. */
async function makeStores(): Promise<void> {
  const out = ['-passout', `pass:${recognisablePassword}`]
  await authority.openssl([
    'pkcs12',
    '-export',
    '-nokeys',
    '-in',
    'ca.pem',
    '-out',
    'trust.p12',
    ...out,
  ])
  await authority.openssl(
    ['pkcs12', '-export', '-in', 'client.pem', '-inkey', 'client.key'],
    ['-certfile', 'ca.pem', '-out', 'client.p12', ...out],
  )
  writeFileSync(inFolder('trust.jks'), Buffer.from('feedfeed0000000200000001', 'hex'))
}

const inFolder = (name: string) => join(authority.folder, name)

/** A Redis with ACL: `default` is off, `loader` may do all. */
async function startTlsRedis(
  { cert, key }: Certificate,
  options: readonly string[] = ['--tls-auth-clients', 'no'],
): Promise<{ server: PrivateRedis; tlsPort: number }> {
  const tlsPort = await freePort()
  const files = ['--tls-cert-file', cert, '--tls-key-file', key]
  const trusted = ['--tls-ca-cert-file', authority.certificate]
  const places = ['--tls-port', String(tlsPort), '--unixsocket', `${cert}-${tlsPort}.sock`]
  const server = await startPrivateRedis([...files, ...trusted, ...places, ...options])
  const { client } = server
  await client.call(
    'ACL',
    'SETUSER',
    'loader',
    'on',
    `>${recognisablePassword}`,
    '~*',
    '&*',
    '+@all',
  )
  await client.call('ACL', 'SETUSER', 'default', 'off')
  return { server, tlsPort }
}

const reader = streamRows(['string', 'string'], [['k', 'v']])
const loader = { user: 'loader', password: recognisablePassword }
const pair = (name: string) => {
  const certificate = clients[name]
  return { cert: certificate?.cert, key: certificate?.key }
}

function redisAt(name: string): { readonly server: PrivateRedis; readonly tlsPort: number } {
  const found = redisServers[name]
  if (found === undefined) throw new Error(`no Redis ${name}`)
  return found
}

async function runJob(dataSources: Parameters, parts: JobParts): Promise<RunResult> {
  const folder = makeJobFolder(dataSources)
  folders.push(folder)
  return await folder.run(redisJob(parts))
}

/** Writes one row to a data source of Redis. */
async function runRedis(fields: Parameters, writer: Parameters = {}): Promise<RunResult> {
  return await runJob({ r: { type: 'redis', host: '127.0.0.1', ...fields } }, { reader, writer })
}

function expectComplete(result: RunResult): void {
  expect(result.exitCode, result.stderr).toBe(0)
  expect(result.report).toMatchObject({ status: 'complete', recordsWritten: 1 })
  expect(JSON.stringify(result)).not.toContain(recognisablePassword)
}

describe.concurrent('Redis', () => {
  test('over TLS, as an ACL user, the default user off', async () => {
    const { tlsPort, server } = redisAt('open')
    const tls = { ca: authority.certificate }
    for (const host of ['127.0.0.1', 'localhost'])
      expectComplete(await runRedis({ host, port: tlsPort, ...loader, tls }))
    const anybody = await runRedis({ port: tlsPort, tls })
    expectClearError(anybody, { exitCode: 3, mentions: [/NOAUTH|WRONGPASS/] })
    const [reply] = (await server.client.call('ACL', 'LIST')) as string[]
    expect(reply).toMatch(/^user default off/)
  })

  test('at a unix socket, as an ACL user', async () => {
    const { server, tlsPort } = redisAt('open')
    const socketPath = `${inFolder('server.pem')}-${tlsPort}.sock`
    expectComplete(await runRedis({ host: undefined, socketPath, ...loader }))
    const url = `unix://loader:${recognisablePassword}@${socketPath}?db=3`
    expectComplete(await runRedis({ host: undefined, url }))
    expect(await server.client.info('keyspace')).toMatch(/db3:keys=/)
  })

  test("over TLS with DataWorks' names and stores in PKCS#12", async () => {
    const fields = {
      host: undefined,
      address: [{ host: '127.0.0.1', port: String(redisAt('strict').tlsPort) }],
      username: 'loader',
      password: recognisablePassword,
      securityProtocol: 'authTypeSsl',
      truststoreFile: inFolder('trust.p12'),
      truststorePassword: '${env:STORE_PASSWORD}',
      keystoreFile: inFolder('client.p12'),
      keystorePassword: '${env:STORE_PASSWORD}',
    }
    const folder = makeJobFolder({ r: { type: 'redis', ...fields } })
    folders.push(folder)
    const env = { STORE_PASSWORD: recognisablePassword }
    expectComplete(await folder.run(redisJob({ reader }), { env }))
    const wrong = await folder.run(redisJob({ reader }), { env: { STORE_PASSWORD: 'no' } })
    expectClearError(wrong, {
      exitCode: 2,
      mentions: [
        /datasources\.yaml:\d+:\d+: error: .*truststorePassword: the password does not open/,
      ],
    })
  })

  test('that demands a certificate of the client', async () => {
    const at = { port: redisAt('strict').tlsPort, ...loader }
    const ca = authority.certificate
    expectComplete(await runRedis({ ...at, tls: { ca, ...pair('cert_user') } }))
    expectClearError(await runRedis({ ...at, tls: { ca } }), {
      exitCode: 3,
      code: 'TARGET_UNREACHABLE',
      mentions: ['demands a certificate of the client', 'tls.cert'],
    })
    expectClearError(await runRedis({ ...at, tls: { ca, ...pair('foreign') } }), {
      exitCode: 3,
      code: 'TARGET_UNREACHABLE',
      mentions: ['signed by nobody the server trusts'],
    })
  })

  test.for<[string, string, Parameters, (string | RegExp)[]]>([
    ['has expired', 'expired', {}, ['has expired', 'renewed']],
    [
      'is for another host',
      'otherName',
      {},
      ['not for the host 127.0.0.1, but for DNS:cache.example'],
    ],
    ['is not trusted', 'open', { ca: undefined }, ['signed by nobody who is trusted', 'tls.ca']],
  ])('whose certificate %s', async ([, name, extra, mentions]) => {
    const tls = { ca: authority.certificate, ...extra }
    const at = { port: redisAt(name).tlsPort, ...loader }
    expectClearError(await runRedis({ ...at, tls }), {
      exitCode: 3,
      code: 'TARGET_UNREACHABLE',
      mentions,
    })
    expectComplete(await runRedis({ ...at, tls: { ...tls, rejectUnauthorized: false } }))
  })

  test('without TLS where it is wanted, and with it where it is not', async () => {
    const { server, tlsPort } = redisAt('open')
    const tls = { ca: authority.certificate }
    const mute = await runRedis({ port: server.port, ...loader, tls }, { timeout: 500 })
    expectClearError(mute, {
      exitCode: 3,
      code: 'TARGET_UNREACHABLE',
      mentions: ['the port may not speak TLS', `127.0.0.1:${server.port}`],
    })
    const closed = await runRedis({ port: tlsPort, ...loader })
    expectClearError(closed, { exitCode: 3, code: 'TARGET_UNREACHABLE', mentions: ['TLS'] })
  })

  test.for<[string, () => Parameters, (string | RegExp)[]]>([
    ['that is not there', () => ({ ca: 'no.pem' }), ['tls.ca: there is no file', 'no.pem']],
    [
      'that has expired',
      () => pair('old'),
      ['tls.cert: the certificate of the client has expired'],
    ],
    [
      'without its key',
      () => ({ cert: clients['other']?.cert, key: clients['cert_user']?.key }),
      ['tls.cert: the certificate does not belong to the key'],
    ],
    [
      'in a Java key store',
      () => ({ ca: inFolder('trust.jks') }),
      [
        /tls\.ca: .*trust\.jks is a Java key store/,
        /keytool -importkeystore -srckeystore .*trust\.jks .*-deststoretype PKCS12/,
      ],
    ],
  ])('with a certificate %s', async ([, tls, mentions]) => {
    const result = await runRedis({ port: 1, tls: tls() })
    expectClearError(result, {
      exitCode: 2,
      mentions: [/datasources\.yaml:\d+:\d+: error/, ...mentions],
    })
  })
})

/** Reads the row of a TLS server into the plain Redis. */
async function runReader(type: string, fields: Parameters): Promise<RunResult> {
  const parameter = { datasource: 's', table: 't', column: ['id', 'v'] }
  const dataSources = {
    r: { type: 'redis', url: target.url },
    s: { type, host: '127.0.0.1', ...fields },
  }
  return await runJob(dataSources, { reader: { stepType: type, parameter } })
}

function expectRefused(result: RunResult, mentions: readonly (string | RegExp)[]): void {
  expectClearError(result, { exitCode: 3, code: 'SOURCE_UNREACHABLE', mentions })
}

describe.concurrent('PostgreSQL', () => {
  const at = () => ({ host: 'localhost', port: postgres.port, database: postgres.database })
  const ca = () => ({ ca: authority.certificate })

  test('with clientcert=verify-full, from stores in PKCS#12', async () => {
    const result = await runReader('postgresql', {
      ...at(),
      username: 'cert_user',
      securityProtocol: 'AuthTypeSsl',
      truststoreFile: inFolder('trust.p12'),
      truststorePassword: recognisablePassword,
      keystoreFile: inFolder('client.p12'),
      keystorePassword: recognisablePassword,
    })
    expectComplete(result)
    expect(await target.client.get('1')).toBe('secret garden')
  })

  test('without the certificate, or with that of somebody else', async () => {
    const user = { ...at(), user: 'cert_user' }
    expectRefused(await runReader('postgresql', { ...user, tls: ca() }), [
      'requires a valid client certificate',
      'tls.cert and tls.key',
    ])
    expectRefused(await runReader('postgresql', { ...user, tls: { ...ca(), ...pair('other') } }), [
      'certificate authentication failed for user "cert_user"',
      'common name',
    ])
    expectRefused(
      await runReader('postgresql', { ...user, tls: { ...ca(), ...pair('foreign') } }),
      ['signed by nobody the server trusts'],
    )
  })

  test('over TLS only', async () => {
    const user = { ...at(), user: 'tls_user' }
    expectComplete(await runReader('postgresql', { ...user, tls: ca() }))
    expectRefused(await runReader('postgresql', user), ['no encryption', 'add tls: { ca'])
    expectRefused(await runReader('postgresql', { ...user, tls: true }), [
      'signed by nobody who is trusted',
    ])
    expectRefused(await runReader('postgresql', { ...user, host: '127.0.0.1', tls: ca() }), [
      'not for the host 127.0.0.1, but for DNS:localhost',
    ])
  })

  test('without TLS', async () => {
    const source = dataSourceOf('postgresql', plainPostgres)
    expectRefused(await runReader('postgresql', { ...source, tls: ca() }), [
      'does not speak TLS',
      'take tls out',
    ])
  })
})

describe.concurrent('MariaDB', () => {
  const at = () => ({ port: mysql.port, database: mysql.database })
  const ca = () => ({ ca: authority.certificate })

  test('with REQUIRE X509, by its address', async () => {
    const tls = { ...ca(), ...pair('cert_user') }
    expectComplete(await runReader('mysql', { ...at(), user: 'x509_user', tls }))
    expectRefused(await runReader('mysql', { ...at(), user: 'x509_user', tls: ca() }), [
      'Access denied',
      'REQUIRE X509',
      'tls.cert and tls.key',
    ])
  })

  test('over TLS only', async () => {
    const user = { ...at(), user: 'tls_user', password: recognisablePassword }
    const trust = { ca: inFolder('trust.p12'), caPassphrase: recognisablePassword }
    expectComplete(await runReader('mysql', { ...user, tls: trust }))
    // MariaDB says no more than this; MySQL names what it requires.
    for (const name of ['tls_user', 'any_user'])
      expectRefused(await runReader('mysql', { ...user, user: name }), [
        /require_secure_transport/,
        /needs tls|add tls/,
      ])
    expectRefused(await runReader('mysql', { ...user, tls: true }), [
      'signed by nobody who is trusted',
    ])
    expectRefused(await runReader('mysql', { ...user, host: 'localhost', tls: ca() }), [
      'not for the host localhost, but for IP Address:127.0.0.1',
    ])
  })
})
