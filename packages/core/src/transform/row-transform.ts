import type { CallOptions, Logger } from '../plugin/context.ts'
import type { PluginError } from '../plugin/errors.ts'
import type { Row } from '../record/cell.ts'
import type { JsonValue, RecordBatch, RowError } from '../record/record-batch.ts'
import type { TableSchema } from '../record/table-schema.ts'

/** A row that could not be transformed, as the reader gave it, and why. */
export interface RejectedTransform {
  readonly row: Row
  readonly error: RowError
}

/** What became of a batch. */
export interface TransformedBatch {
  /** The rows that passed every step, in order, with the columns of `CompiledTransforms.outputOf`. */
  readonly batch: RecordBatch
  readonly rejected: readonly RejectedTransform[]
  /** Rows that a filter dropped. */
  readonly filtered: number
}

/** What happens to the rows of a job between reader and writer, as the job says it. */
export interface RowTransform {
  /** All that decides what rows become, without secrets: a checkpoint belongs to a job with the same. */
  readonly identity: JsonValue
  /** The part of `identity` that decides what rows of one table become; absent: all of it does. */
  identityOf?(schema: TableSchema): JsonValue
  /**
   * Prepares everything for rows of these tables: once per run, never per row.
   *
   * @param schemas as `ReaderSession.describe` gave them; batches refer to these very objects
   * @throws PluginError CONFIG_INVALID when the steps do not fit the columns
   */
  compile(schemas: readonly TableSchema[], options: CompileOptions): Promise<CompiledTransforms>
}

/** What steps are compiled with. */
export interface CompileOptions extends CallOptions {
  readonly logger: Logger
  /** IANA zone or fixed offset in which instants become text and wall clocks are compared. */
  readonly timeZone: string
  /**
   * Changes of the tables will come, too: steps that need to know of a row before it changed what `TableSchema.identity` does not
   * give are an error or a warning.
   */
  readonly follows?: boolean
  /** Nothing may be written anywhere, as in a preview: steps that would are refused. */
  readonly writesNothing?: boolean
}

/** The steps of a job, ready for its rows. */
export interface CompiledTransforms extends AsyncDisposable {
  /**
   * What of the job is meant for tables that the source does not have: a job that begins is refused with it; one that goes on is
   * warned, since a table may have gone meanwhile.
   */
  readonly unmatched?: PluginError
  /** The columns of a table after the last step; the table's own object when there are no steps for it. */
  outputOf(schema: TableSchema): TableSchema
  /**
   * Runs the steps over a batch. Rows are edited in place and the batch given is used up. `byteSize` stays what was read.
   * The first failure or filter ends the steps of a row. A promise only where steps have to wait for something; the
   * next batch of the split is then transformed after this one.
   */
  apply(batch: RecordBatch): TransformedBatch | Promise<TransformedBatch>
}
