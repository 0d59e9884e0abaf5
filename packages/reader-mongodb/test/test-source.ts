import { randomBytes } from 'node:crypto'
import { MongoClient, type Db } from 'mongodb'
import {
  startMongoTestServer,
  type MongoTestServer,
  type MongoTestServerOptions,
} from '@millrace/mongo-test-server'
import type { Row } from '@millrace/core/record'
import type { DataSource, PluginContext, ReaderSession, Split } from '@millrace/core/plugin'
import { never, rowsOf, testedReader, type StepParameters } from '@millrace/reader-tests'
import { mongodbReader } from '../src/index.ts'

export { batchesOf, never, readOptions, shown, type StepParameters } from '@millrace/reader-tests'

/** User, password, hosts and parameters. */
const urlParts = /^mongodb:\/\/(?:([^:@]*):([^@]*)@)?([^/?]+)\/?[^?]*\??(.*)$/

/** The servers that a connection string names as a data source. */
export function dataSourceAt(url: string): DataSource {
  const [, username = '', password = '', host = '', query] = urlParts.exec(url) ?? []
  return {
    name: 'test',
    type: 'mongodb',
    hosts: host.split(',').map((text) => {
      const [name = '', port = '27017'] = text.split(':')
      return { host: name, port: Number(port) }
    }),
    ...(username === '' ? {} : { user: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    properties: {
      ...(username === '' ? {} : { authDb: 'admin' }),
      ...Object.fromEntries(new URLSearchParams(query)),
    },
  }
}

/** With the same two connections all the time: one for commands, one for watching the server. */
async function connected(url: string): Promise<MongoClient> {
  return await new MongoClient(url, { maxPoolSize: 1, serverMonitoringMode: 'poll' }).connect()
}

async function isTestServer(client: MongoClient): Promise<boolean> {
  try {
    await client.db('admin').command({ millraceTest: 1, action: 'openCursors' })
    return true
  } catch {
    return false
  }
}

/** A server that the tests may write to, with a database of a random name. */
export class TestDatabase implements AsyncDisposable {
  readonly name = `millrace_${randomBytes(6).toString('hex')}`
  readonly client: MongoClient
  readonly url: string
  readonly #server: MongoTestServer | undefined

  private constructor(client: MongoClient, url: string, server: MongoTestServer | undefined) {
    this.client = client
    this.url = url
    this.#server = server
  }

  /** On the replica set that `MILLRACE_TEST_MONGODB_URL` names, else on a test server in this process. */
  static async create(): Promise<TestDatabase> {
    const given = process.env['MILLRACE_TEST_MONGODB_URL']
    if (given === undefined || given === '') return await TestDatabase.onTestServer()
    const client = await connected(given)
    if (!(await isTestServer(client))) return new TestDatabase(client, given, undefined)
    await client.close()
    return await TestDatabase.onTestServer()
  }

  /** On a test server of its own, which can be told to fail. */
  static async onTestServer(options: MongoTestServerOptions = {}): Promise<TestDatabase> {
    const server = await startMongoTestServer(options)
    const [user] = options.users ?? []
    const login = user === undefined ? '' : `${user.name}:${user.password}@`
    const url = server.url.replace('://', `://${login}`)
    return new TestDatabase(await connected(url), url, server)
  }

  get db(): Db {
    return this.client.db(this.name)
  }

  get isTestServer(): boolean {
    return this.#server !== undefined
  }

  /** Whether the given server holds its documents in DocumentDB, as in `npm run test:matrix`. */
  get isDocumentDb(): boolean {
    const engine = process.env['MILLRACE_TEST_DOCUMENTDB_URL'] ?? ''
    return !this.isTestServer && engine !== ''
  }

  /** What the test server can be told; only on one. */
  get control(): MongoTestServer['control'] {
    if (this.#server === undefined) throw new Error('this test needs the test server')
    return this.#server.control
  }

  /** The database as a data source. */
  dataSource(fields: Partial<DataSource> = {}): DataSource {
    return { ...dataSourceAt(this.url), database: this.name, ...fields }
  }

  /** How many documents the server has sent so far, to anybody. */
  async documentsReturned(): Promise<number> {
    const { metrics } = await this.client.db('admin').command({ serverStatus: 1 })
    return Number(metrics.document.returned)
  }

  /** A new collection with these documents, in this order. */
  async hold(documents: readonly object[]): Promise<string> {
    const name = `people_${randomBytes(6).toString('hex')}`
    const collection = await this.db.createCollection(name)
    if (documents.length > 0)
      await collection.insertMany([...documents], { ignoreUndefined: false })
    return name
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server === undefined) await this.db.dropDatabase()
    await this.client.close()
    await this.#server?.close()
  }
}

const { validate, open } = testedReader(mongodbReader)
export { validate }

/** Opens the reader on a data source; warnings and information are collected. */
export async function openReader(
  parameters: StepParameters,
  dataSource: DataSource,
  messages: string[] = [],
  context: Partial<PluginContext> = {},
): Promise<ReaderSession> {
  const collect = (message: string) => void messages.push(message)
  const logger = { debug() {}, info: collect, warn: collect }
  return await open(parameters, [dataSource], [], { logger, ...context })
}

/** Everything the parameters select, split for `desired` channels. */
export async function readAll(
  database: TestDatabase,
  parameters: StepParameters,
  desired = 1,
  context: Partial<PluginContext> = {},
): Promise<{ rows: Row[]; splits: readonly Split[]; messages: string[]; consistency: string }> {
  const messages: string[] = []
  await using session = await openReader(parameters, database.dataSource(), messages, context)
  const findings = await session.check({ signal: never })
  messages.push(...findings.map(({ message }) => message))
  const { splits, consistency } = await session.split(desired, { signal: never })
  return { rows: await rowsOf(session, splits), splits, messages, consistency }
}
