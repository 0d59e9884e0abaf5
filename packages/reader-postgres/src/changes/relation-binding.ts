import type { TableSchema } from '@millrace/core/record'
import type { CellForm } from '../types/cell-form.ts'

/** Turns the text of an array into the JSON the server would make of it; ASCII alone is looked at. */
export type ArrayToJson = (text: string) => string

/** How a cell of the log becomes a cell of a row: as in a snapshot, or as JSON made of an array. */
export type ChangeCellForm = CellForm | ArrayToJson

/** How the rows of one table of the log become rows of a schema. Stands until the table is described anew. */
export interface RelationBinding {
  readonly schema: TableSchema
  /** Whether it is a part of the table, such as a partition. */
  readonly isPart: boolean
  /** The field that each column of the log becomes; -1: it is not read. */
  readonly targets: Int32Array
  /** One per column of the log. */
  readonly forms: readonly ChangeCellForm[]
  /** 1 for columns of the log whose form is not text. */
  readonly isConverted: Uint8Array
  /** 1 for columns of the log that belong to the replica identity. */
  readonly isIdentity: Uint8Array
  readonly fieldCount: number
  /** Whether every field has a column. */
  readonly isWhole: boolean
}
