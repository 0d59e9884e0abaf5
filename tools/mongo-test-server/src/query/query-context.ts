import { Context } from 'mingo'
import * as accumulator from 'mingo/operators/accumulator'
import * as expression from 'mingo/operators/expression'
import * as pipeline from 'mingo/operators/pipeline'
import * as projection from 'mingo/operators/projection'
import * as query from 'mingo/operators/query'
import * as window from 'mingo/operators/window'
import { accumulators } from './accumulators.ts'
import { expressionOperators } from './expression-operators.ts'
import { pipelineOperators } from './pipeline-operators.ts'
import { queryOperators } from './query-operators.ts'

let context: Context | undefined
let slimContext: Context | undefined

/**
 * @returns the operators of the query library, in place of some of them those that know BSON types
 */
export function queryContext(): Context {
  context ??= Context.init({
    accumulator: { ...accumulator, ...accumulators },
    expression: { ...expression, ...expressionOperators },
    pipeline: { ...pipeline, ...pipelineOperators },
    projection: { ...projection },
    query: { ...query, ...queryOperators },
    window: { ...window },
  })
  return context
}

/**
 * @returns the query operators alone, for updates with operators: the query library copies all of them for each document
 */
export function updateContext(): Context {
  slimContext ??= Context.init({ query: { ...query, ...queryOperators } })
  return slimContext
}
