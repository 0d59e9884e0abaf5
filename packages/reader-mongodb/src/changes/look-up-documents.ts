import type { Document } from 'mongodb'
import { loadDriver } from '../connection/driver.ts'
import type { SourceClient } from '../connection/source-client.ts'
import { valuesOf, type ChangeEvent } from './change-event.ts'
import { CommandCursor } from './command-cursor.ts'
import { needsDocument } from './document-change.ts'
import type { FollowedCollection } from './followed-collection.ts'

/** A change that may need the document as it is now. */
export interface LookedUpEvent {
  readonly event: ChangeEvent
  /** Absent: not followed. */
  readonly collection: FollowedCollection | undefined
  /** Filled in, unless the document is gone. */
  document?: Buffer
}

/**
 * Looks the documents of those changes up that tell of something inside of a field, with one question for each collection. What
 * is found may be later than the change; what came between follows in the stream.
 *
 * @throws errors of the driver
 */
export async function lookUpDocuments(
  source: SourceClient,
  events: readonly LookedUpEvent[],
  signal: AbortSignal,
): Promise<void> {
  const wanted = new Map<FollowedCollection, LookedUpEvent[]>()
  for (const one of events) {
    if (one.collection === undefined || !needsDocument(one.event)) continue
    const others = wanted.get(one.collection)
    if (others === undefined) wanted.set(one.collection, [one])
    else others.push(one)
  }
  for (const [collection, ones] of wanted) await lookUp(source, collection, ones, signal)
}

async function lookUp(
  source: SourceClient,
  collection: FollowedCollection,
  events: readonly LookedUpEvent[],
  signal: AbortSignal,
): Promise<void> {
  const byId = new Map<string, LookedUpEvent[]>()
  const ids: unknown[] = []
  for (const one of events) {
    const key = one.event.document('documentKey')
    if (!key) continue
    const filter = filterOf(key)
    // On a sharded cluster `_id` alone may name several documents.
    if (Object.keys(filter).length > 1) {
      const [found] = await find(source, collection, filter, signal)
      if (found !== undefined) one.document = found
      continue
    }
    const id = idOf(key)
    const others = byId.get(id)
    if (others !== undefined) others.push(one)
    else {
      byId.set(id, [one])
      ids.push(filter['_id'])
    }
  }
  if (ids.length === 0) return
  for (const found of await find(source, collection, { _id: { $in: ids } }, signal))
    for (const one of byId.get(idOf(found)) ?? []) one.document = found
}

/** What was committed by a majority: the stream has nothing else either. */
async function find(
  source: SourceClient,
  { database, name }: FollowedCollection,
  filter: Document,
  signal: AbortSignal,
): Promise<readonly Buffer[]> {
  const command = { find: name, filter, readConcern: { level: 'majority' } }
  const cursor = new CommandCursor(source, { database, command })
  try {
    const found = [...(await cursor.open(signal)).documents]
    while (cursor.isOpen) found.push(...(await cursor.next(signal)).documents)
    return found
  } finally {
    await cursor.close()
  }
}

/** A key with every value of the type that it has: 1 and 1.0 are other bytes. */
function filterOf(key: Buffer): Document {
  return loadDriver().BSON.deserialize(key, { promoteValues: false, promoteLongs: false })
}

/** Type and bytes of `_id`. */
function idOf(document: Buffer): string {
  const id = valuesOf(document).get('_id')
  return id === undefined ? '' : `${id.type} ${document.toString('latin1', id.offset, id.end)}`
}
