import { readFileSync } from 'node:fs'
import { connect, type AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:tls'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { CertificateAuthority } from './support/certificates.ts'
import { expectClearError } from './support/clear-error.ts'
import { redisJob } from './support/jobs.ts'
import { makeMongoDatabase, type MongoDatabase } from './support/mongo-database.ts'
import { test } from './support/redis-test.ts'

let authority: CertificateAuthority
let stranger: CertificateAuthority
let mongo: MongoDatabase
let gateway: Server
let port: number

beforeAll(async () => {
  authority = await CertificateAuthority.create()
  stranger = await CertificateAuthority.create('stranger')
  mongo = await makeMongoDatabase()
  await mongo.db.collection<{ _id: string }>('people').insertOne({ _id: 'ann' })
  const { cert, key } = await authority.issue('server', 'localhost', {
    names: 'DNS:localhost,IP:127.0.0.1',
  })
  gateway = await startGateway(cert, key)
  port = (gateway.address() as AddressInfo).port
}, 60_000)

afterAll(async () => {
  gateway?.close()
  await mongo?.[Symbol.asyncDispose]()
  authority?.[Symbol.dispose]()
  stranger?.[Symbol.dispose]()
})

/** Speaks TLS in front of the server of the tests. */
async function startGateway(cert: string, key: string): Promise<Server> {
  const [host = '', serverPort = ''] = (mongo.addresses[0] ?? '').split(':')
  const options = { cert: readFileSync(cert), key: readFileSync(key) }
  const server = createServer(options, (socket) => {
    const upstream = connect(Number(serverPort), host)
    socket.on('error', () => upstream.destroy())
    upstream.on('error', () => socket.destroy())
    socket.pipe(upstream).pipe(socket)
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

/** The members of the set are not behind the gateway: it alone is asked. */
const properties = { directConnection: 'true', connectTimeout: '3000' }
const job = redisJob({
  reader: {
    stepType: 'mongodb',
    parameter: { datasource: 'docs', collectionName: 'people', column: ['_id', '_id'] },
  },
})

const dataWorks = (truststoreFile: string) => ({
  type: 'mongodb',
  address: [{ host: '127.0.0.1', port }],
  database: mongo.dataSource['database'],
  securityProtocol: 'authTypeSsl',
  truststoreFile,
  properties,
})

describe.concurrent('TLS to MongoDB', () => {
  test('trusts the certificates of truststoreFile', async ({ target }) => {
    const folder = target.folder({ docs: dataWorks(authority.certificate) })
    const { exitCode, stderr } = await folder.run(job)
    expect(exitCode, stderr).toBe(0)
    expect(await target.client.get('ann')).toBe('ann')
  })

  test('takes the words of the driver in a URL', async ({ target }) => {
    const query = `directConnection=true&tls=true&tlsCAFile=${encodeURIComponent(authority.certificate)}`
    const name = String(mongo.dataSource['database'])
    const docs = { type: 'mongodb', url: `mongodb://127.0.0.1:${port}/${name}?${query}` }
    const { exitCode, stderr } = await target.folder({ docs }).run(job)
    expect(exitCode, stderr).toBe(0)
  })

  test('refuses a server whose certificate a stranger has signed', async ({ target }) => {
    const folder = target.folder({ docs: dataWorks(stranger.certificate) })
    const mentions = ['connecting to mongodb', 'signed by nobody who is trusted here', 'tls.ca']
    expectClearError(await folder.run(job), { exitCode: 3, code: 'SOURCE_UNREACHABLE', mentions })
  })

  test('says that a server with TLS was spoken to without', async ({ target }) => {
    const { securityProtocol: _, truststoreFile: __, ...docs } = dataWorks('')
    const mentions = ['connecting to mongodb', 'takes connections over TLS only']
    const result = await target.folder({ docs }).run(job)
    expectClearError(result, { exitCode: 3, code: 'SOURCE_UNREACHABLE', mentions })
  })
})
