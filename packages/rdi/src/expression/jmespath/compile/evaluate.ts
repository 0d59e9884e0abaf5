import type { RdiValue } from '../../../model/expression.ts'

/** A compiled expression, or a part of one. @throws EvaluationError where there is no value */
export type Evaluate = (value: RdiValue) => RdiValue

/**
 * Why an expression has no value for a record. Becomes an `ExpressionFailure`.
 *
 * Not an `Error`: its stack takes thirty times as long as all the rest of a record that fails.
 */
export class EvaluationError {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}
