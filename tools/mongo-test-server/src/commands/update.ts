import type { BsonDocument } from '../documents/bson-document.ts'
import { encodeDocument, isDocument } from '../documents/bson-document.ts'
import { idKeyOf, idOf, withLeadingId } from '../documents/document-id.ts'
import type { FoundDocument } from '../query/read-documents.ts'
import type { Namespace } from '../storage/catalog.ts'
import { applyUpdate } from '../update/apply-update.ts'
import { upsertDocument } from '../update/upsert-document.ts'
import { namespaceOf, sentStatements, type CommandContext } from './command.ts'
import { CommandError } from './command-error.ts'
import { matching } from './delete.ts'
import { insertOne } from './insert.ts'
import { writeErrors } from './write-errors.ts'

/** Changes documents. */
export async function update(context: CommandContext): Promise<BsonDocument> {
  const namespace = namespaceOf(context)
  const upserted: BsonDocument[] = []
  const errors: BsonDocument[] = []
  let matched = 0
  let modified = 0
  for (const [index, statement] of sentStatements(context, 'updates').entries()) {
    try {
      const result = await updateStatement(context, namespace, statement)
      matched += result.matched
      modified += result.modified
      if (result.upsertedId !== undefined) upserted.push({ index, _id: result.upsertedId })
    } catch (error) {
      if (!(error instanceof CommandError) || context.transaction !== undefined) throw error
      errors.push({ index, code: error.code, errmsg: error.message })
      if (context.command['ordered'] !== false) break
    }
  }
  context.server.store.log.publish()
  return {
    n: matched + upserted.length,
    nModified: modified,
    ...(upserted.length === 0 ? {} : { upserted }),
    ...writeErrors(errors),
  }
}

interface StatementResult {
  readonly matched: number
  readonly modified: number
  readonly upsertedId: unknown
}

async function updateStatement(
  context: CommandContext,
  namespace: Namespace,
  statement: BsonDocument,
): Promise<StatementResult> {
  const { q: filter, u: change, multi, upsert, arrayFilters, sort } = statement
  const found = await matching(context, namespace, { filter, sort, one: multi !== true })
  if (found.length === 0 && upsert === true) {
    const document = upsertOne(context, namespace, { filter, change, arrayFilters })
    return { matched: 0, modified: 0, upsertedId: idOf(document) }
  }
  let modified = 0
  for (const document of found) {
    const after = changeOne(context, namespace, document, { filter, change, arrayFilters })
    if (after !== document.bytes) modified += 1
  }
  return { matched: found.length, modified, upsertedId: undefined }
}

/** What is to be done to a document. */
export interface DocumentUpdate {
  readonly filter: unknown
  /** Operators, a pipeline, or a document to put in its place. */
  readonly change: unknown
  readonly arrayFilters: unknown
}

/**
 * @param context
 * @param namespace
 * @param document
 * @param update
 * @returns the document as it is now: the same bytes when nothing changed
 */
export function changeOne(
  { server, transaction }: CommandContext,
  namespace: Namespace,
  { key, bytes }: FoundDocument,
  update: DocumentUpdate,
): Buffer {
  const { kind, after, description } = applyUpdate(bytes, update)
  if (after.equals(bytes)) return bytes
  if (idKeyOf(after) !== key) {
    throw new CommandError(
      'ImmutableField',
      "Performing an update on the path '_id' would modify the immutable field '_id'",
    )
  }
  const change = { kind, namespace, key, before: bytes, after }
  server.store.write(description === undefined ? change : { ...change, description }, transaction)
  return after
}

/**
 * Puts a document there that the filter and the update describe.
 *
 * @returns the document
 */
export function upsertOne(
  context: CommandContext,
  namespace: Namespace,
  { filter, change, arrayFilters }: DocumentUpdate,
): Buffer {
  const base = upsertDocument(isDocument(filter) ? filter : {}, change)
  const start = encodeDocument(base)
  const { after } = applyUpdate(start, { filter, change, arrayFilters }, true)
  const document = withLeadingId(after)
  insertOne(context, namespace, document)
  return document
}
