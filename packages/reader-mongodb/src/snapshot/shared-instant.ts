import type { ClientSession, Timestamp } from 'mongodb'
import type { SourceClient } from '../connection/source-client.ts'
import { sourceFaultOf, statementError } from '../connection/source-error.ts'
import type { SourceCollection } from './source-collection.ts'

/** The part of the driver's sessions that is used beyond their typed interface; pinned by the tests. */
interface SnapshotSession {
  snapshotTime?: Timestamp
}

/** Wire version of MongoDB 5.0, the first that reads as of one instant outside of transactions. */
const firstSnapshotVersion = 13

/** Whether the server may be able to read as of one instant: a replica set or a sharded cluster, from 5.0 on. */
export function mayShareInstant({ facts }: SourceClient): boolean {
  return facts.hasOplog && facts.maxWireVersion >= firstSnapshotVersion
}

/**
 * The instant that reads may share from now on.
 *
 * @returns what the server has against it (for a log) where it cannot
 * @throws PluginError SOURCE_UNREACHABLE
 */
export async function takeInstant(
  source: SourceClient,
  { database, name, label }: SourceCollection,
  signal: AbortSignal,
): Promise<Timestamp | string> {
  const session = source.client.startSession({ snapshot: true })
  try {
    const options = { session, signal, projection: { _id: 1 } }
    await source.client.db(database).collection(name).find({}, options).limit(1).toArray()
    return (session as SnapshotSession).snapshotTime ?? 'it gave no time'
  } catch (error) {
    signal.throwIfAborted()
    const fault = sourceFaultOf(error)
    if (fault.isConnection) throw statementError(`reading collection ${label}`, error)
    return fault.message
  } finally {
    await session.endSession()
  }
}

/** A session whose reads see the instant; without one that of its first read. */
export function sessionAt(source: SourceClient, instant: Timestamp | undefined): ClientSession {
  const session = source.client.startSession({ snapshot: true })
  if (instant !== undefined) (session as SnapshotSession).snapshotTime = instant
  return session
}
