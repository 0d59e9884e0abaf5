import { setTimeout as sleep } from 'node:timers/promises'
import { Decimal128, MongoError, type ClientSession, type Collection, type Document } from 'mongodb'
import type { MongoDatabase } from './mongo-database.ts'
import {
  collectionNames,
  documentOf,
  fieldNames,
  idOf,
  mongoCollections,
  type CollectionName,
  type WorkDocument,
} from './mongo-documents.ts'
import { seededRandom } from './seeded-random.ts'

export interface MongoWorkloadOptions {
  readonly seed: number
  readonly changesPerSecond: number
  readonly durationMs: number
  readonly signal: AbortSignal
}

/** What was written, roughly; what happened in which order, the server alone knows. */
export interface MongoWorkloadSummary {
  changes: number
  commits: number
  conflicts: number
}

/** Writes mixed changes at a steady rate: single ones, and transactions. */
export async function runMongoWorkload(
  source: MongoDatabase,
  { seed, changesPerSecond, durationMs, signal }: MongoWorkloadOptions,
): Promise<MongoWorkloadSummary> {
  const summary = { changes: 0, commits: 0, conflicts: 0 }
  const startedMs = performance.now()
  const isOver = () => performance.now() - startedMs >= durationMs || signal.aborted
  const writers = Array.from({ length: 3 }, async (_, index) => {
    const writer = new MongoWriter(source, index, seededRandom(seed + index))
    while (!isOver()) {
      if (summary.changes > (changesPerSecond * (performance.now() - startedMs)) / 1000)
        await sleep(5)
      else await writer.write(summary)
    }
  })
  await Promise.all(writers)
  return summary
}

class MongoWriter {
  readonly #source: MongoDatabase
  readonly #random: () => number
  #version: number

  constructor(source: MongoDatabase, index: number, random: () => number) {
    this.#source = source
    this.#random = random
    this.#version = (index + 1) * 1_000_000
  }

  async write(summary: MongoWorkloadSummary): Promise<void> {
    try {
      const changes = await (this.#random() < 0.5 ? this.#change(undefined) : this.#transaction())
      summary.changes += changes
      summary.commits += 1
    } catch (error) {
      // Another writer was in the way, or the connection was cut: what became of it the log tells.
      if (!(error instanceof MongoError)) throw error
      summary.conflicts += 1
    }
  }

  async #transaction(): Promise<number> {
    await using session = this.#source.client.startSession()
    session.startTransaction()
    try {
      const size = this.#random() < 0.98 ? this.#between(1, 6) : this.#between(100, 400)
      let changes = 0
      for (let count = 0; count < size; count += 1) changes += await this.#change(session)
      if (this.#random() < 0.06) {
        await session.abortTransaction()
        return 0
      }
      await session.commitTransaction()
      return changes
    } catch (error) {
      if (session.inTransaction()) await session.abortTransaction().catch(() => {})
      throw error
    }
  }

  async #change(session: ClientSession | undefined): Promise<number> {
    const options = session === undefined ? {} : { session }
    const name = collectionNames[this.#between(0, 3)] as CollectionName
    const collection = this.#source.db.collection<WorkDocument>(name)
    const number = this.#between(1, Math.ceil(mongoCollections[name] * 1.2))
    const id = idOf(name, number)
    const choice = this.#random()
    const version = this.#nextVersion()
    if (choice < 0.12) return (await collection.deleteOne({ _id: id }, options)).deletedCount
    if (choice < 0.3)
      return await this.#insert(
        collection,
        documentOf(name, number, version, this.#random),
        options,
      )
    if (choice < 0.4 && name !== 'seat') {
      const { _id, ...rest } = documentOf(name, number, version, this.#random)
      return (await collection.replaceOne({ _id }, rest as WorkDocument, options)).modifiedCount
    }
    if (choice < 0.5 && name === 'seat') return await this.#swapSeats(collection, number, session)
    if (choice < 0.55 && name === 'tag')
      return await this.#reinsert(
        collection,
        documentOf(name, number, version, this.#random),
        options,
      )
    const update = this.#update(name, version)
    return (await collection.updateOne({ _id: id }, update, options)).modifiedCount
  }

  async #insert(
    collection: Collection<WorkDocument>,
    document: WorkDocument,
    options: { session?: ClientSession },
  ): Promise<number> {
    // An error would end a transaction: it is looked first whether there is one.
    if ((await collection.findOne({ _id: document._id }, options)) !== null) return 0
    await collection.insertOne(document, options)
    return 1
  }

  /** A document goes and comes back. */
  async #reinsert(
    collection: Collection<WorkDocument>,
    document: WorkDocument,
    options: { session?: ClientSession },
  ): Promise<number> {
    const { deletedCount } = await collection.deleteOne({ _id: document._id }, options)
    return deletedCount + (await this.#insert(collection, document, options))
  }

  async #swapSeats(
    collection: Collection<WorkDocument>,
    id: number,
    session: ClientSession | undefined,
  ): Promise<number> {
    if (session === undefined) {
      const seat = 20_000_000 + this.#version
      const $set = { seat, version: this.#nextVersion() }
      return (await collection.updateOne({ _id: id }, { $set })).modifiedCount
    }
    const other = this.#between(1, mongoCollections.seat)
    const one = await collection.findOne({ _id: id }, { session })
    const two = await collection.findOne({ _id: other }, { session })
    if (one === null || two === null || other === id) return 0
    for (const [_id, seat] of [
      [id, two['seat']],
      [other, one['seat']],
    ] as const)
      await collection.updateOne(
        { _id },
        { $set: { seat, version: this.#nextVersion() } },
        { session },
      )
    return 2
  }

  #update(name: CollectionName, version: number): Document {
    const any = this.#between(1, 1_000_000)
    switch (name) {
      case 'customer': {
        const note = any % 4 === 0 ? null : `updated ${any}`
        return { $set: { version, note, balance: Decimal128.fromString(`${any}.25`) } }
      }
      case 'profile': {
        const field = fieldNames[any % fieldNames.length] as string
        if (any % 3 === 0) return { $set: { version }, $unset: { [field]: 1 } }
        if (any % 3 === 1) return { $set: { version, 'address.no': any, [field]: any } }
        return { $set: { version, tags: [`t${any}`] }, $unset: { 'address.city': 1 } }
      }
      case 'seat':
        return { $set: { version, holder: `updated ${any}` } }
      case 'tag':
        return { $set: { version, label: `label ${any % 20}`, owner: `owner ${any % 50}` } }
    }
  }

  #nextVersion(): number {
    this.#version += 1
    return this.#version
  }

  #between(min: number, max: number): number {
    return min + Math.floor(this.#random() * (max - min + 1))
  }
}
