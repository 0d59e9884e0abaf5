import type { ProblemList } from '../config/problem-list.ts'
import type { JobFileStep } from '../job/job-file.ts'
import { jobName } from '../job/job-name.ts'
import type { JobPlan } from '../job/job-plan.ts'
import {
  guarded,
  planStep,
  reportFindings,
  type CheckedStep,
  type PlanContext,
} from '../job/plan-step.ts'
import type { ReaderPlugin } from '../plugin/reader.ts'
import type { WriterPlugin } from '../plugin/writer.ts'
import type { PluginRegistry } from '../registry/plugin-registry.ts'
import type { DialectJob, DialectStep } from './dialect.ts'

/** Makes a plan of a job that a dialect has put together; `undefined` when something is wrong, which is reported. */
export async function planDialectJob(
  job: DialectJob,
  registry: PluginRegistry,
  problems: ProblemList,
): Promise<JobPlan | undefined> {
  const readerStep = fileStep('reader', job.reader)
  const writerStep = fileStep('writer', job.writer)
  const reader = await planStep('reader', readerStep, planContextOf(job.reader, registry, problems))
  const writer = await planStep('writer', writerStep, planContextOf(job.writer, registry, problems))
  if (reader === undefined || writer === undefined) return undefined
  const { concurrency } = job.settings
  reportFindings(
    guarded(readerStep, problems, [], () => reader.plugin.validate?.(reader.config, reader) ?? []),
    readerStep,
    reader.dropped,
    problems,
  )
  const validation = { readerColumns: undefined, concurrency }
  reportFindings(
    guarded(
      writerStep,
      problems,
      [],
      () => writer.plugin.validate?.(writer.config, validation) ?? [],
    ),
    writerStep,
    writer.dropped,
    problems,
  )
  if (problems.hasErrors) return undefined
  return {
    name: nameOf(job, reader, writer),
    file: job.file,
    reader,
    writer,
    transform: job.transform,
    settings: job.settings,
  }
}

/** A step of a dialect as one of a file. */
export function fileStep(kind: 'reader' | 'writer', step: DialectStep): JobFileStep {
  const { name, stepType, parameter, path } = step
  return { kind, name, stepType, parameter, path, stepTypePath: path, parameterPath: path }
}

/** What such a step is planned with. */
export function planContextOf(
  step: DialectStep,
  registry: PluginRegistry,
  problems: ProblemList,
): PlanContext {
  const catalog = {
    resolve: async ({ name }: { readonly name?: string | undefined }) =>
      step.dataSources.get(name ?? ''),
  }
  return { registry, problems, unnamed: [], catalog }
}

function nameOf(
  { name, isNameWhole }: DialectJob,
  reader: CheckedStep<ReaderPlugin>,
  writer: CheckedStep<WriterPlugin>,
): string {
  if (isNameWhole) return name
  const side = ({ stepType, dataSources }: CheckedStep<ReaderPlugin | WriterPlugin>) => ({
    stepType,
    dataSources,
    parameter: {},
  })
  return jobName(name.replaceAll('/', '-'), side(reader), side(writer))
}
