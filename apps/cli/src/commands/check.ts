import {
  guaranteeOf,
  isPipelineFolder,
  loadPipeline,
  openJob,
  type JobPlan,
  type Problem,
} from '@millrace/core'
import type { TableSchema } from '@millrace/core/record'
import { loadOptionsOf, UsageError, type JobFlags } from '../job-options.ts'
import { createLogger, type CliLogger } from '../logger.ts'
import { failWith } from '../render/errors.ts'
import { countProblems, formatProblems } from '../render/problems.ts'
import { listenForStop } from '../stop-signals.ts'
import { secretsOf } from './load-plan.ts'

export interface CheckFlags extends JobFlags {
  readonly connect?: boolean
  readonly strict?: boolean
  readonly snapshotOnly?: boolean
}

/** `millrace check`: every problem of a job file or a pipeline's folder at once, on stdout. Resolves with the exit code. */
export async function checkCommand(file: string, flags: CheckFlags): Promise<number> {
  const isPipeline = isPipelineFolder(file)
  if (flags.snapshotOnly === true && (flags.connect !== true || !isPipeline))
    throw new UsageError('--snapshot-only is for pipelines, with --connect')
  const logger = createLogger(flags.logLevel, (text) => process.stdout.write(text))
  const { signal } = new AbortController()
  const loaded = await loadPipeline(file, { ...loadOptionsOf(flags), logger, signal })
  const { plans, problems } = loaded
  const judged = flags.strict === true ? problems.map(asError) : problems
  process.stdout.write(formatProblems(judged))
  if (plans === undefined || judged.some((problem) => problem.severity === 'error')) {
    process.stdout.write(`${countProblems(judged)} in ${file}\n`)
    return 2
  }
  for (const plan of plans) process.stdout.write(describePlan(plan))
  if (flags.connect !== true) {
    process.stdout.write(
      'OK. Not checked without a network: add --connect to try the connections too.\n',
    )
    return 0
  }
  logger.hide(plans.flatMap(secretsOf))
  let exitCode = 0
  const follows = isPipeline && flags.snapshotOnly !== true
  for (const plan of plans) {
    const found = await checkConnections(plan, follows, logger)
    exitCode ||= found
  }
  return exitCode
}

async function checkConnections(
  plan: JobPlan,
  follows: boolean,
  logger: CliLogger,
): Promise<number> {
  const stop = listenForStop(logger)
  try {
    await using job = await openJob(plan, {
      signal: stop.signal,
      logger,
      connectTarget: true,
      follows,
      seeksAll: true,
    })
    const permissions = job.writer.requiredPermissions?.(plan.name)
    const rights =
      permissions === undefined
        ? ''
        : `rights of the target's user that are enough:\n  ${permissions}\n`
    process.stdout.write(
      `${job.schemas.map(describeTable).join('')}target: reachable and fit\n${rights}OK.\n`,
    )
    return 0
  } catch (error) {
    return failWith(error, logger)
  } finally {
    stop.dispose()
  }
}

function describeTable({ table, fields }: TableSchema): string {
  const columns = fields.map(({ name, nativeType }) => `${name} ${nativeType}`).join(', ')
  return `source: ${table} (${columns})\n`
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
