import type { Document } from 'mongodb'
import type { CallOptions } from '@millrace/core/plugin'
import { statementError, sourceFaultOf } from '../connection/source-error.ts'
import type { SourceClient } from '../connection/source-client.ts'
import { endOfText, endOfValue, int32At } from '../types/bson-types.ts'
import type { DocumentColumn } from '../types/column-form.ts'
import type { SourceCollection } from './source-collection.ts'

/**
 * The fields of documents that columns take; `undefined` when it may be any of them. A name with dots may be that of a
 * field, or a path, which a projection cannot say.
 */
export function fieldsOf(columns: readonly DocumentColumn[]): ReadonlySet<string> | undefined {
  const isAny = columns.some(
    ({ name, form }) => form === 'document' || name === '' || /[.$]/.test(name),
  )
  return isAny ? undefined : new Set(columns.map(({ name }) => name))
}

/** What the server is told to send: these fields, and `_id` where it is one of them, or is needed to go on. */
export function projectionOf(fields: ReadonlySet<string>, needsId: boolean): Document {
  const named = [...fields].map((name): [string, number] => [name, 1])
  return Object.fromEntries([...named, ['_id', needsId || fields.has('_id') ? 1 : 0]])
}

const sampledDocuments = 20
/** Two replies are in memory for every channel: one that is decoded and one that is on its way. */
const replyBytes = 1_048_576
/** The server's own first batch. */
const fewestDocuments = 101
/** With more it does not get faster. */
const mostDocuments = 5000
/** Above this share of the bytes it costs the server more to leave fields out than to send them. */
const largestShare = 0.7

/** A few documents as they are stored; none of a view, which would be computed for it, or where they cannot be read. */
export async function sampleDocuments(
  { client }: SourceClient,
  { database, name, label, hasIdOrder }: SourceCollection,
  { signal }: CallOptions,
): Promise<readonly Uint8Array[]> {
  if (!hasIdOrder) return []
  try {
    return await client
      .db(database)
      .collection<Uint8Array>(name)
      .find({}, { raw: true, limit: sampledDocuments, signal })
      .toArray()
  } catch (error) {
    signal.throwIfAborted()
    if (sourceFaultOf(error).isConnection)
      throw statementError(`reading collection ${label}`, error)
    return []
  }
}

/** How many documents of this size the server sends at once so that a reply is neither large nor one of many. */
export function replyLength(documents: readonly Uint8Array[]): number {
  const bytes = documents.reduce((sum, document) => sum + document.byteLength, 0)
  if (bytes === 0) return fewestDocuments
  const wanted = Math.round((replyBytes * documents.length) / bytes)
  return Math.min(mostDocuments, Math.max(fewestDocuments, wanted))
}

/** Whether the fields are so small a part of the documents that the server should leave the others out. */
export function isSmallPart(
  documents: readonly Uint8Array[],
  fields: ReadonlySet<string>,
): boolean {
  let wanted = 0
  let all = 0
  for (const document of documents) {
    const source = Buffer.from(document.buffer, document.byteOffset, document.byteLength)
    all += int32At(source, 0)
    for (let at = 4; source[at] !== 0;) {
      const nameEnd = endOfText(source, at + 1)
      const end = endOfValue(source, source[at] as number, nameEnd + 1)
      if (fields.has(source.toString('utf8', at + 1, nameEnd))) wanted += end - at
      at = end
    }
  }
  return wanted < all * largestShare
}
