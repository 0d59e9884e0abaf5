/** The languages expressions are written in. */
export type Language = 'jmespath' | 'sql'

/**
 * A value as expressions see it. Integers of the source are safe `number`s or `bigint`s, decimals are strings, `undefined`
 * is a field the source did not send.
 */
export type RdiValue =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | readonly RdiValue[]
  | { readonly [name: string]: RdiValue }

/** A record: fields by name, nested where a job made them so. */
export type RdiRecord = { [name: string]: RdiValue }

/** Why an expression gave no value for a record. */
export class ExpressionFailure {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

/** Several expressions of one language, compiled together. */
export interface ExpressionProgram {
  /**
   * Evaluates all of them over the records of a batch; never throws for a record.
   *
   * @returns by expression, then by record
   */
  evaluate(records: readonly RdiRecord[]): (RdiValue | ExpressionFailure)[][]
  /** Lets go of what the program holds. Not to be used afterwards. */
  close(): void
}

/** An expression that cannot be compiled. `offset` counts characters of its text from 0, where the place is known. */
export class ExpressionSyntaxError extends Error {
  readonly offset: number | undefined

  constructor(message: string, offset?: number) {
    super(message)
    this.name = 'ExpressionSyntaxError'
    this.offset = offset
  }
}
