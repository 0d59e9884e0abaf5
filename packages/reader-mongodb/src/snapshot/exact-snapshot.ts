import type { Document, Timestamp } from 'mongodb'
import { clusterTimeOf, CommandCursor } from '../changes/command-cursor.ts'
import type { FollowedCollection } from '../changes/followed-collection.ts'
import { noChanges } from '../changes/stream-error.ts'
import type { ClusterTime } from '../changes/stream-position.ts'
import type { SourceClient } from '../connection/source-client.ts'
import { sourceFaultOf, statementError } from '../connection/source-error.ts'

/** An instant, and whether reads can see it. */
export interface Snapshot {
  readonly time: ClusterTime
  readonly isExact: boolean
}

/** InvalidOptions, and what servers before 5.0 and look-alikes answer to a read concern that they do not have. */
const notSupported: ReadonlySet<number> = new Set([9, 72, 115, 238, 263, 304])

/** Chooses an instant that reads can see; where the server cannot do that, one that everything read later has seen. */
export async function takeSnapshot(
  source: SourceClient,
  { database, name, label }: FollowedCollection,
  signal: AbortSignal,
): Promise<Snapshot> {
  // Before the probe: the changes behind an instant that is not exact must not miss what is committed meanwhile.
  const time = await operationTime(source, signal)
  const command = {
    find: name,
    limit: 1,
    singleBatch: true,
    projection: { _id: 1 },
    readConcern: { level: 'snapshot' },
  }
  const cursor = new CommandCursor(source, { database, command })
  try {
    const { atClusterTime } = await cursor.open(signal)
    if (atClusterTime !== undefined) return { time: atClusterTime, isExact: true }
  } catch (error) {
    signal.throwIfAborted()
    const { code } = sourceFaultOf(error)
    if (code === undefined || !notSupported.has(code))
      throw statementError(`reading ${label} as of one instant`, error)
  } finally {
    await cursor.close()
  }
  return { time, isExact: false }
}

/** The end of the oplog: behind everything that was committed before the call. */
export async function operationTime(
  source: SourceClient,
  signal: AbortSignal,
): Promise<ClusterTime> {
  const reply: Document = await source.command('admin', { ping: 1 }, 'asking for the time', signal)
  const time = reply['operationTime'] as Timestamp | undefined
  if (time !== undefined) return clusterTimeOf(time)
  throw noChanges('asking for the end of the oplog')
}
