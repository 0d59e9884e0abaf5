import type { ConfigPath, DataSourceFields, Environment, ProblemList } from '@millrace/core/dialect'
import type { PipelineSource } from '../model/pipeline.ts'
import { readConnection, type ConnectionContext } from './read-target.ts'
import type { SourceEntry } from './source-schema.ts'
import { readSourceSettings } from './source-settings.ts'
import { readScope, readTables, type TableContext } from './source-tables.ts'
import { readSourceTls } from './source-tls.ts'

/** What sources are read with. */
export interface SourceContext extends ConnectionContext, TableContext {
  readonly environment: Environment
}

/** What is known of a source without its connection: what jobs are compared with. */
export type SourceOutline = Omit<PipelineSource, 'dataSource'> & {
  /** `connection.database`, which `db` of a job means for PostgreSQL. */
  readonly database?: string
}

/** Reads one entry of `sources` but for its connection. */
export function outlineSource(
  id: string,
  entry: SourceEntry,
  context: SourceContext,
): SourceOutline {
  const base: ConfigPath = ['sources', id]
  const given = entry.advanced?.source ?? {}
  const scope = readScope(entry, base, context.problems)
  const tables = readTables(entry, scope, base, context)
  const prefix = String(given['topic.prefix'] ?? '').trim()
  const { type, database } = entry.connection
  return {
    id,
    stepType: type === 'postgresql' || type === 'mongodb' ? type : 'mysql',
    serverNames: prefix === '' || prefix === id ? [id] : [id, prefix],
    namespaces: scope.namespaces,
    ...(tables === undefined ? {} : { tables }),
    advanced: readSourceSettings(given, [...base, 'advanced', 'source'], context.problems),
    ...(database === undefined || type === 'mongodb' ? {} : { database }),
  }
}

/** A source with its connection; `undefined` when errors were reported. */
export async function readSource(
  { database: _database, ...outline }: SourceOutline,
  entry: SourceEntry,
  extension: DataSourceFields | undefined,
  context: SourceContext,
): Promise<PipelineSource | undefined> {
  const path: ConfigPath = ['sources', outline.id]
  const { tls, tlsPaths } = readSourceTls(entry, path, context.environment, context.problems)
  const { connection_string: url, database: named, ...connection } = entry.connection
  const isMongodb = connection.type === 'mongodb'
  checkAddress(entry, [...path, 'connection'], context.problems)
  const database = named ?? (entry.databases?.length === 1 ? entry.databases[0] : undefined)
  const fields: DataSourceFields = {
    ...connection,
    // Of MongoDB it is where users log in, which the URL says.
    ...(database === undefined || isMongodb ? {} : { database }),
    ...(url === undefined || !isMongodb ? {} : { url }),
    ...(tls === undefined ? {} : { tls }),
  }
  const dataSource = await readConnection(
    outline.id,
    { fields, base: [...path, 'connection'], tlsPaths },
    path,
    { ...context, extension },
  )
  return dataSource === undefined ? undefined : { ...outline, dataSource }
}

/** MongoDB is reached by a URL, all others by host and port. */
function checkAddress({ connection }: SourceEntry, base: ConfigPath, problems: ProblemList): void {
  const { type, connection_string: url, host, port } = connection
  if (type !== 'mongodb') {
    const hint = 'Name the server in "host" and "port".'
    if (url !== undefined)
      problems.error(
        [...base, 'connection_string'],
        { message: `does not go with ${type}`, hint },
        'key',
      )
    return
  }
  if (url === undefined && host === undefined) {
    const hint = 'Write it as connection_string: "mongodb://host:27017/?replicaSet=rs0".'
    problems.error([...base, 'connection_string'], { message: 'is missing: expected a URL', hint })
    return
  }
  const hint = 'Keep one of the two.'
  for (const [key, value] of Object.entries({ host, port }))
    if (url !== undefined && value !== undefined)
      problems.error([...base, key], { message: 'stands beside "connection_string"', hint }, 'key')
}
