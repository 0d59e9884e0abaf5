import path from 'node:path'
import type { Problem } from '@millrace/core/dialect'
import { checkJobs } from '../jobs/check-jobs.ts'
import type { ReadJob } from '../jobs/read-job.ts'
import { readJobs } from '../jobs/read-jobs.ts'
import { fitsSource, fitsTable, sourcesOf } from '../jobs/table-match.ts'
import type { Pipeline } from '../model/pipeline.ts'
import { HiddenValues } from './hidden-values.ts'
import {
  readConfig,
  type PipelineFolder,
  type ReadConfig,
  type ReadPipelineOptions,
} from './read-config.ts'
import { readSettings } from './read-settings.ts'

/** A pipeline, present when there is no error among the problems. */
export interface ReadPipeline {
  readonly pipeline?: Pipeline
  /** Everything found wrong: `config.yaml` first, then the jobs in the order of their names. */
  readonly problems: readonly Problem[]
}

/**
 * Reads an RDI folder: `config.yaml` and `jobs/*.yaml`, secrets filled in, jobs compared with the tables and with each
 * other. Opens no connection and compiles no expression. All problems come at once, each with its place; it throws for
 * none.
 */
export async function readPipeline(
  folder: string,
  options: ReadPipelineOptions,
): Promise<ReadPipeline> {
  const absolute = path.resolve(options.workingFolder ?? process.cwd(), folder)
  const place: PipelineFolder = { absolute, shown: folder }
  const config = await readConfig(place, options)
  if (!('settings' in config)) {
    // Jobs are still checked by themselves.
    const settings = readSettings(undefined, undefined)
    const jobs = await readJobs(place, {
      settings,
      targetNames: undefined,
      hiddenValues: new HiddenValues(),
    })
    return { problems: inOrder([...config.problems.problems, ...jobs.problems()]) }
  }
  const read = await readJobs(place, {
    settings: config.settings,
    targetNames: config.targetNames,
    hiddenValues: config.problems.hiddenValues,
  })
  const surroundings = { sources: config.outlines, isWhole: config.isWhole }
  checkJobs(read.jobs, surroundings)
  const areJobsRead = !read.problems().some(({ severity }) => severity === 'error')
  if (areJobsRead) checkDefaultTarget(config, read.jobs)
  const problems = inOrder([...config.problems.problems, ...read.problems()])
  if (problems.some(({ severity }) => severity === 'error')) return { problems }
  const pipeline: Pipeline = {
    folder: absolute,
    name: config.name ?? path.basename(absolute),
    sources: config.sources,
    targets: config.targets,
    jobs: read.jobs.map(({ job }) => job),
    settings: config.settings,
  }
  return { pipeline, problems }
}

/** Files in the order in which they come, and what is wrong with each from its beginning to its end. */
function inOrder(problems: readonly Problem[]): readonly Problem[] {
  const files = [...new Set(problems.map(({ file }) => file))]
  return problems.toSorted(
    (a, b) =>
      files.indexOf(a.file) - files.indexOf(b.file) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0),
  )
}

/** Tables without a job are written to the target called `target`. */
function checkDefaultTarget(
  { targetNames, outlines, problems, isWhole }: ReadConfig,
  jobs: readonly ReadJob[],
): void {
  if (!isWhole || targetNames.includes('target') || targetNames.length === 0) return
  const hint = 'Call one of the targets "target", or write a job with the table "*".'
  for (const source of outlines) {
    const matches = jobs
      .map(({ job }) => job.match)
      .filter((match) => sourcesOf(match, [source]).length > 0 && fitsSource(match, source))
    const tables = source.tables ?? [{ table: '' }]
    const without = tables.find(
      (table) => !matches.some((match) => fitsTable(match, source, table)),
    )
    if (without === undefined) continue
    const what = without.table === '' ? 'tables' : `the table "${without.table}"`
    const message = `there is no target "target", to which ${what} without a job would be written`
    problems.error(['targets'], { message, hint }, 'key')
    return
  }
}
