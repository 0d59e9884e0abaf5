import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { flagProblem } from '../config/flag-problem.ts'
import { parseConfig } from '../config/parse-config.ts'
import type { Problem } from '../config/problem.ts'
import { ProblemList } from '../config/problem-list.ts'
import { readTextFile } from '../config/read-text-file.ts'
import { didYouMean } from '../config/suggest-key.ts'
import { DataSourceCatalog } from '../data-source/data-source-catalog.ts'
import { jobNameProblem } from './job-name.ts'
import type { JobPlan } from './job-plan.ts'
import { planJob } from './plan-job.ts'
import { readJobFile } from './read-job-file.ts'

/** What a job is loaded with: flags of the command line and its surroundings. */
export interface LoadJobOptions {
  /** `--datasources`. */
  readonly dataSourcesFile?: string
  /** `--set`, by name. */
  readonly parameters: Readonly<Record<string, string>>
  /** `--scheduled-at`; dates of parameters are computed from it. Default: now. */
  readonly scheduledAt?: Date
  /** `--name`. */
  readonly name?: string
  /** `--concurrent`; takes the place of the file's. */
  readonly concurrency?: number
  /** `--plugin`: modules with plugins; paths are relative to the working directory. */
  readonly plugins: readonly string[]
  /** False (`--no-plugins`): no module that the job or `--plugin` names is loaded. */
  readonly usePlugins: boolean
  /** Folders to look for plugins in, after the job's and the working directory: the command's own place. */
  readonly searchFrom: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Placeholders without a value stay as they are. Default false. */
  readonly allowUnresolved?: boolean
  /** Default: the process's. */
  readonly workingFolder?: string
}

/** A plan, present when there is no error among the problems. */
export interface LoadedJob {
  readonly plan?: JobPlan
  /** Everything found wrong, in the order of the files. */
  readonly problems: readonly Problem[]
}

/**
 * Reads a job file into a plan: parses it, fills its parameters, loads its plugins, validates their parameters and
 * resolves its data sources. Opens no connection. All problems come at once, each with its place; it throws for none.
 */
export async function loadJob(file: string, options: LoadJobOptions): Promise<LoadedJob> {
  const workingFolder = options.workingFolder ?? process.cwd()
  const absolute = path.resolve(workingFolder, file)
  const folder = folderProblem(absolute, file)
  if (folder !== undefined) return { problems: [folder] }
  const read = await readTextFile(absolute, file)
  if ('problem' in read) return { problems: [withNearestFile(read.problem, absolute)] }
  const document = await parseConfig(read.text, file)
  const problems = new ProblemList(document)
  problems.append(document.problems)
  if (document.value === undefined) return { problems: problems.problems }
  checkFlags(options, problems)
  const { scheduledAt = new Date() } = options
  const parameters = {
    given: options.parameters,
    // An invalid date is reported with the flags; the rest of the file is still looked at.
    scheduledAt: Number.isNaN(scheduledAt.getTime()) ? new Date(0) : scheduledAt,
    allowUnresolved: options.allowUnresolved === true,
  }
  const job = await readJobFile(document, parameters, problems)
  const catalog = new DataSourceCatalog({
    file: options.dataSourcesFile,
    jobFolder: path.dirname(absolute),
    workingFolder,
    environment: options.environment,
  })
  const plan =
    job === undefined
      ? undefined
      : await planJob(job, { document, problems, catalog, options, absolute, workingFolder })
  problems.append(catalog.problems)
  const sorted = inOrder(problems.problems, file)
  return plan === undefined || problems.hasErrors
    ? { problems: sorted }
    : { plan, problems: sorted }
}

function checkFlags(options: LoadJobOptions, problems: ProblemList): void {
  const { name, concurrency, scheduledAt } = options
  const wrongName = name === undefined ? undefined : jobNameProblem(name)
  if (wrongName !== undefined) problems.append([flagProblem('--name', wrongName)])
  if (concurrency !== undefined && !(Number.isInteger(concurrency) && concurrency >= 1)) {
    const message = `expected an integer of at least 1, found ${concurrency}`
    problems.append([flagProblem('--concurrent', message)])
  }
  if (Number.isNaN(scheduledAt?.getTime())) {
    problems.append([flagProblem('--scheduled-at', 'expected a date and time in ISO 8601')])
  }
}

function folderProblem(absolute: string, file: string): Problem | undefined {
  if (!isFolder(absolute)) return undefined
  return { severity: 'error', file, ...folderText(absolute) }
}

/** A folder with some of what a pipeline has was meant to be one. */
function folderText(absolute: string): { readonly message: string; readonly hint: string } {
  const message = 'expected the folder of a pipeline, found one without config.yaml'
  const has = (name: string) => existsSync(path.join(absolute, name))
  if (has('config.yml')) return { message, hint: 'Rename its config.yml to config.yaml.' }
  if (has('jobs')) {
    const hint =
      'Beside jobs there has to be a config.yaml with the source and the target; millrace init writes one.'
    return { message, hint }
  }
  const hint = 'Name the .json, .jsonc or .yaml file in it.'
  return { message: 'expected a job file, found a folder', hint }
}

function isFolder(absolute: string): boolean {
  try {
    return statSync(absolute).isDirectory()
  } catch {
    return false
  }
}

/** Adds the file of the same folder whose name is nearest, when there is no such file. */
function withNearestFile(problem: Problem, absolute: string): Problem {
  if (existsSync(absolute)) return problem
  let names: readonly string[] = []
  try {
    names = readdirSync(path.dirname(absolute))
  } catch {
    // The folder is not there either, or may not be read.
  }
  const files = names.filter((name) => /\.(?:jsonc?|ya?ml)$/i.test(name))
  const hint = didYouMean(path.basename(absolute), files)
  return hint === undefined ? problem : { ...problem, hint }
}

/** The job's own problems by line, those of other files after them. */
function inOrder(problems: readonly Problem[], jobFile: string): readonly Problem[] {
  const rank = (problem: Problem): number => (problem.file === jobFile ? 0 : 1)
  return [...problems].sort(
    (a, b) =>
      rank(a) - rank(b) ||
      (a.file === b.file ? (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0) : 0),
  )
}
