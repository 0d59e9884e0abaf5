import { startMongoTestServer, type MongoTestServer } from '@millrace/mongo-test-server'
import { MongoClient } from 'mongodb'
import { databaseAt, type MongoDatabase } from './mongo-database.ts'

/** A MongoDB database on a test server of the test's own, which can be told to fail. */
export interface MongoSource extends MongoDatabase {
  readonly server: MongoTestServer
}

export async function startMongoSource(name = 'shop'): Promise<MongoSource> {
  const server = await startMongoTestServer()
  const client = await new MongoClient(server.url).connect()
  return {
    ...databaseAt(client, server.url, name),
    server,
    async [Symbol.asyncDispose]() {
      await client.close(true)
      await server.close()
    },
  }
}
