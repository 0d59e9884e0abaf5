import {
  ExpressionFailure,
  type ExpressionProgram,
  type RdiRecord,
  type RdiValue,
} from '../../model/expression.ts'
import { compileNode } from './compile/compile-node.ts'
import { EvaluationError, type Evaluate } from './compile/evaluate.ts'
import { parse } from './syntax/parser.ts'

/**
 * Compiles JMESPath expressions as RDI has them: the functions of RDI, and back-tick literals that need no quotes.
 *
 * @throws ExpressionSyntaxError for the first that cannot be compiled
 */
export function compileJmespath(texts: readonly string[]): ExpressionProgram {
  const compiled = texts.map((text) => ({ text, evaluate: compileNode(parse(text)) }))
  return {
    evaluate: (records) =>
      compiled.map(({ text, evaluate }) => evaluateAll(text, evaluate, records)),
    // Nothing is held but closures.
    close: () => {},
  }
}

function evaluateAll(
  text: string,
  evaluate: Evaluate,
  records: readonly RdiRecord[],
): (RdiValue | ExpressionFailure)[] {
  const results: (RdiValue | ExpressionFailure)[] = []
  for (const record of records) {
    try {
      results.push(evaluate(record))
    } catch (error) {
      const reason = reasonOf(error)
      results.push(new ExpressionFailure(`${text}: ${reason}`))
    }
  }
  return results
}

function reasonOf(error: unknown): string {
  return error instanceof EvaluationError || error instanceof Error ? error.message : String(error)
}
