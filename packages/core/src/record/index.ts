export { isJsonNull, jsonNull, type Cell, type Row } from './cell.ts'
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
export { qualifiedName } from './qualified-name.ts'
export { byteLengthOfCell } from './byte-length.ts'
export { BegunTransactions } from './begun-transactions.ts'
export { BatchBuilder, type BatchLimits, type RowChange } from './batch-builder.ts'
export { compileDatePattern, type DateFormatter, type DatePatternOptions } from './date-pattern.ts'
export { secondsOfWallClock, ZonedWallClock } from './zoned-wall-clock.ts'
export { compileEpochForm, compileIsoForm, unchangedForm, type CellForm } from './temporal-form.ts'
