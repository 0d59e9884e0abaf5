import { PluginError } from '@millrace/core/plugin'
import type { TableSchema } from '@millrace/core/record'
import { nearestName } from '@millrace/core/sql'
import type { WrittenCollection } from '../config/mongodb-config.ts'
import { errorCode, sourceFaultOf, statementError } from '../connection/source-error.ts'
import type { SourceClient } from '../connection/source-client.ts'
import { fieldOf, type DocumentColumn } from '../types/column-form.ts'

/** A collection of the job, found at the server. */
export interface SourceCollection {
  readonly database: string
  readonly name: string
  /** For people, and in splits. */
  readonly label: string
  readonly columns: readonly DocumentColumn[]
  readonly schema: TableSchema
  /** Views and time series have no order to go on in: their `_id` may be missing, or there twice. */
  readonly hasIdOrder: boolean
  /** `collection`, `view`, `timeseries`. */
  readonly kind: string
}

/**
 * Looks for a collection at the server, without reading documents.
 *
 * @throws PluginError SOURCE_OBJECT_MISSING, SOURCE_NOT_PERMITTED, SOURCE_UNREACHABLE
 */
export async function findCollection(
  source: SourceClient,
  { name, columns, database: own }: WrittenCollection,
  defaultDatabase: string,
  signal: AbortSignal,
): Promise<SourceCollection> {
  const database = own ?? defaultDatabase
  const label = own === undefined ? name : `${own}.${name}`
  const doing = `describing collection ${label}`
  const [found] = await listCollections(source, { database, name, doing }, signal)
  if (found === undefined) throw await missing(source, { database, name, doing }, signal)
  const hasIdOrder = found.kind === 'collection'
  const idColumn = columns.findIndex((column) => column.name === '_id' && column.form === 'text')
  return {
    database,
    name,
    label,
    columns,
    schema: {
      table: name,
      ...(own === undefined ? {} : { namespace: own }),
      version: 1,
      fields: columns.map(fieldOf),
      key: hasIdOrder && idColumn >= 0 ? [idColumn] : [],
    },
    hasIdOrder,
    kind: found.kind,
  }
}

interface ListedCollection {
  readonly name: string
  readonly kind: string
}

interface Listing {
  readonly database: string
  /** Absent: all. */
  readonly name?: string
  readonly doing: string
}

/** What a user may see without any right to list: their own collections. */
async function listCollections(
  source: SourceClient,
  { database, name, doing }: Listing,
  signal: AbortSignal,
): Promise<readonly ListedCollection[]> {
  const filter = name === undefined ? {} : { filter: { name } }
  try {
    const cursor = source.client
      .db(database)
      .listCollections(filter.filter ?? {}, { nameOnly: true, authorizedCollections: true, signal })
    const listed = await cursor.toArray()
    return listed.map(({ name: one, type = 'collection' }) => ({ name: one, kind: type }))
  } catch (error) {
    signal.throwIfAborted()
    const isRefused = sourceFaultOf(error).code === errorCode.unauthorized
    const hint = isRefused
      ? `Grant the user the role "read" on the database ${database}, and name in authDb the one in which the user was made.`
      : undefined
    throw statementError(doing, error, hint)
  }
}

async function missing(
  source: SourceClient,
  { database, name = '', doing }: Listing,
  signal: AbortSignal,
): Promise<PluginError> {
  const listed = await listCollections(source, { database, doing }, signal)
  const names = listed.map((one) => one.name).toSorted()
  const nearest = nearestName(name, names)
  const found =
    names.length === 0
      ? `the database ${database} has no collections, or the user may read none`
      : `the database ${database} has no collection ${JSON.stringify(name)}, or the user may not read it`
  const hint =
    names.length === 0
      ? 'Check the database of the data source.'
      : nearest === undefined
        ? `The collections are ${shownNames(names)}.`
        : `Did you mean ${nearest}?`
  return new PluginError({ code: 'SOURCE_OBJECT_MISSING', message: `${doing}: ${found}`, hint })
}

const maxShownNames = 20

function shownNames(names: readonly string[]): string {
  const shown = names.slice(0, maxShownNames).join(', ')
  return names.length > maxShownNames ? `${shown}, …` : shown
}
