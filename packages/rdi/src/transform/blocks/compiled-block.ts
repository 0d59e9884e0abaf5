import type { TableJob } from '../../model/table-job.ts'
import type { ExpressionFailure } from '../../model/expression.ts'
import type { LookupConnection } from '../../lookup/lookup-connection.ts'
import type { ExpressionCompiler } from '../expression-compiler.ts'
import { AbsentValue, type ExpressionFields, type ProgramCache } from '../expression-set.ts'
import type { FieldLayout } from '../field-layout.ts'
import type { RecordSet, RowReason } from '../record-set.ts'

/** One transform block, ready for the records of one table. */
export interface CompiledBlock {
  /** Runs over all records, which it edits. A promise only where it has to wait for a server. */
  run(set: RecordSet): void | Promise<void>
}

/** What blocks are compiled with. */
export interface BlockContext {
  readonly job: TableJob
  /** For messages: `block 2 (add_field)`. */
  readonly label: string
  /** The fields before the block; compiling it makes them those behind it. */
  readonly layout: FieldLayout
  readonly programs: ProgramCache
  readonly fieldsOf: ExpressionCompiler['fieldsOf']
  /** The fields that expressions find now. */
  fields(): ExpressionFields
  /** Nothing may be written anywhere. */
  readonly writesNothing: boolean
  lookup(connection: string): LookupConnection
}

/**
 * Why an expression makes a row dirty, for its reason in the dirty file; the failure itself names the expression.
 *
 * @param values what the expression read, as `ExpressionSet.valuesRead` gives it
 */
export function failureReason(
  label: string,
  failure: ExpressionFailure,
  values: string,
): RowReason {
  // What was not sent has no value to show.
  const detail = failure instanceof AbsentValue ? '' : values
  return { message: `${label}: ${failure.message}`, detail }
}

/** An expression as messages show it. */
export function shortText(text: string): string {
  return text.length > 120 ? `${text.slice(0, 120)}…` : text
}
