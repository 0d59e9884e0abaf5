import {
  byteLengthOfCell,
  type Cell,
  type Field,
  type RecordBatch,
  type Row,
  type TableSchema,
} from '@millrace/core/record'
import type { DocumentForm, ReaderHarness } from '../src/index.ts'
import { changeBatches, session } from './mutants/broken-reader.ts'

/** As a source of documents has values: numbers as numbers, bytes as text; what is null was never there. */
export const memoryDocumentForm: DocumentForm = {
  id: '_id',
  cellOf: (cell, { type }) => {
    if (cell instanceof Uint8Array) return Buffer.from(cell).toString('base64')
    if (cell === null || (type !== 'int' && type !== 'float')) return cell
    const number = Number(cell)
    return type === 'float' || Number.isSafeInteger(number) ? number : Buffer.from(String(cell))
  },
}

let madeUpIds = 0

/** Makes documents of the rows of one table: columns in the opposite order, the key under its name, behind one that is made up. */
class DocumentTable {
  readonly schema: TableSchema
  readonly #fields: readonly Field[]

  constructor(table: TableSchema) {
    const { fields, key } = table
    this.#fields = fields
    const columns = fields.map((field, at): Field => ({
      ...field,
      name: key.includes(at) ? '_id' : field.name,
      type: 'value',
    }))
    const id: Field = { name: '_id', type: 'value', nullable: false, nativeType: 'id' }
    const all = [...columns.toReversed(), ...(key.length === 0 ? [id] : [])]
    const place = all.findIndex(({ name }) => name === '_id')
    this.schema = { ...table, fields: all, key: [place], documents: 'whole' }
  }

  rowOf(row: readonly Cell[]): Row {
    const cells = row.map((cell, at) => {
      const field = this.#fields[at]
      return field === undefined ? cell : memoryDocumentForm.cellOf(cell, field)
    })
    const isIdMadeUp = this.schema.fields.length > this.#fields.length
    return [...cells.toReversed(), ...(isIdMadeUp ? [++madeUpIds] : [])]
  }
}

const lengthOf = (row: readonly Cell[]) =>
  row.reduce<number>((sum, cell) => sum + byteLengthOfCell(cell), 0)

/** Has every update of a batch bring the document as the last change in the batch has left it. */
export function lookedUp(batch: RecordBatch): RecordBatch {
  const { rows, changes, schema } = batch
  const keyOf = (row: readonly Cell[]) => String(row[schema.key[0] ?? 0])
  const last = new Map<string, Row>()
  const states = rows.toReversed().map((row, at) => {
    const operation = changes?.operations.at(-1 - at)
    if (operation !== 'd' && !last.has(keyOf(row))) last.set(keyOf(row), row)
    return operation === 'u' ? (last.get(keyOf(row)) ?? row) : row
  })
  return { ...batch, rows: states.toReversed().map((row) => [...row]) }
}

/** As {@link ofDocuments}, of a reader that looks updated documents up when it sends their changes. */
export function ofDocumentsLookedUp(harness: ReaderHarness): ReaderHarness {
  const documents = { ...memoryDocumentForm, updatesAreLookedUp: true }
  return { ...changeBatches(lookedUp)(ofDocuments(harness)), documents }
}

/** Has a reader in memory give documents. What is wrong with its rows is wrong with its documents, too. */
export function ofDocuments(harness: ReaderHarness): ReaderHarness {
  const tables = new WeakMap<TableSchema, DocumentTable>()
  const tableOf = (schema: TableSchema) => {
    const table = tables.get(schema) ?? new DocumentTable(schema)
    tables.set(schema, table)
    return table
  }
  const documentsOf = (batch: RecordBatch): RecordBatch => {
    const table = tableOf(batch.schema)
    const rows = batch.rows.map((row) => table.rowOf(row))
    const grown = lengthOf(rows.flat()) - lengthOf(batch.rows.flat())
    const changes = batch.changes && {
      ...batch.changes,
      before: batch.changes.before.map((row) => row && table.rowOf(row)),
    }
    return {
      ...batch,
      schema: table.schema,
      rows,
      byteSize: batch.byteSize + grown,
      ...(changes === undefined ? {} : { changes }),
    }
  }
  async function* converted(batches: AsyncIterable<RecordBatch>) {
    for await (const batch of batches) yield documentsOf(batch)
  }
  const breaking = session((whole) => ({
    describe: async (options) => {
      const schemas = await whole.describe(options)
      return schemas.map((schema) => tableOf(schema).schema)
    },
    read: (split, options) => converted(whole.read(split, options)),
    ...(whole.follow === undefined
      ? {}
      : { follow: (from, options) => converted(whole.follow(from, options)) }),
  }))
  return { ...breaking(harness), documents: memoryDocumentForm }
}
