import { didYouMean } from '@millrace/core/dialect'
import type { SourceOutline } from '../config/read-source.ts'
import { configFileName } from '../config/read-config.ts'
import { checkParentJobs, checkParents } from './check-parents.ts'
import { listed } from './listed-names.ts'
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

function checkPair(first: ReadJob, second: ReadJob, sources: readonly SourceOutline[]): void {
  if (!overlap(first.job.match, second.job.match, sources)) return
  const { table } = second.job.match
  const what = table === '*' ? 'a second default job' : `a second job for the table "${table}"`
  const message = `is ${what}: the first is ${first.job.file}`
  const hint = 'Put both into one job, which may have several outputs.'
  second.problems.error(['source', 'table'], { message, hint })
}
