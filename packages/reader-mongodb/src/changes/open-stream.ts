import type { Document } from 'mongodb'
import { loadDriver } from '../connection/driver.ts'
import type { SourceClient } from '../connection/source-client.ts'
import { CommandCursor } from './command-cursor.ts'
import type { FollowedCollections } from './followed-collection.ts'
import type { StreamPosition } from './stream-position.ts'

/** What updates bring of the document: nothing, as it is when the server sends the change, or as it was made by it. */
export type FullDocument = 'default' | 'updateLookup' | 'whenAvailable' | 'required'

/** How a stream is opened. */
export interface StreamSettings {
  readonly collections: FollowedCollections
  readonly fullDocument: FullDocument
  /** Whether the server cuts changes that are larger than a message: since 6.0.9 and 7.0. */
  readonly canSplit: boolean
}

/** Changes in one reply at most: with documents before and after, larger ones would fill the memory. */
const maxReplyChanges = 2000

/**
 * A cursor over the changes of all collections behind a position; not opened yet.
 *
 * @param maxChanges - in one reply
 */
export function changeCursor(
  source: SourceClient,
  settings: StreamSettings,
  position: StreamPosition,
  maxChanges = maxReplyChanges,
): CommandCursor {
  const { collections, fullDocument, canSplit } = settings
  const [first, ...others] = collections.all
  const [database, ...otherDatabases] = collections.databases
  const isCluster = otherDatabases.length > 0
  const stage = {
    fullDocument,
    ...(collections.all.some(({ hasImages }) => hasImages) && {
      fullDocumentBeforeChange: 'whenAvailable',
    }),
    ...(isCluster && { allChangesForCluster: true }),
    ...startOf(position),
  }
  return new CommandCursor(source, {
    database: isCluster ? 'admin' : (database ?? 'admin'),
    command: {
      aggregate: !isCluster && others.length === 0 ? (first?.name ?? 1) : 1,
      pipeline: [
        { $changeStream: stage },
        ...(others.length === 0 ? [] : [{ $match: ofCollections(collections) }]),
        ...(canSplit ? [{ $changeStreamSplitLargeEvent: {} }] : []),
      ],
    },
    batchSize: Math.min(maxChanges, maxReplyChanges),
  })
}

function startOf({ time, token }: StreamPosition): Document {
  const { Timestamp, BSON } = loadDriver()
  // Not `resumeAfter`: the token may be that of an invalidation.
  if (token !== undefined)
    return { startAfter: BSON.EJSON.deserialize(token as Document, { relaxed: false }) }
  return { startAtOperationTime: new Timestamp({ t: time.seconds, i: time.increment }) }
}

/** Changes of these collections, and what becomes of them as a whole. */
function ofCollections({ all, databases }: FollowedCollections): Document {
  const names = (database: string) =>
    all.filter((one) => one.database === database).map(({ name }) => name)
  return {
    $or: [
      ...databases.flatMap((database) => [
        { 'ns.db': database, 'ns.coll': { $in: names(database) } },
        { 'to.db': database, 'to.coll': { $in: names(database) } },
      ]),
      { operationType: 'invalidate' },
    ],
  }
}
