import { Long } from 'bson'
import { isAllowed } from '../auth/users.ts'
import { documentCursor } from '../cursors/cursor.ts'
import { encodeDocument, isDocument, type BsonDocument } from '../documents/bson-document.ts'
import { compileFilter } from '../query/filter.ts'
import { namespaceText, type Namespace } from '../storage/catalog.ts'
import type { Collection } from '../storage/collection.ts'
import { CommandError } from './command-error.ts'
import { namespaceOf, type CommandContext, type CursorResult } from './command.ts'
import { firstBatch } from './find.ts'

const allAtOnce = { maxDocuments: Infinity, single: true, time: undefined }

/** Makes a collection. */
export function create(context: CommandContext): BsonDocument {
  const { server, command } = context
  const namespace = namespaceOf(context)
  const collection = server.store.catalog.create(namespace)
  const { viewOn, pipeline } = command
  if (typeof viewOn === 'string') {
    collection.view = { on: viewOn, pipeline }
    return {}
  }
  setImages(collection, command)
  server.store.define('create', namespace, collection.uuid, { details: { idIndex: { v: 2 } } })
  return {}
}

/** Changes the options of a collection. */
export function collMod(context: CommandContext): BsonDocument {
  const { server, command } = context
  const namespace = namespaceOf(context)
  const collection = existing(context, namespace)
  setImages(collection, command)
  server.store.define('modify', namespace, collection.uuid, { details: {} })
  return {}
}

/** Drops a collection; since MongoDB 7.0 it is no error when there is none. */
export function drop(context: CommandContext): BsonDocument {
  const { server } = context
  const namespace = namespaceOf(context)
  const collection = server.store.catalog.find(namespace)
  if (collection === undefined) return { ns: namespaceText(namespace) }
  server.store.catalog.drop(namespace)
  server.store.define('drop', namespace, collection.uuid)
  return { ns: namespaceText(namespace), nIndexesWas: collection.indexes.length }
}

/** Drops all collections of a database, then the database. */
export function dropDatabase({ server, database }: CommandContext): BsonDocument {
  const collections = server.store.catalog.collections(database)
  for (const [name, collection] of collections) {
    server.store.catalog.drop({ database, collection: name })
    server.store.define('drop', { database, collection: name }, collection.uuid)
  }
  if (collections.length > 0)
    server.store.define('dropDatabase', { database, collection: '$cmd' }, undefined)
  return { dropped: database }
}

/** Gives a collection another name. */
export function renameCollection({ server, command }: CommandContext): BsonDocument {
  const from = namespaceFrom(command['renameCollection'])
  const to = namespaceFrom(command['to'])
  const { catalog } = server.store
  const collection = catalog.find(from)
  if (collection === undefined)
    throw new CommandError(
      'NamespaceNotFound',
      `Source collection ${namespaceText(from)} does not exist`,
    )
  const target = catalog.find(to)
  if (target !== undefined && command['dropTarget'] !== true)
    throw new CommandError('NamespaceExists', 'target namespace exists')
  if (target !== undefined) {
    catalog.drop(to)
    server.store.define('drop', to, target.uuid)
  }
  catalog.rename(from, to)
  server.store.define('rename', from, collection.uuid, { to })
  return {}
}

/** @returns the collections of a database */
export function listCollections(context: CommandContext): Promise<CursorResult> {
  const { server, database, command } = context
  const test = compileFilter(isDocument(command['filter']) ? command['filter'] : {})
  const documents = server.store.catalog
    .collections(database)
    .map(([name, collection]) => described(name, collection, command['nameOnly'] === true))
    .filter(test)
    .map(encodeDocument)
  const cursor = documentCursor(`${database}.$cmd.listCollections`, documents.values())
  return firstBatch(context, cursor, allAtOnce)
}

/** @returns the databases that have a collection and that the user may read */
export function listDatabases({ server, command, connection }: CommandContext): BsonDocument {
  const { catalog } = server.store
  const names = [...new Set([...catalog.databases(), 'admin', 'config', 'local'])]
    .filter(
      (database) =>
        !server.users.required || isAllowed(connection.user, { kind: 'read', database }),
    )
    .sort()
  const databases = names.map((name) => {
    const sizes = catalog.collections(name).map(([, { bytes }]) => bytes)
    const sizeOnDisk = sizes.reduce((sum, bytes) => sum + bytes, 0)
    return { name, sizeOnDisk: Long.fromNumber(sizeOnDisk), empty: sizeOnDisk === 0 }
  })
  if (command['nameOnly'] === true) return { databases: databases.map(({ name }) => ({ name })) }
  return { databases }
}

/** Makes indexes, which are only remembered. */
export function createIndexes(context: CommandContext): BsonDocument {
  const { server, command } = context
  const namespace = namespaceOf(context)
  const { catalog } = server.store
  const found = catalog.find(namespace)
  const collection = found ?? catalog.create(namespace)
  const numIndexesBefore = collection.indexes.length
  for (const index of command['indexes'] as { key: BsonDocument; name: string }[])
    if (!collection.indexes.some(({ name }) => name === index.name)) collection.indexes.push(index)
  const details = { indexes: command['indexes'] }
  server.store.define('createIndexes', namespace, collection.uuid, { details })
  return {
    numIndexesBefore,
    numIndexesAfter: collection.indexes.length,
    createdCollectionAutomatically: found === undefined,
  }
}

/** @returns the indexes of a collection */
export function listIndexes(context: CommandContext): Promise<CursorResult> {
  const namespace = namespaceOf(context)
  const { indexes } = existing(context, namespace)
  const documents = indexes.map((index) => encodeDocument({ v: 2, ...index }))
  return firstBatch(
    context,
    documentCursor(namespaceText(namespace), documents.values()),
    allAtOnce,
  )
}

/** @returns how much a collection holds */
export function collStats(context: CommandContext): BsonDocument {
  const namespace = namespaceOf(context)
  const { count, bytes, indexes } = context.server.store.catalog.read(namespace)
  return {
    ns: namespaceText(namespace),
    count,
    size: Long.fromNumber(bytes),
    storageSize: Long.fromNumber(bytes),
    avgObjSize: count === 0 ? 0 : Math.floor(bytes / count),
    nindexes: indexes.length,
    capped: false,
  }
}

function setImages(collection: Collection, command: BsonDocument): void {
  const images = command['changeStreamPreAndPostImages']
  if (isDocument(images)) collection.keepsImages = images['enabled'] === true
}

function existing({ server }: CommandContext, namespace: Namespace): Collection {
  const collection = server.store.catalog.find(namespace)
  if (collection !== undefined) return collection
  throw new CommandError('NamespaceNotFound', `ns does not exist: ${namespaceText(namespace)}`)
}

function described(name: string, collection: Collection, nameOnly: boolean): BsonDocument {
  const type = collection.view === undefined ? 'collection' : 'view'
  if (nameOnly) return { name, type }
  return {
    name,
    type,
    options: collection.keepsImages ? { changeStreamPreAndPostImages: { enabled: true } } : {},
    info: { readOnly: false, uuid: collection.uuid },
    idIndex: { v: 2, key: { _id: 1 }, name: '_id_' },
  }
}

/**
 * @param text `database.collection`
 * @returns its parts
 */
export function namespaceFrom(text: unknown): Namespace {
  const [database = '', ...collection] = String(text).split('.')
  return { database, collection: collection.join('.') }
}
