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
  | 'value'

/** One column as it arrives. */
export interface Field {
  /** As the source calls the column; unique in the table. */
  readonly name: string
  /** Decides which forms its cells have. */
  readonly type: LogicalType
  /** Whether cells may be null. */
  readonly nullable: boolean
  /** The source's own name of the type (`bigint unsigned`, `timestamp with time zone`), for people. */
  readonly nativeType: string
}

/**
 * The columns of a batch. Shared by reference between batches: `===` means that nothing changed, so whatever was
 * compiled for it still holds.
 */
export interface TableSchema {
  /** Name of the table, without its namespace. */
  readonly table: string
  /** Schema (PostgreSQL) or database (MySQL, MongoDB) in which the table stands, where the job reads several tables by name. */
  readonly namespace?: string
  /** Which of the writer's outputs the rows are for, where the job has several. */
  readonly route?: string
  /** The columns that the default keys of the rows are made of, as they were read, where those are computed before the writer. */
  readonly keyFields?: readonly Field[]
  /** Counts up when the definition changes while the job runs. */
  readonly version: number
  /** The columns, in the order of the cells. */
  readonly fields: readonly Field[]
  /** Positions in `fields` of the primary key; empty when there is none or it is not known. */
  readonly key: readonly number[]
  /**
   * Positions in `fields` of the columns that a change always gives of the row before it; absent: all of them. A job whose
   * keys or filters look at others cannot tell what an update or delete takes away.
   */
  readonly identity?: readonly number[]
  /**
   * Positions in `fields` of the columns that a change leaves out (`undefined`) when they are large and it left them as they were;
   * absent: none.
   */
  readonly omittable?: readonly number[]
  /**
   * Rows are documents, which have fields of their own: columns are those seen so far, of type `value`, and further ones come with
   * a schema of the next `version`. A cell that is null says that the document has no such field; a field that is there and null
   * is {@link jsonNull}. `whole`: what is not among the columns was never there. `replacement`: it may have been until this change,
   * or since an earlier read (`ReadOptions.overwrites`), and goes.
   */
  readonly documents?: 'whole' | 'replacement'
}
