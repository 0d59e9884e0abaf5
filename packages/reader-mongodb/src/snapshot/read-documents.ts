import type { Document } from 'mongodb'
import type { ReadOptions } from '@millrace/core/plugin'
import { BatchBuilder, type Position, type RecordBatch } from '@millrace/core/record'
import { CommandCursor, type CursorReply } from '../changes/command-cursor.ts'
import type { FollowedCollection } from '../changes/followed-collection.ts'
import { loadDriver } from '../connection/driver.ts'
import type { SourceClient } from '../connection/source-client.ts'
import { readError } from '../connection/source-error.ts'
import type { Snapshot } from './exact-snapshot.ts'
import { idConditions, type IdRange } from './id-conditions.ts'
import { positionOf, valueOfField } from './id-value.ts'

/** Documents in one reply: enough that the way there and back does not count. */
const maxReplyDocuments = 5000

/** What of a collection is read, and as of when. */
export interface DocumentRead {
  readonly source: SourceClient
  readonly collection: FollowedCollection
  readonly range: IdRange
  /** An exact instant; else what most members have when each reply is sent, at that time or later. Absent: what the server has. */
  readonly snapshot: Snapshot | undefined
}

/** Reads documents in the order of `_id`, as rows of the columns that are known when their reply comes. */
export async function* readDocuments(
  read: DocumentRead,
  options: ReadOptions,
): AsyncGenerator<RecordBatch, void, undefined> {
  const { signal } = options
  try {
    for (const condition of idConditions(read.range)) {
      const cursor = documentCursor(read, condition, options)
      try {
        yield* rowsOf(cursor, read.collection, options)
      } finally {
        await cursor.close()
      }
    }
  } catch (error) {
    signal.throwIfAborted()
    throw readError(`reading collection ${read.collection.label}`, error)
  }
}

async function* rowsOf(
  cursor: CommandCursor,
  collection: FollowedCollection,
  options: ReadOptions,
): AsyncGenerator<RecordBatch, void, undefined> {
  const { signal } = options
  let pending: Promise<CursorReply> | undefined = cursor.open(signal)
  while (pending !== undefined) {
    const { documents } = await pending
    pending = cursor.isOpen ? cursor.next(signal) : undefined
    pending?.catch(() => {})
    for (let at = 0; at < documents.length;) {
      const end = admitFrom(documents, at, collection)
      yield* batchesOf(documents.slice(at, end), collection, options)
      at = end
    }
  }
}

/** Takes in the names of the documents from `start` on, of as many as may be rows of the same columns; gives where they end. */
function admitFrom(
  documents: readonly Buffer[],
  start: number,
  { columns }: FollowedCollection,
): number {
  columns.makeRoom()
  let end = start
  while (end < documents.length && columns.mayTake(end - start)) {
    columns.admit(documents.slice(end, end + 1))
    end += 1
  }
  return end
}

/** Rows of documents whose names were just taken in: all at once, since other splits take in names meanwhile. */
function batchesOf(
  documents: readonly Buffer[],
  { columns, hasImages: hasImage }: FollowedCollection,
  options: ReadOptions,
): readonly RecordBatch[] {
  const replaces = options.overwrites === true
  const builder = new BatchBuilder(columns.schemaOf({ replaces, hasImage }), options)
  const batches: RecordBatch[] = []
  let last: Buffer | undefined
  for (const document of documents) {
    const { row, byteSize } = columns.rowOf(document)
    if (builder.mustFlushBefore(byteSize)) batches.push(builder.take(placeOf(last, options)))
    builder.add(row, byteSize)
    last = document
  }
  if (builder.rowCount > 0) batches.push(builder.take(placeOf(last, options)))
  return batches
}

function documentCursor(
  { source, collection, snapshot }: DocumentRead,
  condition: Document | undefined,
  { maxRows }: ReadOptions,
): CommandCursor {
  const { database, name, excluded } = collection
  const command: Document = {
    find: name,
    filter: condition === undefined ? {} : { _id: condition },
    sort: { _id: 1 },
    ...(excluded.length > 0 && {
      projection: Object.fromEntries(excluded.map((field) => [field, 0])),
    }),
    ...(snapshot && { readConcern: concernOf(snapshot) }),
  }
  return new CommandCursor(source, {
    database,
    command,
    batchSize: Math.min(maxRows, maxReplyDocuments),
  })
}

/** The changes behind an instant are all that is applied: what is read has everything up to it, even what few members had then. */
function concernOf({ time, isExact }: Snapshot): Document {
  const { Timestamp } = loadDriver()
  const timestamp = new Timestamp({ t: time.seconds, i: time.increment })
  return isExact
    ? { level: 'snapshot', atClusterTime: timestamp }
    : { level: 'majority', afterClusterTime: timestamp }
}

function placeOf(last: Buffer | undefined, { positions }: ReadOptions): Position | undefined {
  const id = last === undefined || positions !== true ? undefined : valueOfField(last, 0, '_id')
  return id && positionOf(id)
}
