import type { RdiValue } from '../../../model/expression.ts'
import type { ArithmeticOperator } from '../syntax/node.ts'
import { valueType } from '../values/value-type.ts'
import { EvaluationError, type Evaluate } from './evaluate.ts'

/** Integers stay exact: what passes 2^53 is a `bigint`. `/` gives a floating-point number. */
export function compileArithmetic(
  operator: ArithmeticOperator,
  left: Evaluate,
  right: Evaluate,
): Evaluate {
  return (value) => {
    const first = left(value)
    const second = right(value)
    if (!isNumber(first) || !isNumber(second)) {
      const type = valueType(isNumber(first) ? second : first)
      const hint = type === 'string' ? ' (decimals are strings: use to_number())' : ''
      throw new EvaluationError(`\`${operator}\` takes numbers, but got ${type}${hint}`)
    }
    return calculate(operator, first, second)
  }
}

function isNumber(value: RdiValue): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

/** @throws EvaluationError for a division by zero */
export function calculate(
  operator: ArithmeticOperator,
  left: number | bigint,
  right: number | bigint,
): number | bigint {
  if (typeof left === 'number' && typeof right === 'number') {
    const result = calculateNumbers(operator, left, right)
    const isExact = Number.isSafeInteger(result) || !Number.isInteger(result)
    if (isExact || operator === '/') return result
  }
  if (operator !== '/' && isInteger(left) && isInteger(right)) {
    return shortest(calculateIntegers(operator, BigInt(left), BigInt(right)))
  }
  return calculateNumbers(operator, Number(left), Number(right))
}

function isInteger(value: number | bigint): boolean {
  return typeof value === 'bigint' || Number.isSafeInteger(value)
}

/** As a `number` where that holds all digits. */
export function shortest(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function calculateNumbers(operator: ArithmeticOperator, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '/':
      return left / divisor(right)
    case '//':
      return Math.floor(left / divisor(right))
    case '%':
      return left % divisor(right)
  }
}

function calculateIntegers(
  operator: Exclude<ArithmeticOperator, '/'>,
  left: bigint,
  right: bigint,
): bigint {
  switch (operator) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '//': {
      const quotient = left / divisor(right)
      const isBelow = left % right !== 0n && left < 0n !== right < 0n
      return isBelow ? quotient - 1n : quotient
    }
    case '%':
      return left % divisor(right)
  }
}

function divisor<T extends number | bigint>(value: T): T {
  if (value === 0 || value === 0n) throw new EvaluationError('division by zero')
  return value
}
