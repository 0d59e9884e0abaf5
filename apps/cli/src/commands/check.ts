import { guaranteeOf, loadJob, openJob, type JobPlan, type Problem } from '@millrace/core'
import { loadOptionsOf, type JobFlags } from '../job-options.ts'
import { createLogger } from '../logger.ts'
import { failWith } from '../render/errors.ts'
import { countProblems, formatProblems } from '../render/problems.ts'
import { listenForStop } from '../stop-signals.ts'
import { secretsOf } from './load-plan.ts'

export interface CheckFlags extends JobFlags {
  readonly connect?: boolean
  readonly strict?: boolean
}

/** `millrace check`: every problem of a job file at once, on stdout. Resolves with the exit code. */
export async function checkCommand(file: string, flags: CheckFlags): Promise<number> {
  const { plan, problems } = await loadJob(file, loadOptionsOf(flags))
  const judged = flags.strict === true ? problems.map(asError) : problems
  process.stdout.write(formatProblems(judged))
  if (plan === undefined || judged.some((problem) => problem.severity === 'error')) {
    process.stdout.write(`${countProblems(judged)} in ${file}\n`)
    return 2
  }
  process.stdout.write(describePlan(plan))
  if (flags.connect !== true) {
    process.stdout.write(
      'OK. Not checked without a network: add --connect to try the connections too.\n',
    )
    return 0
  }
  return await checkConnections(plan, flags)
}

async function checkConnections(plan: JobPlan, flags: CheckFlags): Promise<number> {
  const logger = createLogger(flags.logLevel, (text) => process.stdout.write(text))
  logger.hide(secretsOf(plan))
  const stop = listenForStop(logger)
  try {
    await using job = await openJob(plan, { signal: stop.signal, logger, connectTarget: true })
    const columns = job.schema.fields.map((field) => `${field.name} ${field.nativeType}`).join(', ')
    const permissions = job.writer.requiredPermissions?.(plan.name)
    const rights =
      permissions === undefined
        ? ''
        : `rights of the target's user that are enough:\n  ${permissions}\n`
    process.stdout.write(
      `source: ${job.schema.table} (${columns})\ntarget: reachable and fit\n${rights}OK.\n`,
    )
    return 0
  } catch (error) {
    return failWith(error, logger)
  } finally {
    stop.dispose()
  }
}

function asError(problem: Problem): Problem {
  return { ...problem, severity: 'error' }
}

function describePlan(plan: JobPlan): string {
  const { bytesPerSecond, errorLimit, concurrency } = plan.settings
  const throttle =
    bytesPerSecond === undefined ? 'not throttled' : `${bytesPerSecond / 1_048_576} MB/s`
  const limit = errorLimit.record === undefined ? 'any number of' : `at most ${errorLimit.record}`
  return [
    `job ${plan.name}: ${plan.reader.stepType} (${plan.reader.origin}) -> ${plan.writer.stepType} (${plan.writer.origin})`,
    `channels: ${concurrency}, ${throttle}; ${limit} dirty records; time zone ${plan.settings.timeZone}`,
    `guarantee: exactly once when the source is read by a unique key and the target keeps the checkpoint with the rows (the run says so); else at least once: ${guaranteeOf(plan, { isAtomic: false, keepsProgress: false, isOrdered: false }).note}`,
    '',
  ].join('\n')
}
