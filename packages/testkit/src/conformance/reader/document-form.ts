import assert from 'node:assert/strict'
import type { Cell, Field, RecordBatch, Row, TableSchema } from '@millrace/core/record'
import type { Dataset } from '../../dataset.ts'
import type { ReaderHarness } from './reader-harness.ts'

/**
 * How the rows of a dataset come back from a source of documents: one whose schemas say `documents`, see
 * `TableSchema.documents`. Their columns are found by name and may stand in any order, and are all of type `value`.
 */
export interface DocumentForm {
  /**
   * The field by which a document is known (`_id`). It holds what the key column of a dataset has, in the place of a field of that
   * name; a dataset without a key is held with values that the source makes up for it.
   */
  readonly id: string
  /** The cell that a cell of a dataset arrives as, exactly; null, too: the document holds a null. */
  cellOf(cell: Cell, field: Field): Cell
  /**
   * Whether an update brings the document as it is when the source sends the change, with all that later changes have made of it.
   * Default: as it has left it, which is what a reader that can do so owes its users.
   */
  readonly updatesAreLookedUp?: boolean
}

/** What the reader has to give of a dataset that the harness holds: the dataset itself, but for documents. */
export function givenForm({ documents }: Pick<ReaderHarness, 'documents'>, held: Dataset): Dataset {
  if (documents === undefined) return held
  const { schema, rows } = held
  const fields = schema.fields.map((field, at): Field => ({
    ...field,
    name: schema.key.includes(at) ? documents.id : field.name,
    type: 'value',
  }))
  return {
    schema: { ...schema, fields, documents: 'whole' },
    rows: rows.map((row) => givenRow({ documents }, schema, row)),
  }
}

/** A row of a dataset, or of what came of it, as the reader has to give it. */
export function givenRow(
  { documents }: Pick<ReaderHarness, 'documents'>,
  { fields }: TableSchema,
  row: readonly Cell[],
): Row {
  return row.map((cell, at) =>
    documents === undefined || cell === undefined
      ? cell
      : documents.cellOf(cell, fields[at] ?? addedField),
  )
}

/** Behind those that a dataset was held with. */
const addedField: Field = { name: 'added', type: 'string', nullable: true, nativeType: 'text' }

/** The rows of a batch with their cells in the order of an expected schema. */
export function rowsInOrder(
  { schema, rows }: Pick<RecordBatch, 'schema' | 'rows'>,
  expected: TableSchema,
): readonly Readonly<Row>[] {
  if (expected.documents === undefined) return rows
  const place = placing(schema, expected)
  return rows.map(place)
}

/** What puts the cells of a row of one schema into the order of another. */
export function placing(
  schema: TableSchema,
  expected: TableSchema,
): (row: Readonly<Row>) => Readonly<Row> {
  if (expected.documents === undefined) return (row) => row
  const found = `the schema of ${schema.table} does not say that its rows are documents`
  assert.ok(schema.documents !== undefined, found)
  const places = expected.fields.map(({ name }) =>
    schema.fields.findIndex((field) => field.name === name),
  )
  const others = schema.fields.flatMap((_, at) =>
    places.includes(at) || schema.key.includes(at) ? [] : [at],
  )
  return (row) => {
    const strange = others.find((at) => row[at] !== null && row[at] !== undefined)
    const name = schema.fields[strange ?? -1]?.name
    assert.equal(name, undefined, `a document has the field ${name}, which was never put in`)
    return places.map((at) => (at < 0 ? null : row[at]))
  }
}

/** Names of columns; in an order that says nothing where rows are documents, whose fields come in any. */
export function columnNames({ fields, documents }: TableSchema): readonly string[] {
  const names = fields.map(({ name }) => name)
  return documents === undefined ? names : names.toSorted()
}
