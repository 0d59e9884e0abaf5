/** What the cells of a column mean; see {@link Cell} for the form each one takes. */
export type LogicalType =
  | 'bool'
  | 'int'
  | 'float'
  | 'decimal'
  | 'string'
  | 'bytes'
  | 'date'
  | 'time'
  | 'datetime'
  | 'timestamptz'
  | 'uuid'
  | 'json'

/** One column as it arrives. */
export interface Field {
  readonly name: string
  readonly type: LogicalType
  readonly nullable: boolean
  /** The source's own name of the type (`bigint unsigned`, `timestamp with time zone`), for people. */
  readonly nativeType: string
}

/**
 * The columns of a batch. Shared by reference between batches: `===` means that nothing changed, so whatever was
 * compiled for it still holds.
 */
export interface TableSchema {
  readonly table: string
  /** Counts up when the definition changes while the job runs. */
  readonly version: number
  readonly fields: readonly Field[]
  /** Positions in `fields` of the primary key; empty when there is none or it is not known. */
  readonly key: readonly number[]
}
