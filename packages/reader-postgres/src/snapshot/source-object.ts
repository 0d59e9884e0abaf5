import type { TableSchema } from '@millrace/core/record'
import type { TableName } from './table-name.ts'

/** A table, or a statement of `querySql`, that the job reads. */
export interface SourceObject {
  /** Position of its connection in the job. */
  readonly sourceIndex: number
  /** Position among the tables and statements of that connection. */
  readonly index: number
  /** Present for a table. */
  readonly table?: TableName
  /** Present for a statement. */
  readonly query?: string
  /** For messages and split ids: the table as written, or `querySql[0]`. */
  readonly label: string
  /** Path inside the parameters. */
  readonly path: readonly (string | number)[]
}

/** A column of the table in the server's catalogue. */
export interface CatalogueColumn {
  readonly name: string
  readonly typeOid: number
  /** `numeric(10,2)`. */
  readonly typeName: string
  readonly isNullable: boolean
  readonly isPrimaryKey: boolean
}

/** What is known of an object once the server has been asked. */
export interface DescribedObject {
  readonly object: SourceObject
  readonly schema: TableSchema
  /** Whether each column has to be turned into JSON by the server. */
  readonly arrays: readonly boolean[]
  /** Expressions of the select list; `undefined` for a statement of `querySql`. */
  readonly selectList?: readonly string[]
  /** Empty for a statement, and for a table the catalogue does not show. */
  readonly catalogue: readonly CatalogueColumn[]
}
