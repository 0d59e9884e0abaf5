import * as library from 'mingo/operators/update'
import { update as updateByLibrary } from 'mingo/updater'
import { CommandError } from '../commands/command-error.ts'
import { isDocument, type BsonDocument } from '../documents/bson-document.ts'
import { updateContext } from '../query/query-context.ts'
import { arithmeticAsSet } from './arithmetic-operators.ts'

type Operator = (fields: BsonDocument) => (document: BsonDocument) => unknown
const operators = library as unknown as Readonly<Record<string, Operator | undefined>>

/**
 * Changes a document by operators.
 *
 * @param document
 * @param update operators and their fields
 * @param conditions filter and array filters of the same update, for paths with `$`
 * @throws {CommandError} FailedToParse with what the query library says of a wrong update
 */
export function applyOperators(
  document: BsonDocument,
  update: BsonDocument,
  conditions: { readonly filter: unknown; readonly arrayFilters: unknown },
): void {
  try {
    for (const step of arithmeticAsSet(document, update)) applyStep(document, step, conditions)
  } catch (error) {
    if (error instanceof CommandError) throw error
    throw new CommandError('FailedToParse', error instanceof Error ? error.message : String(error))
  }
}

function applyStep(
  document: BsonDocument,
  step: BsonDocument,
  { filter, arrayFilters }: { readonly filter: unknown; readonly arrayFilters: unknown },
): void {
  const [[name, fields] = ['', {}]] = Object.entries(step)
  const positional = Object.keys(Object(fields)).some((path) => path.includes('.$'))
  const operator = operators[name]
  // The library's general way copies its table of operators for every document: 0.1 ms each.
  if (operator !== undefined && name !== '$pull' && !positional) {
    operator(Object(fields))(document)
    return
  }
  updateByLibrary(
    document,
    step,
    (arrayFilters ?? []) as BsonDocument[],
    // It looks for the member of an array that `$` stands for.
    positional && isDocument(filter) ? filter : {},
    { cloneMode: 'deep', queryOptions: { context: updateContext() } },
  )
}
