import {
  readerCases,
  runReaderCases,
  sampleDataset,
  type Dataset,
  type ReaderHarness,
  type ReaderSource,
} from '@millrace/testkit'
import { afterAll, describe, test } from 'vitest'
import { mongodbReader } from '../src/index.ts'
import { holdDataset } from './conformance-source.ts'
import { documentForm, DocumentCollections } from './documents-source.ts'
import { TestDatabase } from './test-source.ts'

const secret = 'tiger-lily-47'
const database = await TestDatabase.create()
await database.db.command({ ping: 1 })
const { isTestServer, isDocumentDb } = database
const ownConnections = isTestServer ? database.control.connections() : 0

afterAll(async () => database[Symbol.asyncDispose]())

/** Connections of the reader: all but those of the test itself. */
const openConnections = isTestServer
  ? () => database.control.connections() - ownConnections
  : undefined

const holdColumns = (dataset: Dataset, parameters = {}) =>
  holdDataset(database, dataset, openConnections, parameters)

const nativeTypes = {
  bool: 'bool',
  int32: 'int',
  int64: 'long',
  decimal: 'decimal',
  float: 'double',
  floatSpecial: 'double',
  string: 'string',
  bytes: 'bytes',
  timestamptz: 'date',
  timestamptzMilliseconds: 'date',
  uuid: 'uuid',
}

/** A source whose server is told to fail. */
async function faulty(
  making: Promise<ReaderSource>,
  mode: object,
  fault: Record<string, unknown>,
): Promise<ReaderSource> {
  const source = await making
  database.control.configureFailPoint(mode, fault)
  return {
    ...source,
    [Symbol.asyncDispose]: async () => {
      database.control.configureFailPoint('off', {})
      await source[Symbol.asyncDispose]()
    },
  }
}

const silence = { blockConnection: true, blockTimeMS: 60_000 }
const silentRead = { failCommands: ['find'], ...silence }
const silentMore = { failCommands: ['getMore'], ...silence }
const failingMore = { failCommands: ['getMore'], errorCode: 8 }

const isReal = 'a real server cannot be told to'
const lacksOfRealServer = {
  blockedSource: isReal,
  pausingSource: isReal,
  failingSource: isReal,
  forgetChanges: isReal,
  openConnections: 'the server counts those of others, too',
  ...(isDocumentDb ? { rowsProduced: 'what DocumentDB gives out is not counted' } : {}),
}

/** A server of its own, on which users have to log in. */
async function guardedSource(
  configOf: (place: { readonly schema: string; readonly table: string }) => object,
  user: 'owner' | 'nobody_here',
): Promise<ReaderSource> {
  const users = [{ name: 'owner', password: secret, roles: [{ role: 'root', db: 'admin' }] }]
  const guarded = await TestDatabase.onTestServer({ users })
  const table = await guarded.hold([{ _id: 1 }])
  const own = guarded.control.connections()
  return {
    config: { datasource: 'test', ...configOf({ schema: guarded.name, table }) },
    dataSources: [guarded.dataSource({ user, password: secret })],
    openConnections: () => guarded.control.connections() - own,
    [Symbol.asyncDispose]: () => guarded[Symbol.asyncDispose](),
  }
}

async function unreachableSource(making: Promise<ReaderSource>): Promise<ReaderSource> {
  const dataSource = database.dataSource({
    hosts: [{ host: '127.0.0.1', port: 1 }],
    user: 'app',
    password: secret,
    properties: { connectTimeout: '500' },
  })
  return { ...(await making), dataSources: [dataSource] }
}

describe('the MongoDB reader of columns', () => {
  const rightConfig = { datasource: 'test', collectionName: 'people', column: ['_id'] }
  /** Documents that come one by one. */
  const single = () => holdColumns(sampleDataset(3), { batchSize: 1 })
  /** Of checking, planning, and looking whether fields should be left out; the next one is that of the read. */
  const findsBeforeRead = 3
  const faults = {
    blockedSource: () => faulty(single(), { skip: findsBeforeRead, times: 1 }, silentRead),
    pausingSource: () => faulty(single(), { times: 1 }, silentMore),
    failingSource: () => faulty(single(), { times: 1 }, failingMore),
  }
  const ofColumns = ({ table }: { readonly table: string }) => ({
    collectionName: table,
    column: ['_id'],
  })
  runReaderCases(
    {
      // Changes are those of whole documents.
      plugin: {
        ...mongodbReader,
        capabilities: { ...mongodbReader.capabilities, follow: false },
      },
      hold: holdColumns,
      nativeTypes,
      wrongConfigs: [
        { ...rightConfig, column: { a: 1 } },
        { ...rightConfig, batchSize: 'many' },
        { ...rightConfig, column: [{ type: 'string' }] },
      ],
      rightConfig,
      ...(isTestServer ? faults : {}),
      accepted: { secret, source: () => guardedSource(ofColumns, 'owner') },
      refused: { secret, source: () => guardedSource(ofColumns, 'nobody_here') },
      unreachable: { secret, source: () => unreachableSource(holdColumns(sampleDataset(3))) },
      lacks: {
        holdTables: 'a job that names columns reads one collection',
        ...(isTestServer ? {} : lacksOfRealServer),
      },
    },
    { test },
  )
})

const ofDocuments = (place: object) => ({ tables: [place] })

/** A harness of whole documents; updates bring them as they have left them, or as they are when the server looks. */
function documentsHarness(fullDocument: 'post_image' | 'lookup'): ReaderHarness {
  const collections = new DocumentCollections(database, { openConnections, fullDocument })
  const rightConfig = { datasource: 'test', tables: [{ schema: 'shop', table: 'people' }] }
  const hold = (rowCount: number) => collections.hold(sampleDataset(rowCount))
  /** More than come in one reply. */
  const manyRows = 5500
  /** Of taking the snapshot; the next one is that of the read. */
  const findsBeforeRead = 1
  const faults = {
    blockedSource: () => faulty(hold(3), { skip: findsBeforeRead, times: 1 }, silentRead),
    pausingSource: () => faulty(hold(manyRows), { times: 1 }, silentMore),
    failingSource: () => faulty(hold(3), { times: 1 }, failingMore),
  }
  return {
    plugin: mongodbReader,
    hold: (dataset) => collections.hold(dataset),
    holdTables: (datasets) => collections.holdTables(datasets),
    holdFollowed: (datasets) => collections.holdFollowed(datasets),
    documents: { ...documentForm, updatesAreLookedUp: fullDocument === 'lookup' },
    nativeTypes: { ...nativeTypes, json: 'json' },
    wrongConfigs: [
      { ...rightConfig, tables: 'people' },
      { ...rightConfig, changes: { fullDocument: 'sometimes' } },
      { ...rightConfig, extendedJson: 'plain' },
    ],
    rightConfig,
    ...(isTestServer ? faults : {}),
    accepted: { secret, source: () => guardedSource(ofDocuments, 'owner') },
    refused: { secret, source: () => guardedSource(ofDocuments, 'nobody_here') },
    unreachable: { secret, source: () => unreachableSource(hold(3)) },
    lacks: isTestServer ? {} : lacksOfRealServer,
  }
}

/** DocumentDB has no change streams. */
const describeDocuments = describe.skipIf(isDocumentDb)

describeDocuments('the MongoDB reader of documents as changes have left them', () => {
  runReaderCases(documentsHarness('post_image'), { test })
})

describeDocuments('the MongoDB reader of documents that are looked up', () => {
  const harness = documentsHarness('lookup')
  const { plugin } = harness
  const capabilities = { ...plugin.capabilities, follow: false }
  const standing = { ...harness, plugin: { ...plugin, capabilities } }
  for (const one of readerCases) {
    const name = `${one.promise}: ${one.name}`
    const reason = one.skipReason(harness)
    // Nothing else is read in another way.
    if (reason !== undefined || one.skipReason(standing) === undefined) continue
    test(name, () => one.run(harness), 120_000)
  }
})
