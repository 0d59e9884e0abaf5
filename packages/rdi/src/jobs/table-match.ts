import type { SourceOutline } from '../config/read-source.ts'
import type { PipelineTable } from '../model/pipeline.ts'
import type { TableMatch } from '../model/table-job.ts'

/** Whether two names are the same to a job. */
export function isSameName(a: string, b: string, isCaseInsensitive: boolean): boolean {
  return a === b || (isCaseInsensitive && a.toLowerCase() === b.toLowerCase())
}

/** The sources that `server_name` of a job means; all of them where it says nothing. */
export function sourcesOf<S extends Pick<SourceOutline, 'serverNames'>>(
  { serverName, isCaseInsensitive }: TableMatch,
  sources: readonly S[],
): readonly S[] {
  if (serverName === undefined) return sources
  return sources.filter(({ serverNames }) =>
    serverNames.some((name) => isSameName(name, serverName, isCaseInsensitive)),
  )
}

/** What a job says of the namespace of its table: `schema` for PostgreSQL, `db` for MySQL. */
export function namespaceOf(match: TableMatch, source: SourceOutline): string | undefined {
  return source.stepType === 'postgresql' ? match.schema : match.db
}

/**
 * Whether `db` and `schema` may mean something in a source: PostgreSQL has one database, MySQL has no schemas (one that is
 * named like the database is taken for it).
 */
export function fitsSource(match: TableMatch, source: SourceOutline): boolean {
  const same = (a: string, b: string): boolean => isSameName(a, b, match.isCaseInsensitive)
  if (source.stepType !== 'postgresql') return match.schema === undefined
  return match.db === undefined || source.database === undefined || same(match.db, source.database)
}

/** Whether a job is for a table of a source that fits it. */
export function fitsTable(
  match: TableMatch,
  source: SourceOutline,
  { namespace, table }: Pick<PipelineTable, 'namespace' | 'table'>,
): boolean {
  const wanted = namespaceOf(match, source)
  const same = (a: string, b: string): boolean => isSameName(a, b, match.isCaseInsensitive)
  const isThere = wanted === undefined || namespace === undefined || same(wanted, namespace)
  return isThere && (match.table === '*' || same(match.table, table))
}

/** Whether some table of the sources may be meant by both jobs. */
export function overlap(a: TableMatch, b: TableMatch, sources: readonly SourceOutline[]): boolean {
  const isInsensitive = a.isCaseInsensitive || b.isCaseInsensitive
  const same = (x: string | undefined, y: string | undefined): boolean =>
    x === undefined || y === undefined || isSameName(x, y, isInsensitive)
  if (!same(a.table, b.table) || (a.table === '*') !== (b.table === '*')) return false
  const common = sourcesOf(a, sources).filter((source) => sourcesOf(b, sources).includes(source))
  return common.some(
    (source) =>
      fitsSource(a, source) &&
      fitsSource(b, source) &&
      same(namespaceOf(a, source), namespaceOf(b, source)),
  )
}
