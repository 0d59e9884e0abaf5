import { Long } from 'bson'
import { documentCursor } from '../cursors/cursor.ts'
import { encodeDocument, isDocument, type BsonDocument } from '../documents/bson-document.ts'
import { optionalNumber, plainNumbers } from '../documents/plain-numbers.ts'
import { sortSpecification, type SortSpecification } from '../order/sort-documents.ts'
import { bucketAutoById } from '../query/bucket-auto.ts'
import { decoded, pipelineStages, runPipeline, type PipelineStage } from '../query/pipeline.ts'
import { neededFields } from '../query/needed-fields.ts'
import { readDocuments } from '../query/read-documents.ts'
import { namespaceText, type Namespace } from '../storage/catalog.ts'
import { CommandError } from './command-error.ts'
import { CursorResult, readTime, type CommandContext } from './command.ts'
import { firstBatch } from './find.ts'
import { openChangeStream } from './open-change-stream.ts'

const firstBatchDocuments = 101

/** @returns what comes out of a pipeline, or a change stream */
export function aggregate(context: CommandContext): Promise<CursorResult> {
  const { command } = context
  const stages = pipelineStages(command['pipeline'])
  if (stages[0]?.name === '$changeStream') return openChangeStream(context, stages)
  const time = readTime(context)
  const result = encoded(resultOf(context, stages))
  const cursor = Object(command['cursor'])
  return firstBatch(context, documentCursor(namespaceName(context), result), {
    maxDocuments: optionalNumber(cursor['batchSize']) ?? firstBatchDocuments,
    single: false,
    time: context.transaction === undefined ? time : undefined,
  })
}

/**
 * @param context
 * @returns name for messages and cursors: a pipeline on a whole database has none of a collection
 */
export function namespaceName({ database, command, name }: CommandContext): string {
  const collection: unknown = command[name]
  return namespaceText({
    database,
    collection: typeof collection === 'string' ? collection : '$cmd.aggregate',
  })
}

function resultOf(
  context: CommandContext,
  stages: readonly PipelineStage[],
): Iterable<BsonDocument> {
  const { database, command, name } = context
  const collection: unknown = command[name]
  const everything = (other: string) => [
    ...decoded(read(context, { database, collection: other }, {}, [])),
  ]
  const [first, ...others] = stages
  if (first?.name === '$collStats')
    return runPipeline([collectionStats(context)], others, everything)
  if (first?.name === '$documents') return runPipeline([], stages, everything)
  if (typeof collection !== 'string')
    throw new CommandError(
      'InvalidNamespace',
      `{aggregate: 1} is not valid for '${first?.name ?? 'an empty pipeline'}'; a collection is required.`,
    )
  const namespace = { database, collection }
  const { view } = context.server.store.catalog.read(namespace)
  if (view !== undefined) {
    const base = { ...context, command: { ...command, [name]: view.on } }
    return resultOf(base, [...pipelineStages(view.pipeline), ...stages])
  }
  const filter = first?.name === '$match' && isDocument(first.argument) ? first.argument : {}
  const rest = first?.name === '$match' ? others : stages
  // Where the order of the identifiers is asked for, nothing needs to be sorted.
  const sort = rest[0]?.name === '$sort' ? sortSpecification(rest[0].argument) : []
  const byId = sort.length === 1 && sort[0]?.[0] === '_id'
  const left = byId ? rest.slice(1) : rest
  const sampled = left[0]?.name === '$sample' && left.length === 1
  const found = read(context, namespace, filter, byId ? sort : [])
  if (sampled) return sampleOf([...found], Number(Object(left[0]?.argument)['size']))
  if (left.length > 0 && isBucketsOfIds(left[0]))
    return runPipeline(bucketsOfIds(context, namespace, filter, left[0]), left.slice(1), everything)
  const constant = left.length === 1 ? countedGroup(left[0]) : undefined
  if (constant !== undefined) return counted(found, constant)
  const fields = left[0] === undefined ? undefined : neededFields(left[0])
  return runPipeline(decoded(found, fields), left, everything)
}

function read(
  context: CommandContext,
  namespace: Namespace,
  filter: Record<string, unknown>,
  sort: SortSpecification,
): Iterable<{ readonly bytes: Buffer }> {
  const { server, transaction, command } = context
  const documents = readDocuments(server.store.catalog.read(namespace), {
    filter,
    sort,
    byId: command['hint'] !== undefined,
    time: readTime(context),
    overlay: transaction?.overlay(namespace),
  })
  return { [Symbol.iterator]: () => documents }
}

function* encoded(documents: Iterable<BsonDocument>): Generator<Buffer> {
  for (const document of documents) yield encodeDocument(document)
}

/** Documents picked at random are decoded after that. */
function sampleOf(all: { readonly bytes: Buffer }[], size: number): Iterable<BsonDocument> {
  const picked = Math.min(size, all.length)
  for (let index = 0; index < picked; index += 1) {
    const other = index + Math.floor(Math.random() * (all.length - index))
    const document = all[other]
    const here = all[index]
    if (document !== undefined && here !== undefined) {
      all[other] = here
      all[index] = document
    }
  }
  return decoded(all.slice(0, picked))
}

function isBucketsOfIds(stage: PipelineStage | undefined): boolean {
  const argument: Record<string, unknown> = Object(stage?.argument)
  const plain = argument['output'] === undefined && argument['granularity'] === undefined
  return stage?.name === '$bucketAuto' && argument['groupBy'] === '$_id' && plain
}

function bucketsOfIds(
  context: CommandContext,
  namespace: Namespace,
  filter: Record<string, unknown>,
  stage: PipelineStage | undefined,
): BsonDocument[] {
  const documents = [...read(context, namespace, filter, [['_id', 1]])].map(({ bytes }) => bytes)
  return bucketAutoById(documents, Number(Object(stage?.argument)['buckets']))
}

/** @returns what a group of all documents, none of which is looked at, has for `_id`, and the names of its counts */
function countedGroup(stage: PipelineStage | undefined): CountedGroup | undefined {
  if (stage?.name === '$count') return { names: [String(stage.argument)] }
  if (stage?.name !== '$group') return undefined
  const { _id: id, ...others } = plainNumbers(stage.argument) as Record<string, unknown>
  const isCount = (value: unknown) => isDocument(value) && value['$sum'] === 1
  const alike = (id === null || typeof id === 'number') && Object.values(others).every(isCount)
  return alike ? { id, names: Object.keys(others) } : undefined
}

interface CountedGroup {
  readonly id?: unknown
  readonly names: readonly string[]
}

function counted(found: Iterable<unknown>, { id, names }: CountedGroup): BsonDocument[] {
  let count = 0
  for (const _ of found) count += 1
  const counts = Object.fromEntries(names.map((name) => [name, count]))
  return count === 0 ? [] : [{ _id: id, ...counts }]
}

function collectionStats({ server, database, command, name }: CommandContext): BsonDocument {
  const namespace = { database, collection: String(command[name]) }
  const collection = server.store.catalog.read(namespace)
  return {
    ns: namespaceText(namespace),
    host: server.replicaSet.members[0]?.host,
    localTime: new Date(),
    count: collection.count,
    storageStats: {
      size: Long.fromNumber(collection.bytes),
      count: collection.count,
      avgObjSize: collection.count === 0 ? 0 : Math.floor(collection.bytes / collection.count),
      storageSize: Long.fromNumber(collection.bytes),
      nindexes: collection.indexes.length,
    },
  }
}
