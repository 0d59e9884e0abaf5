import { requestResync, type ResyncAnswer } from '@millrace/core'
import { UsageError, type JobFlags } from '../job-options.ts'
import { createLogger } from '../logger.ts'
import { failWith } from '../render/errors.ts'
import { listenForStop } from '../stop-signals.ts'
import { loadPlans } from './load-plan.ts'

export interface ResyncFlags extends JobFlags {
  readonly table: string
}

/** `millrace resync`: asks the run of a pipeline to read a table again while its changes go on. Resolves with the exit code. */
export async function resyncCommand(file: string, flags: ResyncFlags): Promise<number> {
  const logger = createLogger(flags.logLevel, (text) => process.stderr.write(text))
  const loaded = await loadPlans(file, flags, logger)
  if (loaded === undefined) return 2
  if (!loaded.isPipeline)
    throw new UsageError('resync is for pipelines: run the job file again to read its tables again')
  const stop = listenForStop(logger)
  try {
    let refusal: unknown
    let isAsked = false
    for (const plan of loaded.plans) {
      let answer: ResyncAnswer
      try {
        answer = await requestResync(plan, flags.table, { logger, signal: stop.signal })
      } catch (error) {
        // Of several jobs not each has to read the table.
        refusal ??= error
        continue
      }
      isAsked = true
      const when = answer.isRunning
        ? 'the run that goes on reads it again'
        : 'nothing runs now: the next run reads it again'
      process.stdout.write(
        `${answer.table}: ${when}. Keys of rows that are gone from it are not removed.\n`,
      )
    }
    return isAsked ? 0 : failWith(refusal, logger)
  } catch (error) {
    return failWith(error, logger)
  } finally {
    stop.dispose()
  }
}
