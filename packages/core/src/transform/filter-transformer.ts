import type { Cell } from '../record/cell.ts'
import { cellTextOf, epochMsOf } from './cell-text.ts'
import { compareDecimals, compareIntegers, compareText } from './compare-numbers.ts'
import { likePattern } from './like-pattern.ts'
import {
  arityProblems,
  dropRow,
  RowFailure,
  type CellStep,
  type ColumnContext,
  type Transformer,
} from './transformer.ts'

type Comparison = (cell: NonNullable<Cell>) => number | RowFailure

const comparisons: Readonly<Record<string, (order: number) => boolean>> = {
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '=': (order) => order === 0,
  '==': (order) => order === 0,
  '!=': (order) => order !== 0,
}
const operators = ['like', 'not like', ...Object.keys(comparisons)]

/**
 * `dx_filter`: drops the rows for which the condition is true. `like` and `not like` match a whole text against a
 * regular expression; the others compare integers, floats and decimals by number, dates and times by milliseconds since
 * the epoch, everything else as text. A cell or value that is no number there makes the row dirty.
 *
 * Null: `=` drops it when the value is `null` in any case of letters; `!=` drops it unless the value is `null`; `like`
 * and the orders keep it, `not like` drops it. A cell that the source did not send is kept.
 */
export const filterTransformer: Transformer = {
  name: 'dx_filter',
  replacesCell: false,
  keepsNull: true,
  problemsOf(parameters) {
    const arity = arityProblems(parameters, ['operator', 'value'])
    if (arity.length > 0) return arity
    const [operator = '', value = ''] = parameters
    const problems: string[] = []
    if (!operators.includes(operator.toLowerCase())) {
      problems.push(
        `the operator must be one of ${operators.join(', ')}, found ${JSON.stringify(operator)}`,
      )
    }
    if (value === '')
      problems.push(
        String.raw`the value to compare with must not be empty; like with \s* means blank text`,
      )
    else if (isPattern(operator)) problems.push(...patternProblems(value))
    return problems
  },
  compile(parameters, column) {
    const [operator = '', value = ''] = parameters
    return isPattern(operator)
      ? compilePattern(operator, value, column)
      : compileComparison(operator, value, column)
  },
}

function isPattern(operator: string): boolean {
  return operator.toLowerCase().endsWith('like')
}

function patternProblems(pattern: string): string[] {
  try {
    likePattern(pattern)
    return []
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return [`the regular expression ${JSON.stringify(pattern)} cannot be used: ${reason}`]
  }
}

function compilePattern(operator: string, value: string, column: ColumnContext): CellStep {
  const pattern = likePattern(value)
  const dropsMatch = operator.toLowerCase() === 'like'
  const textOf = cellTextOf(column)
  return (cell) => {
    if (cell === undefined) return cell
    if (cell === null) return dropsMatch ? cell : dropRow
    const text = textOf(cell)
    if (typeof text !== 'string') return text
    return pattern.test(text) === dropsMatch ? dropRow : cell
  }
}

function compileComparison(operator: string, value: string, column: ColumnContext): CellStep {
  const holds = comparisons[operator] ?? (() => false)
  const compare = comparisonOf(value, column)
  const isNullDropped = nullIsDropped(operator, value)
  return (cell) => {
    if (cell === undefined) return cell
    if (cell === null) return isNullDropped ? dropRow : cell
    const order = compare(cell)
    if (typeof order !== 'number') return order
    return holds(order) ? dropRow : cell
  }
}

function nullIsDropped(operator: string, value: string): boolean {
  const isNullAsked = value.toLowerCase() === 'null'
  if (operator === '!=') return !isNullAsked
  return (operator === '=' || operator === '==') && isNullAsked
}

function comparisonOf(value: string, column: ColumnContext): Comparison {
  switch (column.field.type) {
    case 'int':
      return (cell) =>
        (typeof cell === 'object' || typeof cell === 'boolean'
          ? undefined
          : compareIntegers(cell, value)) ?? notComparable('an integer', value)
    case 'float':
    case 'decimal':
      return (cell) =>
        (typeof cell === 'object' || typeof cell === 'boolean'
          ? undefined
          : compareDecimals(String(cell), value)) ?? notComparable('a number', value)
    case 'date':
    case 'time':
    case 'datetime':
    case 'timestamptz':
      return instantComparison(value, column)
    case 'bool':
    case 'string':
    case 'bytes':
    case 'uuid':
    case 'json':
    case 'value':
      return textComparison(value, column)
  }
}

function instantComparison(value: string, column: ColumnContext): Comparison {
  if (!/^[+-]?\d+$/.test(value)) {
    return () => notComparable('a number of milliseconds since the epoch', value)
  }
  const valueMs = Number(value)
  return (cell) => {
    const ms = typeof cell === 'string' ? epochMsOf(cell, column) : undefined
    if (ms === undefined) {
      return new RowFailure('TRANSFORM_NOT_COMPARABLE', 'dx_filter found a cell that is no date')
    }
    return ms - valueMs
  }
}

function textComparison(value: string, column: ColumnContext): Comparison {
  const textOf = cellTextOf(column)
  return (cell) => {
    const text = textOf(cell)
    return typeof text === 'string' ? compareText(text, value) : text
  }
}

function notComparable(kind: string, value: string): RowFailure {
  return new RowFailure(
    'TRANSFORM_NOT_COMPARABLE',
    `dx_filter compares as ${kind}, but the cell or the value ${JSON.stringify(value)} is none`,
  )
}
