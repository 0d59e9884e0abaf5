import { randomBytes } from 'node:crypto'
import type { DataSource, ReaderSession, Split } from '@millrace/core/plugin'
import type { RecordBatch, TableSchema } from '@millrace/core/record'
import {
  startMongoTestServer,
  type MongoTestServer,
  type MongoTestServerOptions,
} from '@millrace/mongo-test-server'
import { batchesOf, type Following } from '@millrace/reader-tests'
import { MongoClient, type Db } from 'mongodb'
import { DocumentsSession } from '../src/changes/documents-session.ts'
import { pipelineConfigOf } from '../src/config/pipeline-config.ts'
import { dataSourceAt } from './test-source.ts'

export {
  begin,
  changesBetween,
  changesUntilNow,
  followOptions,
  never,
  type Following,
} from '@millrace/reader-tests'

/** A database of a replica set, with a client. */
export interface FollowedDatabase extends AsyncDisposable {
  readonly url: string
  readonly client: MongoClient
  readonly db: Db
}

/** One on a test server of its own, which can be told to fail. */
export interface FollowedServer extends FollowedDatabase {
  readonly server: MongoTestServer
}

/** Makes a database on the server that the environment names; dropped on dispose. */
export async function makeFollowedDatabase(): Promise<FollowedDatabase> {
  const url = process.env['MILLRACE_TEST_MONGODB_URL']
  if (url === undefined)
    throw new Error('MILLRACE_TEST_MONGODB_URL is not set: no server to test against')
  const client = await new MongoClient(url).connect()
  const db = client.db(`millrace_${randomBytes(6).toString('hex')}`)
  return {
    url,
    client,
    db,
    async [Symbol.asyncDispose]() {
      await db.dropDatabase()
      await client.close()
    },
  }
}

export async function startFollowedServer(
  options: MongoTestServerOptions = {},
  auth?: { readonly username: string; readonly password: string },
): Promise<FollowedServer> {
  const server = await startMongoTestServer(options)
  const client = await new MongoClient(server.url, auth ? { auth } : {}).connect()
  return {
    server,
    url: server.url,
    client,
    db: client.db('shop'),
    async [Symbol.asyncDispose]() {
      await client.close(true)
      await server.close()
    },
  }
}

/** A reader of a job that follows changes of some collections of the database. */
export function openFollower(
  { url, db }: Pick<FollowedDatabase, 'url' | 'db'>,
  collections: readonly (string | object)[],
  {
    parameters = {},
    warnings = [],
    fields = {},
    follows = true,
  }: {
    parameters?: object
    warnings?: string[]
    fields?: Partial<DataSource>
    follows?: boolean
  } = {},
): Following {
  const tables = collections.map((one) =>
    typeof one === 'string'
      ? { schema: db.databaseName, table: one }
      : { schema: db.databaseName, ...one },
  )
  const config = pipelineConfigOf({ tables, ...parameters } as never)
  if (config === undefined) throw new Error('no collection is named')
  const dataSource: DataSource = { ...dataSourceAt(url), ...fields }
  return new DocumentsSession(config, {
    step: 'Reader',
    logger: { debug() {}, info() {}, warn: (message) => void warnings.push(message) },
    timeZone: 'UTC',
    concurrency: 2,
    dataSources: [dataSource],
    follows,
  })
}

/** A row by the names of its columns; what a document does not have is left out. */
export type ShownRow = Readonly<Record<string, unknown>>

export function shownRow({ fields }: TableSchema, row: readonly unknown[]): ShownRow {
  return Object.fromEntries(
    fields.flatMap(({ name }, at) =>
      row[at] === null || row[at] === undefined ? [] : [[name, shown(row[at])]],
    ),
  )
}

function shown(cell: unknown): unknown {
  return cell instanceof Uint8Array ? { json: Buffer.from(cell).toString() } : cell
}

/** The changes of batches: operation, row, row before; a truncate is `t` with the collection. */
export function shownChanges(batches: readonly RecordBatch[]): unknown[] {
  return batches.flatMap(({ schema, rows, changes, isTruncate }): unknown[] =>
    isTruncate === true
      ? [['t', schema.table]]
      : rows.map((row, at) => {
          const before = changes?.before[at]
          const change = [changes?.operations[at], shownRow(schema, row)]
          return before ? [...change, shownRow(schema, before)] : change
        }),
  )
}

/** All rows of splits. */
export async function rowsOf(
  session: ReaderSession,
  splits: readonly Split[],
): Promise<ShownRow[]> {
  const rows: ShownRow[] = []
  for (const split of splits)
    for (const batch of await batchesOf(session, split, { positions: true }))
      rows.push(...batch.rows.map((row) => shownRow(batch.schema, row)))
  return rows
}
