import { randomBytes } from 'node:crypto'
import { MongoClient, type Db } from 'mongodb'

/** A MongoDB database made for one test or test file, with a client. */
export interface MongoDatabase extends AsyncDisposable {
  readonly client: MongoClient
  readonly db: Db
  readonly name: string
  /** Connection string of the server. */
  readonly url: string
  /** As an entry of a data source file. */
  readonly dataSource: Readonly<Record<string, unknown>>
  /** Addresses of the servers, as `host:port`. */
  readonly addresses: readonly string[]
}

/** Makes a database on the server that the environment names; dropped on dispose. */
export async function makeMongoDatabase(): Promise<MongoDatabase> {
  const url = process.env['MILLRACE_TEST_MONGODB_URL']
  if (url === undefined)
    throw new Error('MILLRACE_TEST_MONGODB_URL is not set: no server to test against')
  const client = await new MongoClient(url).connect()
  const name = `millrace_cli_${randomBytes(6).toString('hex')}`
  return {
    ...databaseAt(client, url, name),
    async [Symbol.asyncDispose]() {
      await client.db(name).dropDatabase()
      await client.close()
    },
  }
}

/** The database of that name as a source. */
export function databaseAt(
  client: MongoClient,
  url: string,
  name: string,
): Omit<MongoDatabase, typeof Symbol.asyncDispose> {
  return {
    client,
    db: client.db(name),
    name,
    url,
    dataSource: { type: 'mongodb', url, database: name },
    addresses: client.options.hosts.map(String),
  }
}
