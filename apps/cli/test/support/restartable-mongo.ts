import { startMongoTestServer, type MongoTestServer } from '@millrace/mongo-test-server'
import { MongoClient } from 'mongodb'
import { loadDocuments } from './mongo-load-source.ts'
import type { RowSource } from './load-source.ts'

/** A replica set of the test's own with a filled collection, which comes back with the same documents, and nothing else it knew. */
export interface RestartableMongo extends AsyncDisposable {
  readonly source: RowSource
  /** Ends a connection in the middle of the next reply; one between two replies would not be missed. */
  cutNextReply(): void
  restart(): Promise<void>
  /** Ends the server; what comes back starts it again. */
  stop(): Promise<() => Promise<void>>
}

const database = 'shop'

/** Starts it; documents have a kilobyte, more than what the sockets between server and reader hold. */
export async function startRestartableMongo(rowCount: number): Promise<RestartableMongo> {
  const documents = loadDocuments(rowCount, 1000)
  let server = await startFilled(documents)
  const { port } = server
  const stop = async () => {
    await server.close()
    return async () => {
      server = await startFilled(documents, port)
    }
  }
  return {
    source: {
      kind: 'mongodb',
      rowCount,
      rows: async () => documents,
      dataSource: () => ({ type: 'mongodb', url: server.url, database }),
      [Symbol.asyncDispose]: async () => await server.close(),
    },
    cutNextReply: () => server.control.dropNextReply(),
    restart: async () => await (await stop())(),
    stop,
    [Symbol.asyncDispose]: async () => await server.close(),
  }
}

async function startFilled(
  documents: ReturnType<typeof loadDocuments>,
  port = 0,
): Promise<MongoTestServer> {
  const server = await startMongoTestServer({ port })
  const client = await new MongoClient(server.url).connect()
  await client
    .db(database)
    .collection('t')
    .insertMany(documents as never[])
  await client.close()
  return server
}
