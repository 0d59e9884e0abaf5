import type { BsonDocument } from '../documents/bson-document.ts'
import { isDocument } from '../documents/bson-document.ts'

/**
 * @param filter of an update that found nothing
 * @param change
 * @returns the document that the update is applied to: the equalities of the filter; for a replacement the `_id` alone
 */
export function upsertDocument(filter: Record<string, unknown>, change: unknown): BsonDocument {
  const equalities: BsonDocument = {}
  collect(filter, equalities)
  const isReplacement =
    isDocument(change) && !Object.keys(change).some((name) => name.startsWith('$'))
  if (!isReplacement) return equalities
  return equalities['_id'] === undefined ? {} : { _id: equalities['_id'] }
}

function collect(filter: Record<string, unknown>, into: BsonDocument): void {
  for (const [path, condition] of Object.entries(filter)) {
    if (path === '$and' && Array.isArray(condition)) {
      for (const member of condition) collect(member, into)
    } else if (!path.startsWith('$')) {
      const operators = isDocument(condition)
        ? Object.keys(condition).filter((name) => name.startsWith('$'))
        : []
      if (operators.length === 0) setPath(into, path, condition)
      else if (operators.includes('$eq')) setPath(into, path, Object(condition)['$eq'])
    }
  }
}

function setPath(document: BsonDocument, path: string, value: unknown): void {
  const names = path.split('.')
  const last = names.pop() ?? ''
  let node = document
  for (const name of names) node = node[name] ??= {}
  node[last] = value
}
