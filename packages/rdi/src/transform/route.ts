import type { PipelineSettings } from '../model/pipeline.ts'
import type { TableJob } from '../model/table-job.ts'
import type { WriterOutput } from '../model/writer-output.ts'
import { planOutputs, type OutputPlan } from './output-plan.ts'

/** A job as far as it concerns one target. */
export interface Route {
  /** Of the writer's `outputs`. */
  readonly name: string
  readonly job: TableJob
  readonly plan: OutputPlan
}

/** The target of jobs that name none. */
const defaultConnection = 'target'

/** What is done with tables for which there is no job: all columns, under the default key. */
export function builtInJob(settings: PipelineSettings): TableJob {
  return {
    name: 'default',
    match: { table: '*', isCaseInsensitive: true },
    rowFormat: 'partial',
    blocks: [],
    outputs: [
      {
        connection: defaultConnection,
        dataType: settings.targetDataType,
        arguments: {},
        onUpdate: settings.jsonUpdateStrategy,
      },
    ],
  }
}

/** The part of a job that goes to one target; `undefined` where none of it does. */
export function routeOf(
  job: TableJob,
  connection: string,
  settings: PipelineSettings,
  name = job.name,
): Route | undefined {
  if (!job.outputs.some((output) => output.connection === connection)) return undefined
  return { name, job, plan: planOutputs(job, connection, settings) }
}

/**
 * Whether changes of a route may come without the cells that did not change: into hashes and JSON documents, whose other fields
 * stay as they are, with nothing computed of a row, and none that expires and would come back in part.
 */
export function takesChangedCells({ job: { blocks, outputs }, plan }: Route): boolean {
  const isPlain = ({ dataType, key, nest, expire }: TableJob['outputs'][number]) =>
    (dataType === 'hash' || dataType === 'json') &&
    key === undefined &&
    nest === undefined &&
    expire === undefined
  return blocks.length === 0 && plan.columns.length === 0 && outputs.every(isPlain)
}

/** The writer's `outputs` of some routes. */
export function outputsOf(
  routes: Iterable<Route>,
): Readonly<Record<string, readonly WriterOutput[]>> {
  return Object.fromEntries([...routes].map(({ name, plan }) => [name, plan.outputs]))
}
