import type { OperationCode, Row, TableSchema } from '@millrace/core/record'
import { bsonType } from '../types/bson-types.ts'
import { endOfString } from '../types/json-writer.ts'
import type { DocumentColumns, SizedRow } from '../types/document-columns.ts'
import { valuesOf, type ChangeEvent } from './change-event.ts'
import type { FollowedCollection } from './followed-collection.ts'

/** A change of one document, as batches have it. */
export interface DocumentChange {
  readonly schema: TableSchema
  readonly operation: OperationCode
  readonly row: Row
  readonly before: Row | null
  readonly byteSize: number
}

const operations: Readonly<Record<string, OperationCode>> = {
  insert: 'c',
  update: 'u',
  replace: 'u',
  delete: 'd',
}

/** Whether an event is about a document. */
export function isDocumentEvent({ operation }: ChangeEvent): boolean {
  return Object.hasOwn(operations, operation)
}

/** Whether an update tells of something inside of a field, and comes without the document: its row cannot be made of it. */
export function needsDocument(event: ChangeEvent): boolean {
  if (event.operation !== 'update' || event.document('fullDocument')) return false
  const { updated, removed, hasTruncated } = descriptionOf(event)
  return hasTruncated || ![...removed, ...valuesOf(updated).keys()].every(isWholeField)
}

/**
 * Takes in the names of all fields that events have, so that their rows have the same columns.
 *
 * @param lookedUp - the document of an update that came without
 */
export function admitEvent(columns: DocumentColumns, event: ChangeEvent, lookedUp?: Buffer): void {
  const documents = [
    event.document('documentKey'),
    event.document('fullDocument') ?? lookedUp,
    event.document('fullDocumentBeforeChange'),
  ]
  const { updated, removed } = descriptionOf(event)
  const names = [...removed, ...valuesOf(updated).keys()].filter(isWholeField)
  columns.admit(
    documents.filter((document) => document !== null && document !== undefined),
    names,
  )
}

/**
 * The change that an event tells; its names were admitted.
 *
 * @param lookedUp - the document of an update that came without
 */
export function documentChange(
  { columns, hasImages }: FollowedCollection,
  event: ChangeEvent,
  lookedUp?: Buffer,
): DocumentChange {
  const operation = operations[event.operation] ?? 'u'
  const image = event.document('fullDocumentBeforeChange') ?? undefined
  // What comes into being has nothing before it.
  const hasImage = hasImages && (operation === 'c' || image !== undefined)
  const replaces = event.operation === 'replace' && image === undefined
  const schema = columns.schemaOf({ replaces, hasImage })
  const key = event.document('documentKey') ?? emptyDocument
  if (operation === 'd') {
    const { row, byteSize } = image === undefined ? columns.partOf([key], []) : columns.rowOf(image)
    return { schema, operation, row, before: null, byteSize }
  }
  const document = event.document('fullDocument') ?? lookedUp
  const { row, byteSize } = document
    ? columns.rowOf(document)
    : withoutDocument(columns, event, image, key)
  const before = operation === 'c' || image === undefined ? null : columns.rowOf(image).row
  return { schema, operation, row, before, byteSize }
}

/**
 * What an update says itself, with what the document was before where that is known. All of it, but for a document that was gone
 * when it was looked for: its end is still to come.
 */
function withoutDocument(
  columns: DocumentColumns,
  event: ChangeEvent,
  image: Buffer | undefined,
  key: Buffer,
): SizedRow {
  const { updated, removed } = descriptionOf(event)
  const gone = removed.filter(isWholeField)
  if (image === undefined) return columns.partOf([key, updated], gone)
  return columns.partOf([image, updated], gone, { isWhole: true })
}

interface UpdateDescription {
  readonly updated: Buffer
  readonly removed: readonly string[]
  /** Arrays have become shorter. */
  readonly hasTruncated: boolean
}

const emptyDocument = Buffer.from([5, 0, 0, 0, 0])

function descriptionOf(event: ChangeEvent): UpdateDescription {
  const description = event.document('updateDescription')
  if (!description) return { updated: emptyDocument, removed: [], hasTruncated: false }
  const values = valuesOf(description)
  const part = (name: string) => {
    const value = values.get(name)
    return value === undefined ? emptyDocument : description.subarray(value.offset, value.end)
  }
  const removed = part('removedFields')
  const names = [...valuesOf(removed).values()]
    .filter(({ type }) => type === bsonType.string)
    .map(({ offset }) => removed.toString('utf8', offset + 4, endOfString(removed, offset)))
  const hasTruncated = valuesOf(part('truncatedArrays')).size > 0
  return { updated: part('updatedFields'), removed: names, hasTruncated }
}

/** A name with a dot is the way to a field inside another one. */
function isWholeField(name: string): boolean {
  return !name.includes('.')
}
