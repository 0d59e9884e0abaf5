import type { LogicalType, TableSchema } from '@millrace/core/record'
import type { OrderableTable, SourceObject as RelationalObject } from '@millrace/core/sql'
import type { TableName } from './table-name.ts'

/** A table, or a statement of `querySql`, that the job reads. */
export type SourceObject = RelationalObject<TableName>

/** A column of the table in the server's catalogue. */
export interface CatalogueColumn {
  readonly name: string
  readonly typeOid: number
  /** `numeric(10,2)`. */
  readonly typeName: string
  readonly isNullable: boolean
  readonly isPrimaryKey: boolean
}

/** A column that rows can be ordered by. */
export interface OrderableColumn {
  readonly name: string
  readonly type: LogicalType
}

/** What is known of an object once the server has been asked. A statement has no column to be ordered by. */
export interface DescribedObject extends OrderableTable<OrderableColumn> {
  readonly object: SourceObject
  readonly schema: TableSchema
  /** Whether each column has to be turned into JSON by the server. */
  readonly arrays: readonly boolean[]
  /** Expressions of the select list; `undefined` for a statement of `querySql`. */
  readonly selectList?: readonly string[]
  /** Empty for a statement, and for a table the catalogue does not show. */
  readonly catalogue: readonly CatalogueColumn[]
}
