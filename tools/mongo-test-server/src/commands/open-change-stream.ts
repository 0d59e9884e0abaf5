import { ChangeStreamCursor } from '../change-stream/change-stream-cursor.ts'
import { streamOptions, type StreamScope } from '../change-stream/stream-options.ts'
import { isDocument, type BsonDocument } from '../documents/bson-document.ts'
import { optionalNumber } from '../documents/plain-numbers.ts'
import { runPipeline, type PipelineStage } from '../query/pipeline.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext, CursorResult } from './command.ts'
import { namespaceName } from './aggregate.ts'
import { firstBatch } from './find.ts'

const splitStage = '$changeStreamSplitLargeEvent'
const firstBatchDocuments = 101
/** The stages that may follow: https://www.mongodb.com/docs/manual/changeStreams/#modify-change-stream-output. */
const allowedStages = new Set([
  '$addFields',
  '$match',
  '$project',
  '$replaceRoot',
  '$replaceWith',
  '$redact',
  '$set',
  '$unset',
])

/** @returns a change stream, and the events that have happened since its start */
export function openChangeStream(
  context: CommandContext,
  [first, ...rest]: readonly PipelineStage[],
): Promise<CursorResult> {
  const { server, command } = context
  if (server.replicaSet.deployment === 'standalone')
    throw new CommandError(
      'OnlyReplicaSetsHaveChangeStreams',
      'The $changeStream stage is only supported on replica sets',
    )
  const scope = scopeOf(context)
  const { database = '', collection = '' } = scope
  if (server.store.catalog.find({ database, collection })?.view !== undefined)
    throw new CommandError(
      'CommandNotSupportedOnView',
      `Namespace ${namespaceName(context)} is a view, not a collection`,
    )
  const argument = isDocument(first?.argument) ? first.argument : {}
  const options = streamOptions(argument, scope, server.store)
  const split = rest.at(-1)?.name === splitStage
  const stages = split ? rest.slice(0, -1) : rest
  for (const { name } of stages) {
    if (allowedStages.has(name)) continue
    throw new CommandError(
      'IllegalOperation',
      `${name} is not permitted in a $changeStream pipeline`,
    )
  }
  const cursor = new ChangeStreamCursor(server.store, options, {
    namespace: namespaceName(context),
    transform: stages.length === 0 ? undefined : (event) => transformed(event, stages),
    split,
    maxEventBytes: () => server.maxEventBytes,
  })
  return firstBatch(context, cursor, {
    maxDocuments: optionalNumber(Object(command['cursor'])['batchSize']) ?? firstBatchDocuments,
    single: false,
    time: undefined,
  })
}

function scopeOf({ database, command, name }: CommandContext): StreamScope {
  const collection: unknown = command[name]
  if (typeof collection === 'string') return { database, collection }
  return { database, collection: undefined }
}

function transformed(
  event: BsonDocument,
  stages: readonly PipelineStage[],
): BsonDocument | undefined {
  const [result] = runPipeline([event], stages, () => [])
  return result
}
