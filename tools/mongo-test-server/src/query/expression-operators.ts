import * as library from 'mingo/operators/expression'
import { evalExpr } from 'mingo/core'
import type { Any, AnyObject, Options } from 'mingo/types'
import { plainNumbers } from '../documents/plain-numbers.ts'
import { compareKeys, sortKey } from '../order/sort-key.ts'
import { missing } from './field-values.ts'
import { bsonTypeName } from './value-types.ts'

type Expression = (document: AnyObject, expression: Any, options: Options) => Any

const compared: Readonly<Record<string, Expression>> = {
  $cmp: comparison((order) => order),
  $eq: comparison((order) => order === 0),
  $ne: comparison((order) => order !== 0),
  $gt: comparison((order) => order > 0),
  $gte: comparison((order) => order >= 0),
  $lt: comparison((order) => order < 0),
  $lte: comparison((order) => order <= 0),
  $type: (document, expression, options) => {
    const value = evalExpr(document, expression, options)
    return bsonTypeName(value === undefined ? missing : value)
  },
  $toString: (document, expression, options) => {
    const value = evalExpr(document, expression, options)
    if (value === null || value === undefined) return null
    return value instanceof Date ? value.toISOString() : textOf(value)
  },
}

/** Operators that hand values on as they are. */
const transparent = new Set([
  '$cond',
  '$ifNull',
  '$switch',
  '$literal',
  '$let',
  '$and',
  '$or',
  '$not',
  '$mergeObjects',
  '$arrayElemAt',
  '$first',
  '$last',
])

/**
 * The expression operators: comparisons follow the BSON comparison order; those of the query library that calculate get numbers of
 * JavaScript in place of BSON's.
 */
export const expressionOperators: Readonly<Record<`$${string}`, Expression>> = {
  ...Object.fromEntries(
    Object.entries(library)
      .filter(([name]) => !transparent.has(name))
      .map(([name, operator]) => [name, withPlainNumbers(operator as Expression)]),
  ),
  ...compared,
}

function withPlainNumbers(operator: Expression): Expression {
  return (document, expression, options) => {
    // Paths begin at the document that the library's options hold.
    const state = options as Options & {
      readonly local?: { readonly root?: unknown }
      update?: (locals: { root: unknown }) => unknown
    }
    const root = state.local?.root
    state.update?.({ root: plainNumbers(root) })
    try {
      return operator(plainNumbers(document) as AnyObject, plainNumbers(expression), options)
    } finally {
      state.update?.({ root })
    }
  }
}

function textOf(value: unknown): string {
  const { toString } = Object(value) as { toString: () => string }
  return toString.call(value)
}

function comparison(result: (order: number) => Any): Expression {
  return (document, expression, options) => {
    const [left, right] = evalExpr(document, expression, options) as [unknown, unknown]
    return result(compareKeys(sortKey(left), sortKey(right)))
  }
}
