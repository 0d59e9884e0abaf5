import type { Cell } from '../record/cell.ts'
import type { RowError } from '../record/record-batch.ts'
import type { Field } from '../record/table-schema.ts'
import type { ZonedWallClock } from '../record/zoned-wall-clock.ts'

/** What a step returns for a row that a filter drops. */
export const dropRow = Symbol('dropRow')

/** What a step returns for a row that it cannot transform: the row is dirty. */
export class RowFailure {
  readonly error: RowError

  constructor(code: string, message: string) {
    this.error = { code, message }
  }
}

/** Works on one cell: gives the new cell, or says that the row is dropped or dirty. */
export type CellStep = (cell: Cell) => Cell | typeof dropRow | RowFailure

/** What a transformer may know of the column it works on. */
export interface ColumnContext {
  /** The column as the step before left it. */
  readonly field: Field
  /** Zone of the job, in which instants are text and wall clocks are instants. */
  readonly clock: ZonedWallClock
}

/** One of DataX's transformers. */
export interface Transformer {
  readonly name: string
  /** Whether its result replaces the cell; a filter leaves the cell alone. */
  readonly replacesCell: boolean
  /** Whether its result can be null. */
  readonly keepsNull: boolean
  /** What is wrong with the parameters, one sentence each; empty when all is well. */
  problemsOf(parameters: readonly string[]): string[]
  /** Called once per schema, with parameters that have no problems. */
  compile(parameters: readonly string[], column: ColumnContext): CellStep
}

const digits = /^[+-]?\d+$/

/** The problem of a parameter that has to be an integer from 0 to `max`, or nothing. */
export function countProblems(name: string, text: string, max = 2_147_483_647): string[] {
  if (digits.test(text) && Number(text) >= 0 && Number(text) <= max) return []
  return [`${name} must be an integer from 0 to ${max}, found ${JSON.stringify(text)}`]
}

/** The problem of a wrong number of parameters, or nothing. */
export function arityProblems(parameters: readonly string[], names: readonly string[]): string[] {
  if (parameters.length === names.length) return []
  return [
    `paras must have ${names.length} values (${names.join(', ')}), found ${parameters.length}`,
  ]
}
