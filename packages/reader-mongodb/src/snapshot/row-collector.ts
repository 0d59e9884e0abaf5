import {
  BatchBuilder,
  TextBatchBuilder,
  type BatchLimits,
  type Position,
  type RecordBatch,
  type TableSchema,
} from '@millrace/core/record'
import type { DocumentDecoder } from '../types/document-decoder.ts'
import { DocumentRows } from '../types/document-rows.ts'

/** Makes batches of documents, within limits. */
export class RowCollector {
  readonly #schema: TableSchema
  readonly #limits: BatchLimits
  readonly #decoder: DocumentDecoder
  readonly #rows: DocumentRows
  readonly #builder: TextBatchBuilder
  readonly #positionAt: ((source: Buffer, offset: number) => Position) | undefined
  /** Batches that are full. */
  readonly #full: RecordBatch[] = []
  #lastSource: Buffer | undefined
  #lastOffset = 0

  /** @param positionAt - the position of the document that begins at an offset; absent: no positions are wanted */
  constructor(
    schema: TableSchema,
    decoder: DocumentDecoder,
    limits: BatchLimits,
    positionAt?: (source: Buffer, offset: number) => Position,
  ) {
    this.#schema = schema
    this.#limits = limits
    this.#decoder = decoder
    this.#rows = new DocumentRows(decoder, schema)
    this.#builder = new TextBatchBuilder(schema, limits)
    this.#positionAt = positionAt
  }

  /** Adds the row of the document that begins at `offset`. */
  add(source: Buffer, offset: number): void {
    const builder = this.#builder
    const { length, boundCount } = builder
    let byteSize = this.#decoder.decode(source, offset, builder)
    if (this.#decoder.foreignBools.length > 0) {
      builder.length = length
      builder.boundCount = boundCount
      return this.#addAlone(source, offset)
    }
    if (builder.mustFlushBefore(byteSize)) {
      // Taken back, and decoded once more into the memory of the next batch.
      builder.length = length
      builder.boundCount = boundCount
      this.flush()
      byteSize = this.#decoder.decode(source, offset, builder)
    }
    builder.endRow(byteSize)
    this.#lastSource = source
    this.#lastOffset = offset
  }

  /** A row that text cannot show. */
  #addAlone(source: Buffer, offset: number): void {
    this.flush()
    const { row, byteSize } = this.#rows.rowOf(source, offset)
    const builder = new BatchBuilder(this.#schema, this.#limits)
    builder.add(row, byteSize)
    this.#full.push(builder.take(this.#positionAt?.(source, offset)))
  }

  /** Rows that no batch has yet. */
  get rowCount(): number {
    return this.#builder.rowCount
  }

  /** Makes a batch of the rows that there are. */
  flush(): void {
    if (this.#builder.rowCount === 0) return
    const position =
      this.#lastSource === undefined
        ? undefined
        : this.#positionAt?.(this.#lastSource, this.#lastOffset)
    this.#full.push(this.#builder.take(position))
    this.#lastSource = undefined
  }

  /** Whether {@link shift} gives one. */
  get hasBatch(): boolean {
    return this.#full.length > 0
  }

  /** The next batch that is full, or was flushed. */
  shift(): RecordBatch | undefined {
    return this.#full.shift()
  }
}
