import { didYouMean, suggestKey } from '@millrace/core/dialect'
import type { SourceOutline } from '../config/read-source.ts'
import { configFileName } from '../config/read-config.ts'
import type { ReadJob } from './read-job.ts'
import { fitsSource, fitsTable, isSameName, overlap, sourcesOf } from './table-match.ts'

/** What jobs are compared with. */
export interface JobSurroundings {
  readonly sources: readonly SourceOutline[]
  /** False: some sources could not be read, so that a table may well be among theirs. */
  readonly isWhole: boolean
}

/** Compares all jobs with the tables of `config.yaml` and with each other; reports in the files of the jobs. */
export function checkJobs(jobs: readonly ReadJob[], { sources, isWhole }: JobSurroundings): void {
  const comparable = jobs.filter(({ hasMatch }) => hasMatch)
  for (const [index, job] of comparable.entries()) {
    const isKnown = !isWhole || checkServer(job, sources)
    if (isKnown && isWhole) checkTable(job, sources)
    for (const other of comparable.slice(0, index)) checkPair(other, job, sources)
    checkParents(job, sources)
    checkParentJobs(job, comparable)
  }
}

function checkServer({ job, problems }: ReadJob, sources: readonly SourceOutline[]): boolean {
  const { serverName } = job.match
  if (serverName === undefined || sourcesOf(job.match, sources).length > 0) return true
  const names = sources.flatMap(({ serverNames }) => serverNames)
  const hint = didYouMean(serverName, names) ?? `${configFileName} has ${names.join(', ')}.`
  const message = `there is no source "${serverName}" in ${configFileName}`
  problems.error(['source', 'server_name'], { message, hint })
  return false
}

function checkTable({ job, problems }: ReadJob, sources: readonly SourceOutline[]): void {
  const { match } = job
  const candidates = sourcesOf(match, sources)
  const fitting = candidates.filter((source) => fitsSource(match, source))
  if (fitting.length === 0) {
    const [first] = candidates
    if (first !== undefined) reportDatabase(job, first, problems)
    return
  }
  const isFound = fitting.some(
    (source) =>
      source.tables === undefined || source.tables.some((table) => fitsTable(match, source, table)),
  )
  if (!isFound && !isNamespaceWrong({ job, problems }, fitting)) reportTable(job, fitting, problems)
}

type Reported = Pick<ReadJob, 'job' | 'problems'>

function reportDatabase(
  { match }: ReadJob['job'],
  source: SourceOutline,
  problems: ReadJob['problems'],
): void {
  if (source.stepType !== 'postgresql') {
    const message = 'MySQL has databases and no schemas'
    problems.error(['source', 'schema'], { message, hint: 'Did you mean "db"?' }, 'key')
    return
  }
  const database = source.database ?? ''
  const hint = didYouMean(match.db ?? '', [database]) ?? `It is "${database}".`
  const message = `"${match.db}" is not the database of ${configFileName}`
  problems.error(['source', 'db'], { message, hint })
}

/** Whether the table would be found but for `schema` or `db`, which is then reported. */
function isNamespaceWrong({ job, problems }: Reported, sources: readonly SourceOutline[]): boolean {
  const { schema: _schema, db: _db, ...rest } = job.match
  const found = sources.flatMap((source) =>
    (source.tables ?? []).filter((table) => fitsTable(rest, source, table)),
  )
  const isPostgres = sources.some(({ stepType }) => stepType === 'postgresql')
  const key = isPostgres ? 'schema' : 'db'
  const given = isPostgres ? job.match.schema : job.match.db
  if (found.length === 0 || given === undefined) return false
  const names = [...new Set(found.flatMap(({ namespace }) => namespace ?? []))]
  const hint = didYouMean(given, names) ?? `It is in ${names.join(', ')}.`
  const message = `there is no table "${job.match.table}" in "${given}" in ${configFileName}`
  problems.error(['source', key], { message, hint })
  return true
}

function reportTable(
  { match }: ReadJob['job'],
  sources: readonly SourceOutline[],
  problems: ReadJob['problems'],
): void {
  const names = sources.flatMap(({ tables = [] }) => tables.map(({ table }) => table))
  // A name that holds the schema, too, is a common mistake.
  const full = sources.flatMap(({ tables = [] }) =>
    tables.map(({ namespace, table }) => [`${namespace ?? ''}.${table}`, table] as const),
  )
  const whole = full.find(([name]) => isSameName(name, match.table, true))
  const hint =
    whole === undefined
      ? (didYouMean(match.table, names) ?? `${configFileName} has ${listed(names)}.`)
      : `Did you mean ${JSON.stringify(whole[1])}?`
  const message = `matches no table of ${configFileName}`
  problems.error(['source', 'table'], { message: `"${match.table}" ${message}`, hint })
}

function listed(names: readonly string[]): string {
  return names.length > 8 ? `${names.slice(0, 8).join(', ')}, …` : names.join(', ')
}

function checkPair(first: ReadJob, second: ReadJob, sources: readonly SourceOutline[]): void {
  if (!overlap(first.job.match, second.job.match, sources)) return
  const { table } = second.job.match
  const what = table === '*' ? 'a second default job' : `a second job for the table "${table}"`
  const message = `is ${what}: the first is ${first.job.file}`
  const hint = 'Put both into one job, which may have several outputs.'
  second.problems.error(['source', 'table'], { message, hint })
}

/** Children are written under the key of their parent as the job spells it. */
function checkParents({ job, problems }: ReadJob, sources: readonly SourceOutline[]): void {
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

/** Children find the document of their parent only where it is one, under the default key. */
function checkParentJobs({ job, problems }: ReadJob, jobs: readonly ReadJob[]): void {
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
