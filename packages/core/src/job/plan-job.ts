import path from 'node:path'
import { flagProblem } from '../config/flag-problem.ts'
import { valueAt } from '../config/config-path.ts'
import type { ConfigDocument } from '../config/config-document.ts'
import type { ProblemList } from '../config/problem-list.ts'
import type { DataSourceCatalog } from '../data-source/data-source-catalog.ts'
import { PluginRegistry } from '../registry/plugin-registry.ts'
import { dxTransform } from '../transform/index.ts'
import type { JobFile, JobFileStep } from './job-file.ts'
import { jobName } from './job-name.ts'
import type { JobPlan, JobSettings, PlannedStep } from './job-plan.ts'
import type { LoadJobOptions } from './load-job.ts'
import {
  guarded,
  planStep,
  reportFindings,
  type CheckedStep,
  type PlanContext,
} from './plan-step.ts'

/** What a job is planned with. */
export interface PlanJobContext {
  readonly document: ConfigDocument
  readonly problems: ProblemList
  readonly catalog: DataSourceCatalog
  readonly options: LoadJobOptions
  readonly absolute: string
  readonly workingFolder: string
}

/**
 * Turns a job file into a plan: loads its plugins, validates both steps, resolves their data sources and asks the plugins
 * what they find wrong. Reports everything; `undefined` when there is not enough for a plan.
 */
export async function planJob(job: JobFile, context: PlanJobContext): Promise<JobPlan | undefined> {
  const { options, problems } = context
  const registry = await openRegistry(job, context)
  const planContext: PlanContext = { registry, catalog: context.catalog, problems, unnamed: [] }
  const reader = job.reader && (await planStep('reader', job.reader, planContext))
  const writer = job.writer && (await planStep('writer', job.writer, planContext))
  const settings = withConcurrency(job.settings, options.concurrency)
  const concurrency = settings?.concurrency ?? options.concurrency ?? 1
  validateSteps(job, reader, writer, concurrency, problems)
  reportUnnamed(planContext)
  if (reader === undefined || writer === undefined || settings === undefined) return undefined
  if (reader.dropped.size > 0 || writer.dropped.size > 0) return undefined
  const side = (step: JobFileStep | undefined, planned: typeof reader | typeof writer) => ({
    stepType: planned.plugin.stepType,
    dataSources: planned.dataSources,
    parameter: valueAt(context.document.value, step?.parameterPath ?? []),
  })
  return {
    name:
      options.name ?? jobName(context.absolute, side(job.reader, reader), side(job.writer, writer)),
    file: context.absolute,
    reader: withoutChecks(reader),
    writer: withoutChecks(writer),
    transform: dxTransform(job.transforms),
    settings,
  }
}

function withoutChecks<P>({ dropped: _dropped, ...step }: CheckedStep<P>): PlannedStep<P> {
  return step
}

type PlannedReader = Awaited<ReturnType<typeof planStep<'reader'>>>
type PlannedWriter = Awaited<ReturnType<typeof planStep<'writer'>>>

/** Asks both plugins what can be known to be wrong without a network. */
function validateSteps(
  job: JobFile,
  reader: PlannedReader,
  writer: PlannedWriter,
  concurrency: number,
  problems: ProblemList,
): void {
  let readerColumns: readonly string[] | undefined
  if (job.reader !== undefined && reader !== undefined) {
    const { plugin, config, dataSources } = reader
    reportFindings(
      guarded(job.reader, problems, [], () => plugin.validate?.(config, { dataSources }) ?? []),
      job.reader,
      reader.dropped,
      problems,
    )
    // Without all parameters the reader may tell wrong columns.
    if (reader.dropped.size === 0) {
      readerColumns = guarded(job.reader, problems, undefined, () => plugin.columnNames?.(config))
    }
    checkTransforms(job, readerColumns, problems)
  }
  if (job.writer !== undefined && writer !== undefined) {
    const { plugin, config } = writer
    const validation = { readerColumns, concurrency }
    reportFindings(
      guarded(job.writer, problems, [], () => plugin.validate?.(config, validation) ?? []),
      job.writer,
      writer.dropped,
      problems,
    )
  }
}

/** Plugins mostly find a missing data source themselves; none may slip through. */
function reportUnnamed({ unnamed, problems }: PlanContext): void {
  for (const place of unnamed) {
    if (problems.hasErrorAt(place)) continue
    const hint = 'Name one of the data source file, or give a URL.'
    problems.error(place, { message: 'no data source is named', hint })
  }
}

async function openRegistry(job: JobFile, context: PlanJobContext): Promise<PluginRegistry> {
  const { options, problems, workingFolder } = context
  const jobFolder = path.dirname(context.absolute)
  const registry = new PluginRegistry([jobFolder, workingFolder, ...options.searchFrom])
  if (!options.usePlugins) {
    for (const name of job.plugins) {
      problems.warn(name.path ?? [], 'is not loaded because of --no-plugins')
    }
    return registry
  }
  for (const name of job.plugins) {
    const problem = await registry.add(name.specifier, jobFolder)
    if (problem === undefined) continue
    problems.error(name.path ?? [], { message: problem.problem, hint: problem.hint })
  }
  for (const specifier of options.plugins) {
    const problem = await registry.add(specifier, workingFolder)
    if (problem !== undefined)
      problems.append([flagProblem('--plugin', problem.problem, problem.hint)])
  }
  return registry
}

function checkTransforms(
  job: JobFile,
  columns: readonly string[] | undefined,
  problems: ProblemList,
): void {
  if (columns === undefined) return
  for (const transform of job.transforms) {
    if (transform.columnIndex < columns.length) continue
    const message = `there is no column ${transform.columnIndex}: the reader has ${columns.length}, counted from 0`
    problems.error(transform.columnPath, message)
  }
}

function withConcurrency(
  settings: JobSettings | undefined,
  concurrency: number | undefined,
): JobSettings | undefined {
  return settings === undefined || concurrency === undefined
    ? settings
    : { ...settings, concurrency }
}
