import type { PipelineSource, PipelineTable } from '../model/pipeline.ts'
import type { TableJob } from '../model/table-job.ts'
import type { CompiledRoutes } from '../transform/compile-routes.ts'
import { matchesSource } from '../transform/match-table.ts'
import { matchedSource } from './matched-source.ts'

/** What of a source is read for a target, as parameters of a SQL reader; `undefined`: nothing. */
export function readerParameter(
  source: PipelineSource,
  target: string,
  jobs: readonly TableJob[],
  routes: CompiledRoutes,
): Readonly<Record<string, unknown>> | undefined {
  const namespaces = namespacesOf(source)
  if (source.tables !== undefined) {
    const tables = source.tables
      .map((table) => ({ ...table, ...namespaceOf(table, namespaces) }))
      .filter((table) => routes.tableIsRouted(table))
    return tables.length === 0 ? undefined : { tables: tables.map(readerTable) }
  }
  const own = jobs.filter(
    ({ match }) => match.table !== '*' && matchesSource(match, matchedSource(source)),
  )
  const isWanted = ({ outputs }: TableJob) =>
    outputs.some(({ connection }) => connection === target)
  const wanted = own.filter(isWanted)
  // The reader says that it is not told where to look.
  if (namespaces.length === 0 && routes.tableIsRouted({ table: '' })) return { schemas: [] }
  // Where tables that no job names are read.
  const whole = namespaces.filter((namespace) => routes.tableIsRouted({ table: '', namespace }))
  if (whole.length === 0 && wanted.length === 0) return undefined
  const hasPlaces = namespaces.length <= 1 || wanted.every((job) => schemaOf(job, source))
  if (whole.length === 0 && hasPlaces) {
    return {
      tables: wanted.map((job) => ({
        schema: schemaOf(job, source) ?? namespaces[0],
        table: job.match.table,
      })),
    }
  }
  const others = whole.length === 0 ? [] : own.filter((job) => !isWanted(job))
  return {
    schemas: namespaces,
    ...(whole.length < namespaces.length && {
      onlyTables: [...whole.map((schema) => ({ schema })), ...patternsOf(wanted, source)],
    }),
    ...(others.length > 0 && { exceptTables: patternsOf(others, source) }),
  }
}

/**
 * How the changes of a source are followed, as parameters of its reader; nothing where the file does not say it.
 *
 * @param target - of several that the source is read for: each needs a slot of its own
 */
export function changesParameter(
  { stepType, advanced }: PipelineSource,
  target: string | undefined,
  routes: Pick<CompiledRoutes, 'takesChangedCells'>,
): Readonly<Record<string, unknown>> {
  const { slotName, publicationName, publicationMode } = advanced
  const suffix =
    target === undefined ? '' : `_${target.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_')}`
  if (stepType === 'mongodb') return documentsParameter(advanced, routes)
  const changes = {
    ...(slotName === undefined ? {} : { slotName: `${slotName}${suffix}` }),
    ...(publicationName === undefined ? {} : { publicationName }),
    ...(publicationMode === undefined ? {} : { publicationMode }),
  }
  return stepType !== 'postgresql' || Object.keys(changes).length === 0 ? {} : { changes }
}

/** Fields alone are asked for where the file says so and every target can do with them. */
function documentsParameter(
  { beforeImages, changedFields, fullDocument }: PipelineSource['advanced'],
  routes: Pick<CompiledRoutes, 'takesChangedCells'>,
) {
  const brought =
    fullDocument ?? (changedFields === true && routes.takesChangedCells() ? 'fields' : undefined)
  const changes = {
    ...(beforeImages === undefined ? {} : { beforeImages }),
    ...(brought === undefined ? {} : { fullDocument: brought }),
  }
  return Object.keys(changes).length === 0 ? {} : { changes }
}

/** Why whole documents are brought though the file asks for fields alone; `undefined`: they are not. */
export function wholeDocumentReason(
  { stepType, advanced }: PipelineSource,
  routes: Pick<CompiledRoutes, 'wholeRowJobs'>,
): string | undefined {
  if (stepType !== 'mongodb' || advanced.changedFields !== true) return undefined
  if (advanced.fullDocument !== undefined) return 'capture.mode.full.update.type asks for them'
  const [job] = routes.wholeRowJobs()
  if (job === undefined) return undefined
  const subject = job.file ?? 'what is done with collections without a job'
  return `${subject} makes more of a document than the fields of a plain hash or JSON document`
}

/** The namespace that a job names, as the reader calls it. */
function schemaOf({ match }: TableJob, { stepType }: PipelineSource): string | undefined {
  return stepType === 'postgresql' ? match.schema : match.db
}

function patternsOf(jobs: readonly TableJob[], source: PipelineSource) {
  return jobs.map((job) => {
    const schema = schemaOf(job, source)
    const { table, isCaseInsensitive } = job.match
    return {
      ...(schema === undefined ? {} : { schema }),
      table,
      ...(isCaseInsensitive ? {} : { matchesCase: true }),
    }
  })
}

function readerTable(one: PipelineTable) {
  const { namespace, table, columns, excludedColumns, keys, snapshotSql } = one
  return {
    ...(namespace === undefined ? {} : { schema: namespace }),
    table,
    ...(columns === undefined ? {} : { columns }),
    ...(excludedColumns === undefined ? {} : { excludeColumns: excludedColumns }),
    ...(keys === undefined ? {} : { keys }),
    ...(snapshotSql === undefined ? {} : { sql: snapshotSql }),
  }
}

function namespaceOf({ namespace }: PipelineTable, [only, ...others]: readonly string[]) {
  if (namespace !== undefined || only === undefined || others.length > 0) return {}
  return { namespace: only }
}

function namespacesOf({ namespaces, dataSource, stepType }: PipelineSource): readonly string[] {
  if (namespaces.length > 0) return namespaces
  if (stepType === 'postgresql') return ['public']
  return dataSource.database === undefined ? [] : [dataSource.database]
}
