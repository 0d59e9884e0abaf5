import { MongoServerError, type ClientSession, type Collection, type Document } from 'mongodb'
import type { MongoDatabase } from './mongo-database.ts'
import {
  randomCollections,
  randomIds,
  type KeyedChange,
  type RandomCollection,
  type RandomDocumentChange,
  type RandomDocumentTransaction,
  type RandomId,
} from './mongo-random.ts'

const duplicateKey = 11_000

type RandomDocument = Document & { readonly _id: RandomId }

/** Carries random transactions out; each change of a document gives it the next version. */
export class RandomDocuments {
  readonly #database: MongoDatabase
  readonly #hasImages: boolean
  #version = 0

  /** @param hasImages whether collections keep documents as they were before and after changes */
  constructor(database: MongoDatabase, hasImages: boolean) {
    this.#database = database
    this.#hasImages = hasImages
  }

  /** Makes the collections, with two documents each. */
  async begin(): Promise<void> {
    for (const name of randomCollections) {
      await this.#create(name)
      const [one, two] = randomIds
      await this.#collection(name).insertMany([
        { _id: one, version: 0, grp: 'x', name: 'one' },
        { _id: two, version: 0, grp: 'y', address: { city: 'two' } },
      ])
    }
  }

  async carryOut({ collection: name, changes, end }: RandomDocumentTransaction): Promise<void> {
    const collection = this.#collection(name)
    if (end === 'drop') {
      await this.#collection('paper').drop()
      await this.#create('paper')
    } else if (end === 'single') {
      for (const one of changes) await this.#change(collection, one, undefined)
    } else {
      await using session = this.#database.client.startSession()
      session.startTransaction()
      for (const one of changes) await this.#change(collection, one, session)
      await (end === 'commit' ? session.commitTransaction() : session.abortTransaction())
    }
  }

  async #create(name: RandomCollection): Promise<void> {
    const changeStreamPreAndPostImages = { enabled: this.#hasImages }
    await this.#database.db.createCollection(name, { changeStreamPreAndPostImages })
  }

  #collection(name: RandomCollection): Collection<RandomDocument> {
    return this.#database.db.collection<RandomDocument>(name)
  }

  async #change(
    collection: Collection<RandomDocument>,
    one: RandomDocumentChange,
    session: ClientSession | undefined,
  ): Promise<void> {
    const options = session === undefined ? {} : { session }
    this.#version += 1
    if ('key' in one) await changeOne(collection, one, { version: this.#version, options })
    else if (one.kind === 'delete all') await collection.deleteMany({}, options)
    else await collection.updateMany({}, { $set: { version: this.#version, name: 'all' } }, options)
  }
}

interface ChangeContext {
  readonly version: number
  readonly options: { readonly session?: ClientSession }
}

async function changeOne(
  collection: Collection<RandomDocument>,
  one: KeyedChange,
  { version, options }: ChangeContext,
): Promise<void> {
  const _id = randomIds[one.key] as RandomId
  switch (one.kind) {
    case 'insert':
      await insert(collection, { _id, version, ...one.fields }, options)
      return
    case 'reinsert':
      await collection.deleteOne({ _id }, options)
      await collection.insertOne({ _id, version, ...one.fields }, options)
      return
    case 'replace': {
      const { upsert, fields: replacement } = one
      await collection.replaceOne({ _id }, { version, ...replacement }, { ...options, upsert })
      return
    }
    case 'update':
      await collection.updateOne({ _id, ...one.filter }, withVersion(one.update, version), options)
      return
    case 'no-op':
      await collection.updateOne({ _id }, { $unset: { never: 1 } }, options)
      return
    case 'delete':
      await collection.deleteOne({ _id }, options)
  }
}

function withVersion(one: Document | readonly Document[], version: number): Document | Document[] {
  if (Array.isArray(one)) return [...(one as Document[]), { $set: { version } }]
  const { $set, ...operators } = one as Document
  return { ...operators, $set: { ...($set as Document | undefined), version } }
}

/** Inserts a document unless there is one. */
async function insert(
  collection: Collection<RandomDocument>,
  document: RandomDocument,
  options: ChangeContext['options'],
): Promise<void> {
  // In a transaction the error would end it.
  const isThere = options.session && (await collection.findOne({ _id: document._id }, options))
  if (isThere) return
  try {
    await collection.insertOne(document, options)
  } catch (error) {
    if (!(error instanceof MongoServerError) || error.code !== duplicateKey) throw error
  }
}
