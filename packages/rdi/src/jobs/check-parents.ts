import { didYouMean, suggestKey, type ConfigPath } from '@millrace/core/dialect'
import { configFileName } from '../config/read-config.ts'
import type { SourceOutline } from '../config/read-source.ts'
import { listed } from './listed-names.ts'
import type { ReadJob } from './read-job.ts'
import { sourcesOf } from './table-match.ts'

/** Children are written under the key of their parent as the job spells it. */
export function checkParents({ job, problems }: ReadJob, sources: readonly SourceOutline[]): void {
  checkPlaces(job, problems, sources)
  const candidates = sourcesOf(job.match, sources)
  if (candidates.length === 0 || candidates.some(({ tables }) => tables === undefined)) return
  const names = candidates.flatMap(({ tables = [] }) => tables.map(({ table }) => table))
  for (const [index, { nest }] of job.outputs.entries()) {
    if (nest === undefined || names.includes(nest.parentTable)) continue
    const path = ['output', index, 'with', 'nest', 'parent', 'table']
    const isCase =
      suggestKey(nest.parentTable, names)?.toLowerCase() === nest.parentTable.toLowerCase()
    const hint = didYouMean(nest.parentTable, names) ?? `${configFileName} has ${listed(names)}.`
    if (isCase) {
      const message = `"${nest.parentTable}" is written in another case in ${configFileName}: keys must be the same`
      problems.warn(path, { message, hint })
    } else {
      problems.error(path, { message: `there is no table "${nest.parentTable}"`, hint })
    }
  }
}

/** `schema` and `server_name` of parents decide nothing: keys have neither. So they are compared with what there is. */
function checkPlaces(
  { match, outputs }: ReadJob['job'],
  problems: ReadJob['problems'],
  sources: readonly SourceOutline[],
): void {
  for (const [index, { nest }] of outputs.entries()) {
    if (nest === undefined) continue
    const { parentServerName: serverName, parentSchema } = nest
    const base = ['output', index, 'with', 'nest', 'parent']
    const named = { isCaseInsensitive: match.isCaseInsensitive, table: nest.parentTable }
    const parents = sourcesOf({ ...named, ...(serverName ? { serverName } : match) }, sources)
    if (serverName !== undefined && parents.length === 0) {
      const names = sources.flatMap(({ serverNames }) => serverNames)
      const hint = didYouMean(serverName, names) ?? `${configFileName} has ${names.join(', ')}.`
      const message = `there is no source "${serverName}" in ${configFileName}`
      problems.error([...base, 'server_name'], { message, hint })
    } else if (parentSchema !== undefined) {
      checkSchema({ ...named, parentSchema }, [...base, 'schema'], problems, parents)
    }
  }
}

function checkSchema(
  parent: { readonly parentSchema: string; readonly table: string },
  path: ConfigPath,
  problems: ReadJob['problems'],
  sources: readonly SourceOutline[],
): void {
  const { parentSchema, table } = parent
  const withSchemas = sources.filter(({ stepType }) => stepType === 'postgresql')
  if (withSchemas.length === 0) {
    if (sources.length > 0) problems.warn(path, 'has no effect: only PostgreSQL has schemas', 'key')
    return
  }
  const namespaces = withSchemas.flatMap((source) => namespacesOf(source, table))
  const isKnown = namespaces.length === 0 || namespaces.includes(parentSchema)
  if (isKnown) return
  const names = [...new Set(namespaces)]
  const hint = didYouMean(parentSchema, names) ?? `It is in ${names.join(', ')}.`
  problems.error(path, { message: `there is no table "${table}" in "${parentSchema}"`, hint })
}

/** Where a table of a source is, or may be; none where that is not known. */
function namespacesOf({ tables, namespaces }: SourceOutline, table: string): readonly string[] {
  if (tables === undefined) return namespaces
  return tables.flatMap((one) => (one.table === table ? (one.namespace ?? namespaces) : []))
}

/** Children find the document of their parent only where it is one, under the default key. */
export function checkParentJobs({ job, problems }: ReadJob, jobs: readonly ReadJob[]): void {
  for (const [index, { nest, connection }] of job.outputs.entries()) {
    const parent = jobs.find(
      (other) => other.job !== job && other.job.match.table === nest?.parentTable,
    )
    if (nest === undefined || parent === undefined) continue
    const isDocument = parent.job.outputs.some(
      (output) =>
        output.dataType === 'json' && output.key === undefined && output.connection === connection,
    )
    if (isDocument) continue
    const message = `${parent.job.file} writes no JSON document of "${nest.parentTable}" under the default key`
    const hint = 'Give it an output with data_type json, on_update merge and no key.'
    problems.warn(['output', index, 'with', 'nest', 'parent', 'table'], { message, hint })
  }
}
