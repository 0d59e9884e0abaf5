import { evalExpr } from 'mingo/core'
import type { Any, AnyObject, Options } from 'mingo/types'

/**
 * Evaluates an expression on many documents.
 *
 * @param documents
 * @param expression
 * @param options of the query library, as a stage or an accumulator gets them
 * @returns one value a document; undefined where a path leads to nothing
 */
export function evaluateEach(
  documents: readonly AnyObject[],
  expression: Any,
  options: Options,
): unknown[] {
  const field = typeof expression === 'string' ? /^\$([^$.]+)$/.exec(expression)?.[1] : undefined
  // The usual case: the library would copy its options for every document.
  if (field !== undefined) return documents.map((document) => document[field])
  const locals = options as Options & { update?: (locals: { root: unknown }) => Options }
  const values = documents.map((root) =>
    evalExpr(root, expression, locals.update?.({ root }) ?? options),
  )
  locals.update?.({ root: null })
  return values
}
