import { Query } from 'mingo/query'
import { CommandError } from '../commands/command-error.ts'
import type { BsonDocument } from '../documents/bson-document.ts'
import { isDocument } from '../documents/bson-document.ts'
import { patternOf } from './comparisons.ts'
import { queryContext } from './query-context.ts'

/** Decides whether a document is meant. */
export type DocumentTest = (document: BsonDocument) => boolean

/**
 * @param filter with values of BSON types
 * @returns decides about decoded documents
 * @throws {CommandError} BadValue
 */
export function compileFilter(filter: Record<string, unknown>): DocumentTest {
  try {
    const query = new Query(withPatterns(filter) as Record<string, unknown>, {
      context: queryContext(),
    })
    return (document) => query.test(document)
  } catch (error) {
    throw new CommandError('BadValue', error instanceof Error ? error.message : String(error))
  }
}

/**
 * @param value a filter, or a part of one
 * @returns the same with regular expressions as JavaScript has them
 */
export function withPatterns(value: unknown): unknown {
  const pattern = patternOf(value)
  if (pattern !== undefined) return pattern
  if (Array.isArray(value)) return value.map(withPatterns)
  if (!isDocument(value)) return value
  const fields = Object.entries(value).map(([name, member]) => [name, withPatterns(member)])
  return Object.fromEntries(fields)
}
