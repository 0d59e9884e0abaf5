import type {
  Changes,
  Position,
  RecordBatch,
  Row,
  TableSchema,
  TextCells,
  UnreadableRow,
} from '@millrace/core/record'

/** A batch as it was read, under the columns and the route of another schema with as many fields: text stays text. */
export class RoutedBatch implements RecordBatch {
  readonly schema: TableSchema
  readonly byteSize: number
  readonly position?: Position
  readonly changes?: Changes
  readonly unreadable?: readonly UnreadableRow[]
  readonly #read: RecordBatch

  constructor(read: RecordBatch, schema: TableSchema) {
    this.#read = read
    this.schema = schema
    this.byteSize = read.byteSize
    if (read.position !== undefined) this.position = read.position
    if (read.changes !== undefined) this.changes = read.changes
    if (read.unreadable !== undefined) this.unreadable = read.unreadable
  }

  get rows(): Row[] {
    return this.#read.rows
  }

  get text(): TextCells | undefined {
    return this.#read.text
  }
}
