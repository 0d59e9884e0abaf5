import { isDocument, type BsonDocument } from '../documents/bson-document.ts'
import { sortSpecification } from '../order/sort-documents.ts'
import { readDocuments, type FoundDocument } from '../query/read-documents.ts'
import type { Namespace } from '../storage/catalog.ts'
import { namespaceOf, sentStatements, type CommandContext } from './command.ts'
import { unlocked } from './unlocked.ts'

/** Deletes documents. */
export async function remove(context: CommandContext): Promise<BsonDocument> {
  const namespace = namespaceOf(context)
  let deleted = 0
  for (const { q: filter, limit } of sentStatements(context, 'deletes')) {
    const found = await matching(context, namespace, { filter, one: Number(limit) === 1 })
    for (const document of found) deleteOne(context, namespace, document)
    deleted += found.length
  }
  context.server.store.log.publish()
  return { n: deleted }
}

/** Deletes a document that was found. */
export function deleteOne(
  { server, transaction }: CommandContext,
  namespace: Namespace,
  { key, bytes }: FoundDocument,
): void {
  const change = { kind: 'delete', namespace, key, before: bytes, after: undefined } as const
  server.store.write(change, transaction)
}

/** Which documents a write is about. */
export interface WriteTarget {
  readonly filter: unknown
  readonly sort?: unknown
  /** Whether only the first is wanted. */
  readonly one: boolean
}

/**
 * @param context
 * @param namespace
 * @param target
 * @returns the documents that a write is about, when no other transaction is about to change them
 */
export async function matching(
  context: CommandContext,
  namespace: Namespace,
  { filter, sort, one }: WriteTarget,
): Promise<FoundDocument[]> {
  const { server, transaction } = context
  for (;;) {
    const documents = readDocuments(server.store.catalog.read(namespace), {
      filter: isDocument(filter) ? filter : {},
      sort: sortSpecification(sort),
      time: transaction?.startTime,
      overlay: transaction?.overlay(namespace),
    })
    const first = one ? documents.next() : undefined
    const found =
      first === undefined ? [...iterable(documents)] : first.done === true ? [] : [first.value]
    if (await unlocked(context, namespace, found)) return found
  }
}

function iterable<T>(iterator: Iterator<T>): Iterable<T> {
  return { [Symbol.iterator]: () => iterator }
}
