import type { Row } from '../record/cell.ts'
import type { Position } from '../record/record-batch.ts'
import type { LogicalType } from '../record/table-schema.ts'

/** How the rows of an ordered split tell where they stand. */
export interface RowPositions {
  /** What the cells at the end of each row mean that are read for the position alone and belong to no field. */
  readonly hiddenTypes: readonly LogicalType[]
  /** The position of a row, which still has its hidden cells. Called once a batch. */
  positionOf(row: Row): Position
}
