import { randomBytes } from 'node:crypto'
import type { ClientSession } from 'mongodb'
import { jsonNull, type Cell, type Field } from '@millrace/core/record'
import type {
  Dataset,
  DocumentForm,
  FollowedSource,
  ReaderSource,
  SourceChange,
} from '@millrace/testkit'
import { columnTypeOf, valueOf } from './conformance-source.ts'
import type { TestDatabase } from './test-source.ts'

/** How documents come back: what `README.md` says of columns, for the values that the suite puts in. */
export const documentForm: DocumentForm = {
  id: '_id',
  cellOf(cell: Cell, field: Field): Cell {
    if (cell === null || cell === undefined) return jsonNull
    if (cell instanceof Uint8Array) return Buffer.from(cell).toString('base64')
    const text = String(cell)
    switch (columnTypeOf(field)) {
      case 'int':
      case 'long':
        return Number.isSafeInteger(Number(text)) ? Number(text) : Buffer.from(text)
      case 'double':
        return Number(text)
      case 'date':
        return `${text.replace(' ', 'T')}Z`
      case 'json':
        return text.startsWith('"')
          ? text.slice(1, -1)
          : Buffer.from(text.replaceAll(/(?<=[:,]) /g, ''))
      default:
        return cell
    }
  },
}

/** A collection that holds a dataset. */
interface HeldCollection {
  readonly database: string
  readonly name: string
  readonly fields: Field[]
  readonly key: readonly number[]
}

type Document = Readonly<Record<string, unknown>>

function documentOf({ fields, key }: HeldCollection, row: readonly Cell[]): Document {
  return Object.fromEntries(
    row.map((cell, at) => {
      const field = fields[at] as Field
      return [key.includes(at) ? '_id' : field.name, valueOf(cell, columnTypeOf(field))]
    }),
  )
}

/** How collections are read. */
export interface DocumentCollectionsOptions {
  readonly openConnections: (() => number) | undefined
  /** `post_image`: collections keep what their documents were and became. */
  readonly fullDocument: 'post_image' | 'lookup'
}

/** Collections of datasets whose documents are read as a whole. */
export class DocumentCollections {
  readonly #database: TestDatabase
  readonly #options: DocumentCollectionsOptions

  constructor(database: TestDatabase, options: DocumentCollectionsOptions) {
    this.#database = database
    this.#options = options
  }

  /** A collection of one dataset. */
  async hold({ schema, rows }: Dataset): Promise<ReaderSource> {
    const dataset = {
      schema: { ...schema, table: `people_${randomBytes(6).toString('hex')}` },
      rows,
    }
    const held = await this.#create(this.#database.name, dataset)
    return {
      ...this.#sourceOf([held]),
      [Symbol.asyncDispose]: async () => {
        await this.#database.db.dropCollection(held.name)
      },
    }
  }

  /** Collections of several datasets, in databases of their own. */
  async holdTables(datasets: readonly Dataset[]): Promise<ReaderSource> {
    return this.#sourceOf(await this.#createAll(datasets))
  }

  /** The same, with what changes them. */
  async holdFollowed(datasets: readonly Dataset[]): Promise<FollowedSource> {
    const all = await this.#createAll(datasets)
    const at = (table: number) => all[table] as HeldCollection
    return {
      ...this.#sourceOf(all),
      commit: (changes) =>
        this.#transaction(all, changes, (session) => session.commitTransaction()),
      rollBack: (changes) =>
        this.#transaction(all, changes, (session) => session.abortTransaction()),
      // MongoDB has no other way to empty a collection at once.
      truncate: async (table) => {
        const { database, name } = at(table)
        await this.#database.client.db(database).dropCollection(name)
        await this.#createCollection(database, name)
      },
      addColumn: async (table, name) => {
        at(table).fields.push({ name, type: 'string', nullable: true, nativeType: 'string' })
      },
      forgetChanges: async () => this.#database.control.forgetHistory(),
    }
  }

  #sourceOf(all: readonly HeldCollection[]): ReaderSource {
    const { openConnections, fullDocument } = this.#options
    return {
      config: {
        datasource: 'test',
        tables: all.map(({ database, name }) => ({ schema: database, table: name })),
        changes: { fullDocument },
      },
      dataSources: [this.#database.dataSource()],
      rowsProduced: () => this.#database.documentsReturned(),
      ...(openConnections === undefined ? {} : { openConnections }),
      [Symbol.asyncDispose]: async () => {
        for (const database of new Set(all.map((one) => one.database)))
          await this.#database.client.db(database).dropDatabase()
      },
    }
  }

  async #createAll(datasets: readonly Dataset[]): Promise<readonly HeldCollection[]> {
    const suffix = randomBytes(6).toString('hex')
    const all: HeldCollection[] = []
    for (const dataset of datasets)
      all.push(await this.#create(`${dataset.schema.namespace}_${suffix}`, dataset))
    return all
  }

  async #create(database: string, { schema, rows }: Dataset): Promise<HeldCollection> {
    const { table: name, fields, key } = schema
    const held: HeldCollection = { database, name, fields: [...fields], key }
    const collection = await this.#createCollection(database, name)
    const documents = rows.map((row) => documentOf(held, row))
    if (documents.length > 0) await collection.insertMany(documents)
    return held
  }

  async #createCollection(database: string, name: string) {
    const enabled = this.#options.fullDocument === 'post_image'
    return await this.#database.client
      .db(database)
      .createCollection(name, { changeStreamPreAndPostImages: { enabled } })
  }

  async #transaction(
    all: readonly HeldCollection[],
    changes: readonly SourceChange[],
    end: (session: ClientSession) => Promise<unknown>,
  ): Promise<void> {
    await this.#database.client.withSession(async (session) => {
      session.startTransaction()
      for (const change of changes) await this.#change(all, change, session)
      await end(session)
    })
  }

  async #change(
    all: readonly HeldCollection[],
    { table, operation, row }: SourceChange,
    session: ClientSession,
  ): Promise<void> {
    const held = all[table] as HeldCollection
    const { _id: id, ...others } = documentOf(held, row)
    const key = { _id: id as never }
    const collection = this.#database.client.db(held.database).collection(held.name)
    if (operation === 'c') await collection.insertOne({ ...key, ...others }, { session })
    else if (operation === 'u') await collection.updateOne(key, { $set: others }, { session })
    else await collection.deleteOne(key, { session })
  }
}
