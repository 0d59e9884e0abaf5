import { CommandError } from '../commands/command-error.ts'
import { encodeDocument, type BsonDocument } from '../documents/bson-document.ts'
import { idKeyOf } from '../documents/document-id.ts'
import { appendDocuments, onlyFirstField } from '../documents/raw-fields.ts'
import type { Catalog, Namespace } from '../storage/catalog.ts'
import { timestampOf } from '../storage/cluster-clock.ts'
import type { DefinitionEntry, DocumentEntry, LogEntry } from '../storage/operation-log.ts'
import { resumeToken, type StreamPosition } from './resume-token.ts'
import type { StreamOptions, StreamScope } from './stream-options.ts'

/** One event of a change stream: https://www.mongodb.com/docs/manual/reference/change-events/. */
export interface ChangeEvent {
  readonly position: StreamPosition
  /** BSON. */
  readonly bytes: Buffer
  /** Its `_id`. */
  readonly token: BsonDocument
  /** Whether the stream ends with it. */
  readonly last: boolean
}

/**
 * @param entry of the operation log
 * @param options of the stream
 * @param catalog for looking up documents as they are now
 * @returns what the stream tells of it: nothing, an event, or an event and the end of the stream
 * @throws {CommandError} NoMatchingDocument when the stream requires an image that was not kept
 */
export function changeEvents(
  entry: LogEntry,
  options: StreamOptions,
  catalog: Catalog,
): ChangeEvent[] {
  if (!concerns(entry, options.scope)) return []
  const position = { time: entry.time, place: entry.place, invalidation: false, fragment: 0 }
  if (isDocumentEntry(entry)) {
    const bytes = documentEvent(entry, options, catalog, position)
    return [{ position, bytes, token: resumeToken(position), last: false }]
  }
  const expandedOnly = !['drop', 'rename', 'dropDatabase'].includes(entry.kind)
  if (expandedOnly && !options.showExpandedEvents) return []
  const bytes = encodeDocument(definitionEvent(entry, position))
  const event = { position, bytes, token: resumeToken(position), last: false }
  if (!invalidates(entry, options.scope)) return [event]
  const after = { ...position, invalidation: true }
  const end = encodeDocument({ ...head(entry, after), operationType: 'invalidate' })
  return [event, { position: after, bytes: end, token: resumeToken(after), last: true }]
}

function isDocumentEntry(entry: LogEntry): entry is DocumentEntry {
  return 'keepsImages' in entry
}

function concerns(entry: LogEntry, { database, collection }: StreamScope): boolean {
  const { namespace } = entry
  if (database === undefined) return !['admin', 'local', 'config'].includes(namespace.database)
  const to = 'to' in entry ? entry.to : undefined
  if (collection === undefined) return namespace.database === database || to?.database === database
  const isIt = (place: Namespace | undefined) =>
    place?.database === database && place.collection === collection
  return isIt(namespace) || isIt(to)
}

function invalidates(entry: DefinitionEntry, { database, collection }: StreamScope): boolean {
  if (database === undefined) return false
  if (collection === undefined) return entry.kind === 'dropDatabase'
  return entry.kind === 'drop' || entry.kind === 'rename'
}

function head(entry: LogEntry, position: StreamPosition): BsonDocument {
  const { transaction, time, wallMs } = entry
  return {
    _id: resumeToken(position),
    operationType: entry.kind,
    clusterTime: timestampOf(time),
    ...(transaction === undefined
      ? {}
      : { txnNumber: transaction.txnNumber, lsid: transaction.lsid }),
    wallTime: new Date(wallMs),
  }
}

function definitionEvent(entry: DefinitionEntry, position: StreamPosition): BsonDocument {
  const { namespace, to, details, uuid } = entry
  const { database, collection } = namespace
  return {
    ...head(entry, position),
    ns: entry.kind === 'dropDatabase' ? { db: database } : { db: database, coll: collection },
    ...(to === undefined ? {} : { to: { db: to.database, coll: to.collection } }),
    ...(details === undefined ? {} : { collectionUUID: uuid, operationDescription: details }),
  }
}

function documentEvent(
  entry: DocumentEntry,
  options: StreamOptions,
  catalog: Catalog,
  position: StreamPosition,
): Buffer {
  const { namespace, description, before, after } = entry
  const known = after ?? before
  return appendDocuments(encodeDocument(head(entry, position)), [
    ['fullDocument', fullDocumentOf(entry, options, catalog)],
    ['ns', encodeDocument({ db: namespace.database, coll: namespace.collection })],
    ['documentKey', known === undefined ? undefined : onlyFirstField(known)],
    ['updateDescription', description === undefined ? undefined : encodeDocument(description)],
    ['fullDocumentBeforeChange', beforeChangeOf(entry, options)],
  ])
}

/** @returns the document, null where there is none any more, undefined where the event has none */
function fullDocumentOf(
  { kind, after, keepsImages, namespace }: DocumentEntry,
  { fullDocument }: StreamOptions,
  catalog: Catalog,
): Buffer | null | undefined {
  if (kind === 'delete' || after === undefined) return undefined
  if (kind !== 'update') return after
  switch (fullDocument) {
    case 'default':
      return undefined
    case 'updateLookup':
      return catalog.find(namespace)?.find(idKeyOf(after))?.latest.bytes ?? null
    case 'whenAvailable':
      return keepsImages ? after : null
    case 'required':
      if (!keepsImages) throw imageNotFound('post-image', 'update')
      return after
  }
}

function beforeChangeOf(
  { kind, before, keepsImages }: DocumentEntry,
  { fullDocumentBeforeChange }: StreamOptions,
): Buffer | null | undefined {
  if (fullDocumentBeforeChange === 'off' || kind === 'insert') return undefined
  if (keepsImages && before !== undefined) return before
  if (fullDocumentBeforeChange === 'required') throw imageNotFound('pre-image', kind)
  return null
}

function imageNotFound(image: string, kind: string): CommandError {
  return new CommandError(
    'NoMatchingDocument',
    `Change stream was configured to require a ${image} for all update, delete and replace events, but the ${image} was not found for event: ${kind}`,
    { labels: ['NonResumableChangeStreamError'] },
  )
}
