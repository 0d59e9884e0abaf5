import type { Long } from 'bson'
import type { BsonDocument } from '../documents/bson-document.ts'
import { optionalNumber } from '../documents/plain-numbers.ts'
import type { CommandContext } from './command.ts'
import { logInWithHello } from './log-in.ts'

const largestDocumentBytes = 16 * 1024 * 1024
const largestMessageBytes = 48_000_000
const mostWritesInBatch = 100_000

/**
 * Says who this member is. A client that knows the state already waits for the next change of it, as long as it says.
 *
 * @param context
 * @returns the reply
 */
export async function hello(context: CommandContext): Promise<BsonDocument> {
  const { server, connection, command } = context
  const known = Object(command['topologyVersion'])
  const maxWaitMs = optionalNumber(command['maxAwaitTimeMS'])
  if (known['counter'] !== undefined && maxWaitMs !== undefined) {
    const counter = String(known['counter'] as Long)
    await server.replicaSet.changedSince(counter, maxWaitMs, connection.closed.signal)
  }
  return {
    helloOk: true,
    ...server.replicaSet.describe(connection.member),
    maxBsonObjectSize: largestDocumentBytes,
    maxMessageSizeBytes: largestMessageBytes,
    maxWriteBatchSize: mostWritesInBatch,
    localTime: new Date(),
    logicalSessionTimeoutMinutes: 30,
    connectionId: connection.number,
    minWireVersion: 0,
    maxWireVersion: server.version.wireVersion,
    readOnly: false,
    ...logInWithHello(context),
  }
}
