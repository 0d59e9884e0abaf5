import type { TableSchema } from '@millrace/core/record'
import type { OrderableTable, SourceObject as RelationalObject } from '@millrace/core/sql'
import type { ColumnDefinition } from '../connection/source-connection.ts'
import type { KeyForm } from './key-literal.ts'
import type { TableName } from './table-name.ts'

/** A table, or a statement of `querySql`, that the job reads. */
export type SourceObject = RelationalObject<TableName>

/** A column of the table in the server's catalogue. */
export interface CatalogueColumn {
  readonly name: string
  /** `bigint`, `varchar`. */
  readonly dataType: string
  /** `bigint(20) unsigned`. */
  readonly columnType: string
  readonly isNullable: boolean
  readonly isPrimaryKey: boolean
  /** Whether the user may SELECT it. */
  readonly isReadable: boolean
  /** Absent for anything but text. */
  readonly charset?: string
}

/** A column that rows can be ordered by. */
export interface OrderableColumn {
  readonly name: string
  readonly form: KeyForm
}

/** What is known of an object once the server has been asked. A statement has no column to be ordered by. */
export interface DescribedObject extends OrderableTable<OrderableColumn> {
  readonly object: SourceObject
  readonly schema: TableSchema
  readonly columns: readonly ColumnDefinition[]
  /** Columns that are FLOAT and asked for as doubles; see `floatTextOf`. */
  readonly floats: readonly boolean[]
  /** Expressions of the select list; `undefined` for a statement of `querySql`. */
  readonly selectList?: readonly string[]
  /** The column of the table that stands at each position of the row, where it is one. */
  readonly tableColumns: readonly (string | undefined)[]
  /** Empty for a statement, and for a table the catalogue does not show. */
  readonly catalogue: readonly CatalogueColumn[]
}
