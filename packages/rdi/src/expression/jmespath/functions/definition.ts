import type { RdiValue } from '../../../model/expression.ts'
import type { Evaluate } from '../compile/evaluate.ts'

/** What a function is called with: values, and `&expression`s. */
export type ArgumentValue = RdiValue | Evaluate

/** One argument of a function. */
export interface Parameter<T extends ArgumentValue> {
  /** `a string or null`, for messages. */
  readonly expected: string
  readonly accepts: (value: ArgumentValue) => value is T
  readonly isOptional: boolean
  /** Any number of such arguments, one at least. */
  readonly isRepeated: boolean
  /** `&expression`. */
  readonly isExpression: boolean
}

/** A function as the compiler needs it. */
export interface FunctionDefinition {
  readonly name: string
  readonly parameters: readonly Parameter<ArgumentValue>[]
  /** Called with arguments that the parameters accept. @throws EvaluationError */
  readonly call: Call
  /** Looks at the arguments that are literals, by position, before any record. @throws EvaluationError */
  readonly checkLiterals?: (
    literals: readonly (ArgumentValue | undefined)[],
    compileText: CompileText,
  ) => void
  /** Instead of `call`, once for each use, for functions that compile expressions or load what they need. */
  readonly makeCall?: (compileText: CompileText) => Call
}

export type Call = (...values: ArgumentValue[]) => RdiValue

/** @throws ExpressionSyntaxError */
export type CompileText = (text: string) => Evaluate

type Values<P extends readonly unknown[]> = {
  [K in keyof P]: P[K] extends Parameter<infer T> ? T : never
}

/** A function whose implementation sees its arguments in the types that the parameters have. */
export function define<const P extends readonly Parameter<ArgumentValue>[]>(
  name: string,
  parameters: P,
  call: (...values: Values<P>) => RdiValue,
  checkLiterals?: FunctionDefinition['checkLiterals'],
): FunctionDefinition {
  return {
    name,
    parameters,
    call: call as unknown as FunctionDefinition['call'],
    ...(checkLiterals && { checkLiterals }),
  }
}

/** As `define`, for functions that take any number of the last argument. */
export function defineRepeated<T extends ArgumentValue>(
  name: string,
  parameter: Parameter<T>,
  call: (...values: T[]) => RdiValue,
): FunctionDefinition {
  return {
    name,
    parameters: [{ ...parameter, isRepeated: true }],
    call: call as unknown as FunctionDefinition['call'],
  }
}
