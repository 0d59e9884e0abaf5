import { replayJob } from '@millrace/core'
import { createLogger } from '../logger.ts'
import { failWith } from '../render/errors.ts'
import { loadPlan } from './load-plan.ts'
import { watchRun, type WatchFlags } from './run.ts'

export interface ReplayFlags extends WatchFlags {
  /** The job file the dirty records come from. */
  readonly job: string
  readonly restart?: boolean
}

/** `millrace replay`: sends the rows of a dirty file again. Resolves with the exit code. */
export async function replayCommand(dirtyFile: string, flags: ReplayFlags): Promise<number> {
  const logger = createLogger(flags.logLevel, (text) => process.stderr.write(text))
  const plan = await loadPlan(flags.job, flags, logger)
  if (plan === undefined) return 2
  logger.info(`replaying ${dirtyFile} through job ${plan.name}`)
  try {
    return await watchRun(flags, logger, async (options) =>
      replayJob(plan, dirtyFile, { ...options, restart: flags.restart ?? false }),
    )
  } catch (error) {
    return failWith(error, logger)
  }
}
