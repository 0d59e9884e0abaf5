import type { RdiValue } from '../../../model/expression.ts'
import type { ComparisonOperator } from '../syntax/node.ts'
import { compareText, isEqual } from '../values/comparison.ts'
import { EvaluationError, type Evaluate } from './evaluate.ts'

/**
 * Numbers are compared with numbers and texts with texts, by code point; what has no order gives null. A number beside a
 * text is an error, as in RDI: decimals are texts, and `Total > \`5\`` would quietly never be true.
 */
export function compileComparison(
  operator: ComparisonOperator,
  left: Evaluate,
  right: Evaluate,
): Evaluate {
  switch (operator) {
    case '==':
      return (value) => isEqual(left(value), right(value))
    case '!=':
      return (value) => !isEqual(left(value), right(value))
    case '<':
      return ordering(operator, left, right, (order) => order < 0)
    case '<=':
      return ordering(operator, left, right, (order) => order <= 0)
    case '>':
      return ordering(operator, left, right, (order) => order > 0)
    case '>=':
      return ordering(operator, left, right, (order) => order >= 0)
  }
}

function ordering(
  operator: string,
  left: Evaluate,
  right: Evaluate,
  isTrue: (order: number) => boolean,
): Evaluate {
  return (value) => {
    const first = left(value)
    const second = right(value)
    if (isNumber(first) && isNumber(second)) {
      return isTrue(first < second ? -1 : first > second ? 1 : 0)
    }
    if (typeof first === 'string' && typeof second === 'string') {
      return isTrue(compareText(first, second))
    }
    if (hasOrder(first) && hasOrder(second)) throw mixedTypes(operator, first)
    return null
  }
}

function isNumber(value: RdiValue): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

function hasOrder(value: RdiValue): boolean {
  return isNumber(value) || typeof value === 'string'
}

function mixedTypes(operator: string, left: RdiValue): EvaluationError {
  const [first, second] = isNumber(left) ? ['a number', 'a string'] : ['a string', 'a number']
  return new EvaluationError(
    `\`${operator}\` cannot compare ${first} with ${second} (decimals are strings: use to_number())`,
  )
}
