import type { RecordBatch, TableSchema } from '@millrace/core/record'
import type { TransformedBatch } from '@millrace/core/dialect'
import { RoutedBatch } from './routed-batch.ts'

/** What happens to the rows of one table. */
export interface TableTransform {
  /** The columns that leave it. */
  readonly output: TableSchema
  apply(batch: RecordBatch): TransformedBatch | Promise<TransformedBatch>
}

/** Rows that nothing was asked for: they pass as they are, as text where they are text. */
export function passRows(output: TableSchema): TableTransform {
  return {
    output,
    apply: (batch) => ({ batch: new RoutedBatch(batch, output), rejected: [], filtered: 0 }),
  }
}
