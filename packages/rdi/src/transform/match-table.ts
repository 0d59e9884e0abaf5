import type { TableJob, TableMatch } from '../model/table-job.ts'

/** A source as jobs name it. */
export interface MatchedSource {
  readonly serverNames: readonly string[]
  /** What `TableSchema.namespace` is: a schema (PostgreSQL) or a database (MySQL, MongoDB). */
  readonly namespaceKind: 'schema' | 'db'
  /** The database of the connection, where tables stand in schemas of it. */
  readonly database?: string
}

/** A table as jobs name it. */
export interface MatchedTable {
  readonly table: string
  readonly namespace?: string
}

/** Whether a job is for this source at all, whatever its tables. */
export function matchesSource(
  { serverName, isCaseInsensitive }: TableMatch,
  { serverNames }: MatchedSource,
): boolean {
  return (
    serverName === undefined ||
    serverNames.some((name) => isSame(serverName, name, isCaseInsensitive))
  )
}

/**
 * Whether a job is for this table; `*` is for every table. What is not known of the table (its namespace where the source has
 * only one, the name of the database) is taken to be what the job says.
 */
export function matchesTable(
  match: TableMatch,
  { table, namespace }: MatchedTable,
  source: MatchedSource,
): boolean {
  const { schema, db, isCaseInsensitive } = match
  const isNamed = (wanted: string | undefined, found: string | undefined) =>
    wanted === undefined || found === undefined || isSame(wanted, found, isCaseInsensitive)
  const isSchemaKind = source.namespaceKind === 'schema'
  if (!isSchemaKind && schema !== undefined) return false
  return (
    matchesSource(match, source) &&
    (match.table === '*' || isSame(match.table, table, isCaseInsensitive)) &&
    isNamed(schema, namespace) &&
    isNamed(db, isSchemaKind ? source.database : namespace)
  )
}

/** The jobs for a table: its own, or else those for every table. More than one is a mistake of the pipeline. */
export function jobsOf(
  table: MatchedTable,
  jobs: readonly TableJob[],
  source: MatchedSource,
): readonly TableJob[] {
  const matching = jobs.filter(({ match }) => matchesTable(match, table, source))
  const own = matching.filter(({ match }) => match.table !== '*')
  return own.length > 0 ? own : matching
}

function isSame(wanted: string, found: string, isCaseInsensitive: boolean): boolean {
  return isCaseInsensitive ? wanted.toLowerCase() === found.toLowerCase() : wanted === found
}
