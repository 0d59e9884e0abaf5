import { updateOne } from 'mingo/updater'
import { CommandError } from '../commands/command-error.ts'
import {
  decodeDocument,
  encodeDocument,
  isDocument,
  type BsonDocument,
} from '../documents/bson-document.ts'
import { queryContext } from '../query/query-context.ts'
import type { UpdateDescription } from '../storage/operation-log.ts'
import { applyOperators } from './apply-operators.ts'
import { describeOperators, describeDifference } from './update-description.ts'

/** An update as a command has it. */
export interface UpdateRequest {
  readonly filter: unknown
  readonly change: unknown
  readonly arrayFilters: unknown
}

/** What became of a document. */
export interface UpdateResult {
  readonly kind: 'replace' | 'update'
  readonly after: Buffer
  readonly description: UpdateDescription | undefined
}

/**
 * @param before BSON
 * @param request
 * @param inserting whether `$setOnInsert` counts
 * @returns the document after the update
 * @throws {CommandError} what the query library makes of a wrong update is FailedToParse
 */
export function applyUpdate(
  before: Buffer,
  { filter, change, arrayFilters }: UpdateRequest,
  inserting = false,
): UpdateResult {
  const document = decodeDocument(before)
  if (Array.isArray(change)) return applyPipeline(document, change)
  if (!isDocument(change)) throw new CommandError('FailedToParse', 'The update is no document')
  if (!Object.keys(change).some((name) => name.startsWith('$'))) {
    const { _id: id, ...fields } = change
    const kept = document['_id'] ?? id
    const replaced = { ...(kept === undefined ? {} : { _id: id ?? kept }), ...fields }
    return { kind: 'replace', after: encodeDocument(replaced), description: undefined }
  }
  const { $setOnInsert: onInsert, ...operators } = change
  const all = inserting && isDocument(onInsert) ? withSet(operators, onInsert) : operators
  const changed = decodeDocument(before)
  applyOperators(changed, all, { filter, arrayFilters })
  const description = describeOperators(document, changed, all)
  return { kind: 'update', after: encodeDocument(changed), description }
}

function applyPipeline(document: BsonDocument, pipeline: readonly unknown[]): UpdateResult {
  const documents = [{ ...document }]
  const context = queryContext()
  updateOne(documents, {}, pipeline as { $set: BsonDocument }[], {}, { context })
  const changed = documents[0] ?? document
  return {
    kind: 'update',
    after: encodeDocument(changed),
    description: describeDifference(document, changed),
  }
}

function withSet(operators: BsonDocument, more: BsonDocument): BsonDocument {
  const { _id: id, ...fields } = more
  void id
  return { ...operators, $set: { ...operators['$set'], ...fields } }
}
