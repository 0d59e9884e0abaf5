import { isDocument, type BsonDocument } from '../documents/bson-document.ts'
import { optionalNumber } from '../documents/plain-numbers.ts'
import { sortKey } from '../order/sort-key.ts'
import { missing, wholeFieldValues } from '../query/field-values.ts'
import { decoded } from '../query/pipeline.ts'
import { readDocuments } from '../query/read-documents.ts'
import { timestampOf } from '../storage/cluster-clock.ts'
import { namespaceOf, readTime, type CommandContext } from './command.ts'

/** @returns how many documents a filter finds */
export function count(context: CommandContext): BsonDocument {
  const { command, server, transaction } = context
  const filter = isDocument(command['query']) ? command['query'] : {}
  const skip = optionalNumber(command['skip']) ?? 0
  const limit = optionalNumber(command['limit']) ?? 0
  const collection = server.store.catalog.read(namespaceOf(context))
  const all = Object.keys(filter).length === 0 && transaction === undefined
  const found = all ? collection.count : counted(matched(context, 'query'))
  const left = Math.max(0, found - skip)
  return { n: limit === 0 ? left : Math.min(left, Math.abs(limit)) }
}

/** @returns the different values of a field; of an array, its members */
export function distinct(context: CommandContext): BsonDocument {
  const path = String(context.command['key'])
  const values = new Map<string, unknown>()
  for (const document of decoded(matched(context, 'query'))) {
    const members = wholeFieldValues(document, path).flat()
    for (const value of members) if (value !== missing) values.set(sortKey(value), value)
  }
  const sorted = [...values].sort(([left], [right]) => (left < right ? -1 : 1))
  const time = context.transaction === undefined ? readTime(context) : undefined
  const atClusterTime = time === undefined ? undefined : timestampOf(time)
  return { values: sorted.map(([, value]) => value), atClusterTime }
}

function matched(context: CommandContext, field: string): Iterable<{ readonly bytes: Buffer }> {
  const { command, server, transaction } = context
  const namespace = namespaceOf(context)
  const documents = readDocuments(server.store.catalog.read(namespace), {
    filter: isDocument(command[field]) ? command[field] : {},
    sort: [],
    time: readTime(context),
    overlay: transaction?.overlay(namespace),
  })
  return { [Symbol.iterator]: () => documents }
}

function counted(documents: Iterable<unknown>): number {
  let total = 0
  for (const _ of documents) total += 1
  return total
}
