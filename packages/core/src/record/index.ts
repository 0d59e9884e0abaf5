export type { Cell, Row } from './cell.ts'
export type { Field, LogicalType, TableSchema } from './table-schema.ts'
export type {
  Changes,
  JsonValue,
  OperationCode,
  Position,
  RecordBatch,
  RowError,
  UnreadableRow,
} from './record-batch.ts'
export { rowCountOf } from './record-batch.ts'
export type { TextCells } from './text-cells.ts'
export { TextBatch, type TextBatchOptions } from './text-batch.ts'
export { cellEnd, TextBatchBuilder } from './text-batch-builder.ts'
export { byteLengthOfCell } from './byte-length.ts'
export { BatchBuilder, type BatchLimits } from './batch-builder.ts'
export { compileDatePattern, type DateFormatter, type DatePatternOptions } from './date-pattern.ts'
export { secondsOfWallClock, ZonedWallClock } from './zoned-wall-clock.ts'
