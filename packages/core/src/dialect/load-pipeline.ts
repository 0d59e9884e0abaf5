import { existsSync, statSync } from 'node:fs'
import path from 'node:path'
import { flagProblem } from '../config/flag-problem.ts'
import type { Problem } from '../config/problem.ts'
import { jobNameProblem } from '../job/job-name.ts'
import { loadJob, type LoadJobOptions } from '../job/load-job.ts'
import type { Logger } from '../plugin/context.ts'
import { PluginRegistry } from '../registry/plugin-registry.ts'
import type { Dialect, DialectContext, LoadedPipeline } from './dialect.ts'
import { findDialect } from './find-dialect.ts'
import { openDialectWriter } from './open-dialect-writer.ts'
import { planDialectJob } from './plan-dialect-job.ts'

/** What a job file or a pipeline's folder is loaded with. */
export interface LoadPipelineOptions extends LoadJobOptions {
  readonly logger: Logger
  readonly signal: AbortSignal
}

/** The file that makes a folder a pipeline of Redis Data Integration. */
const rdiFile = 'config.yaml'

/** Whether a path is the folder of a pipeline. */
export function isPipelineFolder(file: string, workingFolder = process.cwd()): boolean {
  const absolute = path.resolve(workingFolder, file)
  return isFolder(absolute) && existsSync(path.join(absolute, rdiFile))
}

/**
 * Reads a job file into one plan, or the folder of a pipeline into one for each source and target. Opens no connection.
 * All problems come at once; it throws for none.
 */
export async function loadPipeline(
  file: string,
  options: LoadPipelineOptions,
): Promise<LoadedPipeline> {
  const workingFolder = options.workingFolder ?? process.cwd()
  if (!isPipelineFolder(file, workingFolder)) {
    const { plan, problems } = await loadJob(file, options)
    return { problems, ...(plan === undefined ? {} : { plans: [plan] }) }
  }
  const folder = path.resolve(workingFolder, file)
  const opened = await openDialect(folder, options)
  if ('problem' in opened) return { problems: [opened.problem] }
  const flagProblems = problemsOfFlags(options)
  if (flagProblems.length > 0) return { problems: flagProblems }
  const { name, concurrency } = options
  return await opened.dialect.load(
    {
      folder,
      shown: file,
      ...(name === undefined ? {} : { name }),
      ...(concurrency === undefined ? {} : { concurrency }),
    },
    opened.context,
  )
}

/** The dialect of a folder, with what it is given; or why there is none. */
export async function openDialect(
  folder: string,
  options: LoadPipelineOptions,
): Promise<
  { readonly dialect: Dialect; readonly context: DialectContext } | { readonly problem: Problem }
> {
  const folders = [folder, options.workingFolder ?? process.cwd(), ...options.searchFrom]
  const found = await findDialect('rdi', folders)
  if ('problem' in found) {
    const { problem: message, hint } = found
    return { problem: { severity: 'error', message, hint, file: folder } }
  }
  const registry = new PluginRegistry(folders)
  if (options.usePlugins) {
    for (const specifier of options.plugins) {
      const problem = await registry.add(specifier, folders[1] ?? folder)
      if (problem !== undefined)
        return { problem: flagProblem('--plugin', problem.problem, problem.hint) }
    }
  }
  const context: DialectContext = {
    environment: options.environment,
    logger: options.logger,
    signal: options.signal,
    plan: (job, problems) => planDialectJob(job, registry, problems),
    openWriter: (step) => openDialectWriter(step, registry, options),
  }
  return { dialect: found.dialect, context }
}

/** Flags of job files have no meaning for a pipeline; nothing is parsed and ignored. */
function problemsOfFlags(options: LoadPipelineOptions): readonly Problem[] {
  const problems: Problem[] = []
  const meaningless = 'has no effect on a pipeline'
  if (options.dataSourcesFile !== undefined)
    problems.push(flagProblem('--datasources', `${meaningless}: config.yaml has its connections`))
  if (Object.keys(options.parameters).length > 0)
    problems.push(flagProblem('--set', `${meaningless}: set the variables of the environment`))
  if (options.scheduledAt !== undefined)
    problems.push(flagProblem('--scheduled-at', `${meaningless}: its files have no dates to fill`))
  const wrongName = options.name === undefined ? undefined : jobNameProblem(options.name)
  if (wrongName !== undefined) problems.push(flagProblem('--name', wrongName))
  return problems
}

function isFolder(absolute: string): boolean {
  try {
    return statSync(absolute).isDirectory()
  } catch {
    return false
  }
}
