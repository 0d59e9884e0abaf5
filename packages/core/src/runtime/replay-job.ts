import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import type { JobPlan } from '../job/job-plan.ts'
import { defineReader } from '../plugin/define.ts'
import type { TableSchema } from '../record/table-schema.ts'
import { DirtyFileReader } from './dirty-file-reader.ts'
import { jobHeaderOf } from './job-header.ts'
import type { JobReport } from './job-report.ts'
import { contextOf, reportFindings } from './open-job.ts'
import { runJob, type RunJobOptions } from './run-job.ts'

export interface ReplayJobOptions extends Omit<RunJobOptions, 'resume'> {
  /** Replays every line again, also those that were replayed before. */
  readonly restart?: boolean
}

/**
 * Sends the rows of a dirty file again through the transformers and the writer of the job they come from. The lines that
 * are done stand in a checkpoint of its own, so that a replay that was interrupted, or one of a file that has grown, goes on
 * behind them. Rows that are still refused go to a dirty file of the replay.
 *
 * @throws PluginError for a source that cannot be asked for its columns; what happens to the rows is in the report
 */
export async function replayJob(
  plan: JobPlan,
  dirtyFile: string,
  options: ReplayJobOptions,
): Promise<JobReport> {
  const file = resolve(dirtyFile)
  const name = `${plan.name}.replay`
  const read = await describeSource(plan, options)
  const { timeZone } = plan.settings
  const { logger, signal } = options
  await using transforms = await plan.transform.compile(read, { timeZone, logger, signal })
  const transformed = read.map((schema) => transforms.outputOf(schema))
  const earlier = await earlierReplay({ ...plan, name }, options)
  const isUnfinished = earlier?.state === 'running'
  const behindLine = options.restart === true ? 0 : (earlier?.lastLine ?? 0)
  const plugin = dirtyFilePlugin(() => new DirtyFileReader({ file, behindLine, read, transformed }))
  const replay: JobPlan = {
    ...plan,
    name,
    reader: {
      name: 'dirty file',
      stepType: 'dirty-file',
      plugin,
      origin: file,
      config: { file },
      dataSources: [],
    },
    settings: { ...plan.settings, concurrency: 1 },
  }
  return await runJob(replay, {
    dirtyFile: join(dirname(file), `${name}.dirty.jsonl`),
    ...options,
    resume: options.restart !== true && isUnfinished ? 'resume' : 'restart',
  })
}

/** The columns of the job's source. */
async function describeSource(
  plan: JobPlan,
  { logger, signal }: ReplayJobOptions,
): Promise<readonly TableSchema[]> {
  const { plugin, config, name } = plan.reader
  await using reader = await plugin.open(config, contextOf(plan, 'reader', logger), { signal })
  reportFindings(await reader.check({ signal }), name, logger)
  return await reader.describe({ signal })
}

/** How far earlier replays have come. */
async function earlierReplay(
  plan: JobPlan,
  { logger, signal }: ReplayJobOptions,
): Promise<{ readonly state: 'running' | 'complete'; readonly lastLine: number } | undefined> {
  const { plugin, config } = plan.writer
  await using writer = await plugin.open(config, contextOf(plan, 'writer', logger), { signal })
  await using checkpoint = await writer.checkpoint?.(plan.name, { signal })
  const content = await checkpoint?.read({ signal })
  if (content === undefined) return undefined
  const { state, plan: splits } = jobHeaderOf(content.header)
  const { lastLine = 0 } = (splits.splits[0]?.range ?? {}) as { lastLine?: number }
  return { state, lastLine: state === 'complete' ? lastLine : 0 }
}

function dirtyFilePlugin(open: () => DirtyFileReader) {
  return defineReader({
    apiVersion: 1,
    kind: 'reader',
    stepType: 'dirty-file',
    description: 'Rows that a job could not write',
    capabilities: { parallelSplits: false, resumableSplits: true, follow: false },
    config: z.object({ file: z.string() }),
    identity: ({ file }) => ({ file }),
    open: async () => open(),
  })
}
