import { Binary, Decimal128, Double, EJSON, Int32, Long } from 'bson'
import type { Cell, Field } from '@millrace/core/record'
import type { Dataset, ReaderSource } from '@millrace/testkit'
import { namedFormOf } from '../src/types/column-form.ts'
import type { TestDatabase } from './test-source.ts'

/** The `type` of a column for a field of a dataset: its own name of it, else one for what its cells mean. */
export function columnTypeOf({ nativeType, type }: Field): string {
  if (namedFormOf(nativeType) !== undefined) return nativeType
  return type === 'int' ? 'long' : 'string'
}

/** The value of a document that has to arrive as the cell. */
export function valueOf(cell: Cell, columnType: string): unknown {
  if (cell === null || cell === undefined || typeof cell === 'boolean') return cell ?? null
  if (cell instanceof Uint8Array) return new Binary(Buffer.from(cell), 0)
  const text = String(cell)
  switch (columnType) {
    case 'int':
      return new Int32(Number(text))
    case 'long':
      return Long.fromString(text)
    case 'decimal':
      return Decimal128.fromString(text)
    case 'double':
      return new Double(Number(text))
    case 'date':
      return new Date(`${text.replace(' ', 'T')}Z`)
    case 'uuid':
      return new Binary(Buffer.from(text.replaceAll('-', ''), 'hex'), 4)
    case 'json':
      return EJSON.parse(text.replaceAll(/\b\d{16,}\b/g, '{"$numberLong":"$&"}'), {
        relaxed: false,
      })
    default:
      return text
  }
}

/** A collection that holds a dataset; the key is `_id`, too. */
export async function holdDataset(
  database: TestDatabase,
  { schema, rows }: Dataset,
  openConnections: (() => number) | undefined,
  parameters: Readonly<Record<string, unknown>> = {},
): Promise<ReaderSource> {
  const types = schema.fields.map(columnTypeOf)
  const documents = rows.map((row) => {
    const values = schema.fields.map(({ name }, index): [string, unknown] => [
      name,
      valueOf(row[index], types[index] ?? ''),
    ])
    const key = schema.key.map((index) => values[index] as [string, unknown])
    const id = key.length === 1 ? key[0]?.[1] : Object.fromEntries(key)
    return Object.fromEntries(key.length === 0 ? values : [['_id', id], ...values])
  })
  const collectionName = await database.hold(documents)
  const column = schema.fields.map(({ name }, index) => ({ name, type: types[index] }))
  return {
    config: { datasource: 'test', collectionName, column, ...parameters },
    dataSources: [database.dataSource()],
    rowsProduced: () => database.documentsReturned(),
    ...(openConnections === undefined ? {} : { openConnections }),
    [Symbol.asyncDispose]: async () => {
      await database.db.dropCollection(collectionName)
    },
  }
}
