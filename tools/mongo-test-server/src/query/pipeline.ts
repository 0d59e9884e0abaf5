import { Aggregator } from 'mingo/aggregator'
import { CommandError } from '../commands/command-error.ts'
import { decodeDocument, isDocument, type BsonDocument } from '../documents/bson-document.ts'
import { plainNumbers } from '../documents/plain-numbers.ts'
import { rawFields } from '../documents/raw-fields.ts'
import { compileFilter } from './filter.ts'
import { isPlainProjection, projectPlainly } from './plain-projection.ts'
import { queryContext } from './query-context.ts'

/** One stage: its name and its argument. */
export interface PipelineStage {
  readonly name: string
  readonly argument: unknown
}

/**
 * @param pipeline of a command
 * @returns its stages
 * @throws {CommandError} FailedToParse when one has not exactly one name
 */
export function pipelineStages(pipeline: unknown): PipelineStage[] {
  const stages: unknown[] = Array.isArray(pipeline) ? pipeline : []
  return stages.map((stage) => {
    const entries = isDocument(stage) ? Object.entries(stage) : []
    const [entry] = entries
    if (entry === undefined || entries.length > 1)
      throw new CommandError(
        { code: 40323, codeName: 'Location40323' },
        'A pipeline stage specification object must contain exactly one field.',
      )
    return { name: entry[0], argument: entry[1] }
  })
}

/**
 * Runs documents through stages.
 *
 * @param documents decoded
 * @param stages
 * @param collection gives the documents of another collection by name
 * @returns what comes out, as it is asked for where the stages allow it
 * @throws {CommandError}
 */
export function runPipeline(
  documents: Iterable<BsonDocument>,
  stages: readonly PipelineStage[],
  collection: (name: string) => BsonDocument[],
): Iterable<BsonDocument> {
  let result = documents
  for (const { name, argument } of stages) {
    if (name === '$match') {
      const test = compileFilter(Object(argument))
      result = mapped(result, (document) => (test(document) ? document : undefined))
    } else if (name === '$project' && isPlain(argument)) {
      result = mapped(result, projectPlainly(plainNumbers(argument) as Record<string, unknown>))
    } else {
      result = libraryStage(result, name, argument, collection)
    }
  }
  return result
}

function isPlain(argument: unknown): boolean {
  return isPlainProjection(plainNumbers(argument) as Record<string, unknown>)
}

function libraryStage(
  documents: Iterable<BsonDocument>,
  name: string,
  argument: unknown,
  collection: (name: string) => BsonDocument[],
): Iterable<BsonDocument> {
  // Conditions keep the types of their values; everything else is told numbers as JavaScript has them.
  const plain = name === '$lookup' ? argument : plainNumbers(argument)
  try {
    const aggregator = new Aggregator([{ [name]: plain }], {
      context: queryContext(),
      collectionResolver: collection,
    })
    return aggregator.stream(documents) as Iterable<BsonDocument>
  } catch (error) {
    if (error instanceof CommandError) throw error
    const message = error instanceof Error ? error.message : String(error)
    throw /unregistered|not registered/.test(message)
      ? new CommandError(
          { code: 40324, codeName: 'Location40324' },
          `Unrecognized pipeline stage name: '${name}'`,
        )
      : new CommandError('BadValue', message)
  }
}

function* mapped(
  documents: Iterable<BsonDocument>,
  change: (document: BsonDocument) => BsonDocument | undefined,
): Generator<BsonDocument> {
  for (const document of documents) {
    const changed = change(document)
    if (changed !== undefined) yield changed
  }
}

/**
 * @param documents BSON
 * @param fields that will be asked for; undefined: all
 * @returns decoded as they are asked for
 */
export function* decoded(
  documents: Iterable<{ readonly bytes: Buffer }>,
  fields?: ReadonlySet<string>,
): Generator<BsonDocument> {
  const pick = fields === undefined ? undefined : rawFields(fields, true)
  for (const { bytes } of documents) yield decodeDocument(pick === undefined ? bytes : pick(bytes))
}
