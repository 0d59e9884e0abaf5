import type { BsonDocument } from '../documents/bson-document.ts'
import { idKeyOf, idOf, isRefusedId, withLeadingId } from '../documents/document-id.ts'
import { namespaceText, type Namespace } from '../storage/catalog.ts'
import type { Collection } from '../storage/collection.ts'
import type { Transaction } from '../sessions/transaction.ts'
import { lockName } from '../sessions/transaction.ts'
import { writeConflict } from '../storage/data-store.ts'
import { CommandError } from './command-error.ts'
import { namespaceOf, sentDocuments, type CommandContext } from './command.ts'
import { writeErrors } from './write-errors.ts'

/** Puts documents into a collection. */
export function insert(context: CommandContext): BsonDocument {
  const { server, transaction, command } = context
  const namespace = namespaceOf(context)
  const errors: BsonDocument[] = []
  let inserted = 0
  for (const [index, document] of sentDocuments(context, 'documents').entries()) {
    try {
      insertOne(context, namespace, withLeadingId(document))
      inserted += 1
    } catch (error) {
      if (!(error instanceof CommandError) || transaction !== undefined) throw error
      errors.push({ index, code: error.code, errmsg: error.message, ...error.details })
      if (command['ordered'] !== false) break
    }
  }
  server.store.log.publish()
  return { n: inserted, ...writeErrors(errors) }
}

/**
 * @param context
 * @param namespace
 * @param document with `_id` first
 * @throws {CommandError} DuplicateKey
 */
export function insertOne(
  { server, transaction }: CommandContext,
  namespace: Namespace,
  document: Buffer,
): void {
  const key = idKeyOf(document)
  const collection = server.store.catalog.find(namespace)
  if (collection !== undefined && existing(collection, namespace, key, transaction) !== undefined)
    throw duplicateKey(namespace, document)
  if (document[4] !== 0x07 && isRefusedId(idOf(document)))
    throw new CommandError(
      'InvalidOptions',
      "The '_id' value cannot be of type array, regex or undefined",
    )
  if (transaction === undefined && server.sessions.locks.has(lockName(namespace, key)))
    throw writeConflict(namespace, key)
  const change = { kind: 'insert', namespace, key, before: undefined, after: document } as const
  server.store.write(change, transaction)
}

/** @returns the document as a writer sees it */
export function existing(
  collection: Collection,
  namespace: Namespace,
  key: string,
  transaction: Transaction | undefined,
): Buffer | undefined {
  const overlay = transaction?.overlay(namespace)
  return overlay?.has(key) === true ? overlay.get(key) : collection.find(key)?.latest.bytes
}

function duplicateKey(namespace: Namespace, document: Buffer): CommandError {
  const id = idOf(document)
  return new CommandError(
    'DuplicateKey',
    `E11000 duplicate key error collection: ${namespaceText(namespace)} index: _id_ dup key: { _id: ${String(id)} }`,
    { details: { keyPattern: { _id: 1 }, keyValue: { _id: id } } },
  )
}
