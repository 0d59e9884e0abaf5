import { Binary, Decimal128, Double, Int32, Long, ObjectId } from 'bson'
import { encodeDocument, type BsonDocument } from '../documents/bson-document.ts'
import { idKeyOf } from '../documents/document-id.ts'
import type { Namespace } from '../storage/catalog.ts'
import type { DataStore } from '../storage/data-store.ts'

const firstDayMs = Date.UTC(2020, 0, 1)
const towns = ['Bergen', 'Lyon', 'Kraków', 'Porto', 'Graz', 'Turku', 'Ghent', 'Siena']

/**
 * Makes documents and puts them into a collection, as if they had always been there.
 *
 * @param store
 * @param namespace
 * @param count
 * @param idType type of `_id`
 */
export function fillCollection(
  store: DataStore,
  namespace: Namespace,
  count: number,
  idType: 'objectId' | 'int',
): void {
  const collection = store.catalog.find(namespace) ?? store.catalog.create(namespace)
  const start = collection.count
  for (let index = start; index < start + count; index += 1) {
    const bytes = encodeDocument({ _id: madeUpId(index, idType), ...madeUpFields(index) })
    store.fill(collection, idKeyOf(bytes), bytes)
  }
}

function madeUpId(index: number, idType: 'objectId' | 'int'): ObjectId | Int32 {
  if (idType === 'int') return new Int32(index)
  return new ObjectId('5e0be10000000000' + index.toString(16).padStart(8, '0'))
}

/** Nine fields beside `_id`, the same for the same index. */
function madeUpFields(index: number): BsonDocument {
  return {
    name: `customer ${index}`,
    town: towns[index % towns.length],
    age: new Int32(18 + (index % 70)),
    visits: Long.fromNumber(index * 7919),
    balance: Decimal128.fromString(`${index % 100_000}.${String(index % 100).padStart(2, '0')}`),
    rating: new Double((index % 50) / 10),
    active: index % 3 === 0,
    since: new Date(firstDayMs + index * 60_000),
    tag: new Binary(Buffer.from([index & 0xff, (index >> 8) & 0xff, (index >> 16) & 0xff])),
  }
}
