import type { Document } from 'mongodb'
import { PluginError, type CallOptions, type Finding } from '@millrace/core/plugin'
import type { SourceClient } from '../connection/source-client.ts'
import { sourceFaultOf, statementError } from '../connection/source-error.ts'
import { loadDriver } from '../connection/driver.ts'
import type { SourceCollection } from './source-collection.ts'

/** What a collection is checked with. */
export interface CheckOptions extends CallOptions {
  readonly query?: Document
  readonly hint?: Document | string
}

/**
 * Whether the collection may be read, and the query and the hint are accepted. The query is asked about one `_id` that nobody has,
 * so that no document is looked at.
 *
 * @throws PluginError SOURCE_NOT_PERMITTED, SOURCE_STATEMENT_INVALID, SOURCE_UNREACHABLE
 */
export async function checkCollection(
  source: SourceClient,
  collection: SourceCollection,
  { query, hint, signal }: CheckOptions,
): Promise<readonly Finding[]> {
  const { database, name, label, hasIdOrder, kind } = collection
  const documents = source.client.db(database).collection(name)
  const nobody = { _id: new (loadDriver().ObjectId)() }
  const filter = query === undefined ? nobody : { $and: [nobody, query] }
  try {
    await documents.find(filter, { signal, limit: 1 }).toArray()
  } catch (error) {
    signal.throwIfAborted()
    throw statementError(`reading collection ${label}`, error)
  }
  const findings: Finding[] = []
  if (!hasIdOrder) {
    findings.push({
      severity: 'warning',
      message: `${label} is a ${kind}: it is read in one split, and from the beginning after a failure`,
      path: ['collectionName'],
    })
  }
  if (hint !== undefined && hasIdOrder) await checkHint(source, collection, hint, signal)
  return findings
}

async function checkHint(
  source: SourceClient,
  { database, name, label }: SourceCollection,
  hint: Document | string,
  signal: AbortSignal,
): Promise<void> {
  let indexes: readonly { readonly name?: unknown; readonly key?: unknown }[]
  try {
    indexes = await source.client.db(database).collection(name).listIndexes().toArray()
  } catch (error) {
    signal.throwIfAborted()
    if (sourceFaultOf(error).isConnection)
      throw statementError(`reading collection ${label}`, error)
    // Who may read need not be allowed to list indexes: the server says it when it is read.
    return
  }
  const wanted = JSON.stringify(hint)
  const isThere = indexes.some((index) =>
    [index.name, index.key].some((one) => JSON.stringify(one) === wanted),
  )
  if (isThere || wanted === '{"$natural":1}' || wanted === '{"$natural":-1}') return
  throw new PluginError({
    code: 'SOURCE_STATEMENT_INVALID',
    message: `reading collection ${label}: it has no index ${wanted}, which hint names`,
    hint: `Its indexes are ${indexes.map((index) => JSON.stringify(index.key)).join(', ')}.`,
  })
}
