import { Binary, Decimal128, Long, ObjectId, type Document } from 'mongodb'
import { makeMongoDatabase, type MongoDatabase } from './mongo-database.ts'
import { rowsPerKey, type RowSource, type SourceRow } from './load-source.ts'

export type LoadedDocument = Document & SourceRow & { readonly _id: unknown }

export interface MongoLoadSource extends RowSource {
  readonly database: MongoDatabase
}

/** A type of `_id` each. */
const idTypes: readonly ((number: number) => unknown)[] = [
  (number) => number,
  (number) => `id ${number}`,
  (number) => new ObjectId(number.toString(16).padStart(24, '0')),
  (number) => Long.fromString(`9007199254${number.toString().padStart(6, '0')}`),
  (number) => Decimal128.fromString(`${number}.5`),
  (number) => new Date(number),
  (number) => ({ part: number, of: 'a document' }),
  (number) => new Binary(Buffer.from(`${number}`)),
]

/** Makes a collection `t` of `rowCount` documents, whose `_id`s are of eight types, in a database of its own. */
export async function makeMongoLoadSource(rowCount: number): Promise<MongoLoadSource> {
  const database = await makeMongoDatabase()
  const collection = database.db.collection<LoadedDocument>('t')
  await collection.insertMany(loadDocuments(rowCount) as never[])
  return {
    kind: 'mongodb',
    database,
    rowCount,
    rows: async () => await collection.find({}, { projection: { _id: 0 } }).toArray(),
    dataSource: () => ({ ...database.dataSource }),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

/**
 * The documents of such a collection, the same in every call.
 *
 * @param extra - characters more in each
 */
export function loadDocuments(rowCount: number, extra = 0): readonly LoadedDocument[] {
  const keyCount = Math.max(1, Math.ceil(rowCount / rowsPerKey))
  return Array.from({ length: rowCount }, (_, index) => {
    const number = index + 1
    const _id = idTypes[number % idTypes.length]?.(number)
    const v = `v${number}${'x'.repeat(number % 50)}${'y'.repeat(extra)}`
    return { _id, k: `k${number % keyCount}`, f: `f${number}`, v }
  })
}
