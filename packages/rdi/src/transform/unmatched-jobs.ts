import { nearestName } from '@millrace/core/dialect'
import { PluginError, type Logger } from '@millrace/core/plugin'
import type { TableSchema } from '@millrace/core/record'
import type { PipelineTable } from '../model/pipeline.ts'
import type { TableJob } from '../model/table-job.ts'
import type { RouteOptions } from './compile-routes.ts'
import { matchesSource, matchesTable, type MatchedSource } from './match-table.ts'

/** A source beside the one whose rows are moved. */
export interface OtherSource {
  readonly source: MatchedSource
  /** Absent: they are not known without asking it. */
  readonly tables?: readonly PipelineTable[]
}

const mostNames = 8

/**
 * Jobs with outputs to this target for which the source has no table, where `config.yaml` lists none to compare them with. Warns
 * of those that may be for a table of another source instead.
 */
export function unmatchedJobs(
  schemas: readonly TableSchema[],
  { jobs, connection, source, tables, otherSources = [] }: RouteOptions,
  logger: Logger,
): PluginError | undefined {
  if (tables !== undefined) return undefined
  const lines: string[] = []
  for (const job of jobs) {
    const { match, outputs } = job
    const isOurs = outputs.some((output) => output.connection === connection)
    if (!isOurs || match.table === '*' || !matchesSource(match, source)) continue
    if (schemas.some((schema) => matchesTable(match, schema, source))) continue
    const others = otherSources.filter((other) => matchesSource(match, other.source))
    if (others.some((other) => hasTable(job, other))) continue
    const line = lineOf(job, schemas, source)
    if (others.length === 0) lines.push(line)
    else logger.warn(`${line} (server_name says which source a job is for)`)
  }
  if (lines.length === 0) return undefined
  return new PluginError({
    code: 'CONFIG_INVALID',
    message: lines.join('\n'),
    hint: 'Correct the source of each job, or take away the file.',
  })
}

function hasTable({ match }: TableJob, { source, tables = [] }: OtherSource): boolean {
  return tables.some((table) => matchesTable(match, table, source))
}

function lineOf(
  { file, name, match }: TableJob,
  schemas: readonly TableSchema[],
  { serverNames, namespaceKind }: MatchedSource,
): string {
  const given = namespaceKind === 'schema' ? (match.schema ?? match.db) : (match.db ?? match.schema)
  const wanted = given === undefined ? match.table : `${given}.${match.table}`
  const place = `${file ?? name}: ${JSON.stringify(wanted)} matches no table`
  return `${place} of the source ${serverNames[0] ?? ''}; ${hintFor(match.table, schemas)}`
}

function hintFor(wanted: string, schemas: readonly TableSchema[]): string {
  const names = schemas.map(({ table }) => table)
  const nearest = nearestName(wanted, names)
  if (nearest === undefined) {
    const shown = names.length > mostNames ? [...names.slice(0, mostNames), '…'] : names
    return names.length === 0 ? 'it has none' : `it has ${shown.join(', ')}`
  }
  if (nearest !== wanted) return `did you mean ${JSON.stringify(nearest)}?`
  const places = schemas.flatMap(({ table, namespace }) => (table === nearest ? [namespace] : []))
  return `that table is in ${places.join(', ')}`
}
