import { MongoClient, type Collection, type Document, type MongoClientOptions } from 'mongodb'
import { onTestFinished } from 'vitest'
import {
  startMongoTestServer,
  type MongoTestServer,
  type MongoTestServerOptions,
} from '../src/index.ts'

/** An identifier of any type. */
export type AnyId = string | number | boolean | object | null

/** A document whose `_id` is of any type. */
export interface AnyDocument extends Document {
  _id?: AnyId
}

/** A server of one test, and the official driver connected to it. */
export interface Served {
  readonly server: MongoTestServer
  readonly client: MongoClient
  readonly collection: (name?: string) => Collection<AnyDocument>
}

/**
 * Starts a server for the running test, and ends it with that.
 *
 * @param options of the server
 * @param clientOptions of the driver
 * @returns both
 */
export async function serve(
  options: MongoTestServerOptions = {},
  clientOptions: MongoClientOptions = {},
): Promise<Served> {
  const server = await startMongoTestServer(options)
  const client = new MongoClient(server.url, clientOptions)
  onTestFinished(async () => {
    await client.close()
    await server.close()
  })
  await client.connect()
  return { server, client, collection: (name = 'items') => client.db('shop').collection(name) }
}
