import type { RecordBatch, Row, TableSchema } from '@millrace/core/record'
import type { ReaderHarness } from '../../src/index.ts'
import { lookedUp } from '../document-harness.ts'
import { batches, changeBatches, session, type BreakingReader } from './broken-reader.ts'
import type { Mutant } from './mutant.ts'

const placeOf = ({ fields }: TableSchema, name: string) =>
  fields.findIndex((field) => field.name === name)

/** Changes every schema, always into the same object. */
function schemas(change: (schema: TableSchema) => TableSchema): BreakingReader {
  const changed = new WeakMap<TableSchema, TableSchema>()
  const schemaOf = (schema: TableSchema) => {
    const found = changed.get(schema) ?? change(schema)
    changed.set(schema, found)
    return found
  }
  const withSchema = (batch: RecordBatch) => ({ ...batch, schema: schemaOf(batch.schema) })
  return (harness) =>
    session((whole) => ({
      describe: async (options) => (await whole.describe(options)).map(schemaOf),
    }))(changeBatches(withSchema)(batches(withSchema)(harness)))
}

/** Gives every document of a batch a further field. */
function withField(batch: RecordBatch, field: string): RecordBatch {
  const { schema, rows } = batch
  const fields = [
    ...schema.fields,
    { name: field, type: 'value', nullable: true, nativeType: 'text' } as const,
  ]
  return { ...batch, schema: { ...schema, fields }, rows: rows.map((row): Row => [...row, 'x']) }
}

const swapped: Readonly<Record<string, string>> = { name: 'note', note: 'name' }

/** Has every update bring the document as it was before. */
function asBefore(): (batch: RecordBatch) => RecordBatch {
  const states = new Map<string, Row>()
  return (batch) => {
    const { rows, schema, changes } = batch
    const stale = rows.map((row, at): Row => {
      const key = `${schema.table} ${String(row[schema.key[0] ?? 0])}`
      const old = states.get(key)
      states.set(key, row)
      return [...(changes?.operations[at] === 'u' && old !== undefined ? old : row)]
    })
    return { ...batch, rows: stale }
  }
}

/** Mutants of a reader that looks updated documents up. */
export const readerLookUpMutants: readonly Mutant<ReaderHarness>[] = [
  {
    name: 'brings documents as they were before an update',
    breaks: 'order of changes',
    says: /change 3 \(u people 11\): its column name is "made 11", expected "second"/,
    breaking: (harness) => changeBatches(asBefore())(harness),
  },
  {
    name: 'mixes what several updates have made of a document',
    breaks: 'order of changes',
    says: /change \d+ \(u people 11\): its column name is "again", expected "fourth"/,
    breaking: changeBatches((batch) => ({
      ...batch,
      rows: batch.rows.map((row, at) => {
        const isUpdate = batch.changes?.operations[at] === 'u'
        const note = placeOf(batch.schema, 'note')
        return isUpdate && row.includes('again') ? row.with(note, null) : row
      }),
    })),
  },
]

/** Mutants that give documents wrongly. */
export const readerDocumentMutants: readonly Mutant<ReaderHarness>[] = [
  {
    name: 'looks updated documents up',
    breaks: 'order of changes',
    says: /change \d+ \(u people 11\): its column name is "again", expected "fourth"/,
    breaking: changeBatches(lookedUp),
  },
  {
    name: 'does not say that its rows are documents',
    breaks: 'split coverage',
    says: /the schema of people does not say that its rows are documents/,
    breaking: schemas(({ table, version, fields, key }) => ({ table, version, fields, key })),
  },
  {
    name: 'gives the columns of documents other names',
    breaks: 'describe',
    says: /it tells the columns _id, name, notes, the table has _id, name, note/,
    breaking: schemas((schema) => ({
      ...schema,
      fields: schema.fields.map((field) => ({
        ...field,
        name: field.name === 'note' ? 'notes' : field.name,
      })),
    })),
  },
  {
    name: 'does not know documents by their id',
    breaks: 'several tables',
    says: /describe tells people: _id, name, note; .*, the source has people: _id \(key\), name, note/,
    breaking: schemas((schema) => ({ ...schema, key: [] })),
  },
  {
    name: 'puts values under the names of others',
    breaks: 'split coverage',
    says: /row \d+ was changed: its column name is .*, expected "name \d+"/,
    breaking: batches((batch) => ({
      ...batch,
      schema: {
        ...batch.schema,
        fields: batch.schema.fields.map((field) => {
          return { ...field, name: swapped[field.name] ?? field.name }
        }),
      },
    })),
  },
  {
    name: 'gives documents a field that nobody put in',
    breaks: 'split coverage',
    says: /a document has the field stray, which was never put in/,
    breaking: batches((batch) => withField(batch, 'stray')),
  },
  {
    name: 'gives documents a field that nobody put in, among changes',
    breaks: 'order of changes',
    says: /a document has the field stray, which was never put in/,
    breaking: changeBatches((batch) => withField(batch, 'stray')),
  },
  {
    name: 'says that fields are of a type of their own',
    breaks: 'types',
    says: /the column of int32 is described as int, expected value/,
    breaking: schemas((schema) => ({
      ...schema,
      fields: schema.fields.map((field) => ({ ...field, type: 'int' })),
    })),
  },
  {
    name: 'gives numbers as text',
    breaks: 'types',
    says: /int32: "-2147483648" arrives as "-2147483648", expected -2147483648 with TZ=/,
    breaking: batches((batch) => ({
      ...batch,
      rows: batch.rows.map((row) =>
        row.map((cell) => (typeof cell === 'number' ? String(cell) : cell)),
      ),
    })),
  },
  {
    name: 'gives zero for what is no number',
    breaks: 'types',
    says: /floatSpecial: "NaN" arrives as 0, expected null with TZ=/,
    breaking: batches((batch) => ({
      ...batch,
      rows: batch.rows.map((row) => row.map((cell) => (Number.isNaN(cell) ? 0 : cell))),
    })),
  },
  {
    name: 'leaves a field out of changes',
    breaks: 'snapshot equals stream',
    says: /bool: true arrives as null in changes/,
    breaking: changeBatches((batch) => {
      const at = placeOf(batch.schema, 'value')
      return { ...batch, rows: batch.rows.map((row) => row.with(at, null)) }
    }),
  },
  {
    name: 'puts new fields into columns of the same version',
    breaks: 'definitions',
    says: /columns _id, name, note are followed by _id, added, name, note, and version 1 by 1/,
    breaking: schemas((schema) => ({ ...schema, version: 1 })),
  },
  {
    name: 'leaves out fields that no document had',
    breaks: 'definitions',
    says: /change 2 \(c people 102\): its column added is null, expected "more"/,
    breaking: changeBatches((batch) => {
      const at = placeOf(batch.schema, 'added')
      const isOther = (_: unknown, index: number) => index !== at
      if (at < 0) return batch
      return {
        ...batch,
        schema: {
          ...batch.schema,
          fields: batch.schema.fields.filter(isOther),
          key: batch.schema.key.map((place) => (place > at ? place - 1 : place)),
        },
        rows: batch.rows.map((row) => row.filter(isOther)),
      }
    }),
  },
  {
    name: 'takes a new field for one of all tables',
    breaks: 'definitions',
    says: /a change of another table has another schema/,
    breaking: changeBatches((batch) =>
      batch.schema.table === 'notes'
        ? { ...batch, schema: { ...batch.schema, version: 2 } }
        : batch,
    ),
  },
]
