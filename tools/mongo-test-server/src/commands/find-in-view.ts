import { optionalNumber } from '../documents/plain-numbers.ts'
import { aggregate } from './aggregate.ts'
import { namespaceOf, type CommandContext, type CursorResult } from './command.ts'
import { find } from './find.ts'

/** @returns the documents of a collection, or of a view: what its pipeline makes of another collection */
export function findAnywhere(context: CommandContext): Promise<CursorResult> {
  const { server, command } = context
  const namespace = namespaceOf(context)
  if (server.store.catalog.find(namespace)?.view === undefined) return find(context)
  const { filter, sort, skip, limit, projection, batchSize, readConcern } = command
  const isSorted = Object.keys(Object(sort)).length > 0
  const pipeline = [
    ...(filter === undefined ? [] : [{ $match: filter }]),
    ...(isSorted ? [{ $sort: sort }] : []),
    ...(optionalNumber(skip) ? [{ $skip: skip }] : []),
    ...(optionalNumber(limit) ? [{ $limit: limit }] : []),
    ...(Object.keys(Object(projection)).length > 0 ? [{ $project: projection }] : []),
  ]
  const cursor = batchSize === undefined ? {} : { batchSize }
  const { collection } = namespace
  const { $db, lsid } = command
  return aggregate({
    ...context,
    name: 'aggregate',
    command: { aggregate: collection, pipeline, cursor, readConcern, $db, lsid },
  })
}
