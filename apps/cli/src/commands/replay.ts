import { replayJob, type JobPlan } from '@millrace/core'
import { basename } from 'node:path'
import { refuseFlags, UsageError } from '../job-options.ts'
import { createLogger } from '../logger.ts'
import { failWith } from '../render/errors.ts'
import { loadPlans, type LoadedPlans } from './load-plan.ts'
import { watchRun, type WatchFlags } from './run.ts'

export interface ReplayFlags extends WatchFlags {
  /** The job file the dirty records come from. */
  readonly job: string
  readonly restart?: boolean
  readonly allowDuplicates?: boolean
}

/** `millrace replay`: sends the rows of a dirty file again. Resolves with the exit code. */
export async function replayCommand(dirtyFile: string, flags: ReplayFlags): Promise<number> {
  refuseFlags({ '--concurrent': flags.concurrent }, 'on a replay: lines are sent in their order')
  const logger = createLogger(flags.logLevel, (text) => process.stderr.write(text))
  const loaded = await loadPlans(flags.job, flags, logger)
  if (loaded === undefined) return 2
  const plan = planOf(dirtyFile, loaded)
  logger.info(`replaying ${dirtyFile} through job ${plan.name}`)
  try {
    return await watchRun(flags, logger, async (options) =>
      replayJob(plan, dirtyFile, {
        ...options,
        restart: flags.restart ?? false,
        allowDuplicates: flags.allowDuplicates ?? false,
      }),
    )
  } catch (error) {
    if (error instanceof UsageError) throw error
    return failWith(error, logger)
  }
}

/** Of a pipeline with several sources or targets: the job that the file is named after. */
function planOf(dirtyFile: string, { plans }: LoadedPlans): JobPlan {
  const [first, ...others] = plans
  if (others.length === 0) return first
  const file = basename(dirtyFile)
  const plan = plans.find(({ name }) => file.startsWith(`${name}.`))
  if (plan !== undefined) return plan
  const names = plans.map(({ name }) => `${name}.dirty.jsonl`).join(', ')
  throw new UsageError(
    `${dirtyFile} does not say which job of the pipeline its rows are from: name it as the run did (${names})`,
  )
}
