import { isUtf8 } from 'node:buffer'
import { TextBatchBuilder, type Row, type TableSchema } from '@millrace/core/record'
import type { DocumentDecoder } from './document-decoder.ts'

/**
 * Makes single rows of documents, with the cells that a batch of them would have. Slower than a batch: for changes, which come
 * one by one, and for the rare row that a text batch cannot show.
 */
export class DocumentRows {
  readonly #decoder: DocumentDecoder
  readonly #builder: TextBatchBuilder

  constructor(decoder: DocumentDecoder, schema: TableSchema) {
    this.#decoder = decoder
    this.#builder = new TextBatchBuilder(schema, { maxRows: 1, maxBytes: Infinity })
  }

  /** The row of the document that begins at `offset`, with the length of its cells as `RecordBatch.byteSize` counts. */
  rowOf(source: Buffer, offset = 0): { readonly row: Row; readonly byteSize: number } {
    const builder = this.#builder
    const byteSize = this.#decoder.decode(source, offset, builder)
    builder.endRow(byteSize)
    const row = builder.lastRow()
    const { bytes, bounds } = builder
    for (const index of this.#decoder.foreignBools) {
      const cell = bytes.subarray(bounds[2 * index], bounds[2 * index + 1])
      row[index] = isUtf8(cell) ? cell.toString('utf8') : new Uint8Array(cell)
    }
    builder.take().release()
    return { row, byteSize }
  }
}
