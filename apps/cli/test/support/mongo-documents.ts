import { Decimal128, ObjectId, type Document } from 'mongodb'
import type { MongoDatabase } from './mongo-database.ts'
import { seededRandom } from './seeded-random.ts'

/** Those of `profile` are of four types. */
export type WorkId = number | string | ObjectId | Date

/** A document of the workload. */
export interface WorkDocument extends Document {
  _id: WorkId
  version: number
}

/** Documents of each collection before the workload begins; their numbers count from 1. */
export const mongoCollections = { customer: 2000, profile: 800, seat: 500, tag: 800 } as const
export type CollectionName = keyof typeof mongoCollections
export const collectionNames = Object.keys(mongoCollections) as CollectionName[]

/** Makes the collections, with images where wanted, and fills them; their versions are 0. */
export async function fillMongoCollections(
  source: MongoDatabase,
  seed: number,
  hasImages: boolean,
): Promise<void> {
  const random = seededRandom(seed)
  for (const name of collectionNames) {
    await source.db.createCollection(name, {
      changeStreamPreAndPostImages: { enabled: hasImages },
    })
    const documents = Array.from({ length: mongoCollections[name] }, (_, index) =>
      documentOf(name, index + 1, 0, random),
    )
    await source.db.collection<WorkDocument>(name).insertMany(documents)
  }
}

const names = ['Zoë', 'José', '王小明', 'Ирина', 'Ada', '😀 Eve', "O'Hara"]
/** Fields that a `profile` may have. */
export const fieldNames = Array.from({ length: 12 }, (_, at) => `field${at}`)

/** The `_id` of a number from 1. */
export function idOf(name: CollectionName, number: number): WorkId {
  if (name !== 'profile') return number
  const ids = [number, `p${number}`, new ObjectId(number.toString(16).padStart(24, '0'))]
  return ids[number % 4] ?? new Date(number)
}

/** A document of a number from 1, with other values each time. */
export function documentOf(
  name: CollectionName,
  number: number,
  version: number,
  random: () => number,
): WorkDocument {
  const any = Math.floor(random() * 1_000_000)
  const head = { _id: idOf(name, number), version }
  switch (name) {
    case 'customer':
      return {
        ...head,
        name: `${names[any % names.length]} ${any}`,
        balance: Decimal128.fromString(`${any}.${10 + (any % 90)}`),
        note: any % 3 === 0 ? null : `note ${any}`,
      }
    case 'profile':
      return { ...head, address: { city: `c${any % 9}`, no: any % 100 }, ...someFields(random) }
    case 'seat':
      return {
        ...head,
        seat: version === 0 ? number : 10_000_000 + version,
        holder: `holder ${any}`,
      }
    case 'tag':
      return { ...head, label: `label ${any % 20}`, owner: `owner ${any % 50}` }
  }
}

function someFields(random: () => number): Document {
  const chosen = fieldNames.filter(() => random() < 0.3)
  return Object.fromEntries(chosen.map((name) => [name, Math.floor(random() * 1000)]))
}
