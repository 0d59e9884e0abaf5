import { writeFileSync } from 'node:fs'
import { parse } from 'node:path'
import {
  JobCounters,
  reportOfProblems,
  runJob,
  type JobReport,
  type RunJobOptions,
  type ResumeWish,
} from '@millrace/core'
import type { JobFlags } from '../job-options.ts'
import { createLogger, type CliLogger } from '../logger.ts'
import { logError } from '../render/errors.ts'
import { startProgress, type ProgressStyle } from '../render/progress.ts'
import { formatSummary } from '../render/summary.ts'
import { listenForStop } from '../stop-signals.ts'
import { loadPlan } from './load-plan.ts'

/** Flags of every command that writes rows. */
export interface WatchFlags extends JobFlags {
  readonly report?: string
  readonly dirtyFile?: string
  readonly progress: ProgressStyle
}

export interface RunFlags extends WatchFlags {
  readonly resume?: boolean
  readonly restart?: boolean
  readonly allowDuplicates?: boolean
  readonly maxDirtyPercent?: number
}

/** `millrace run`: runs a job file to its end. Resolves with the exit code. */
export async function runCommand(file: string, flags: RunFlags): Promise<number> {
  const logger = createLogger(flags.logLevel, (text) => process.stderr.write(text))
  const plan = await loadPlan(file, flags, logger, (problems) => {
    if (flags.report !== undefined)
      writeReport(flags.report, reportOfProblems(jobName(file, flags), problems), logger)
  })
  if (plan === undefined) return 2
  logger.info(
    `job ${plan.name}: ${plan.reader.stepType} -> ${plan.writer.stepType}, ${plan.settings.concurrency} channel${plan.settings.concurrency === 1 ? '' : 's'}`,
  )
  return await watchRun(flags, logger, async (options) =>
    runJob(plan, {
      ...options,
      resume: resumeWish(flags),
      allowDuplicates: flags.allowDuplicates ?? false,
      ...(flags.maxDirtyPercent === undefined ? {} : { maxDirtyPercent: flags.maxDirtyPercent }),
    }),
  )
}

/** Shows the progress of a run, lets signals stop it, and reports it. Resolves with the exit code. */
export async function watchRun(
  flags: WatchFlags,
  logger: CliLogger,
  run: (
    options: Pick<RunJobOptions, 'logger' | 'signal' | 'counters' | 'dirtyFile'>,
  ) => Promise<JobReport>,
): Promise<number> {
  const stop = listenForStop(logger)
  const counters = new JobCounters()
  const progress = await startProgress(flags.progress, counters)
  const report = await run({
    logger,
    signal: stop.signal,
    counters,
    ...(flags.dirtyFile === undefined ? {} : { dirtyFile: flags.dirtyFile }),
  }).finally(() => {
    progress.stop()
    stop.dispose()
  })
  const exitCode = report.status === 'stopped' ? stop.exitCode : report.exitCode
  if (flags.logLevel !== 'error') process.stderr.write(formatSummary(report))
  for (const error of report.errors) logError(error, logger)
  if (flags.report !== undefined) return writeReport(flags.report, { ...report, exitCode }, logger)
  return exitCode
}

function resumeWish({ resume, restart }: RunFlags): ResumeWish {
  if (resume === true) return 'resume'
  return restart === true ? 'restart' : 'undecided'
}

/** What a job is called whose file could not be read to the end. */
function jobName(file: string, { name }: RunFlags): string {
  return name ?? parse(file).name
}

function writeReport(file: string, report: JobReport, logger: CliLogger): number {
  try {
    writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`)
    return report.exitCode
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    logger.error(
      `the job has ended (${report.status}), but --report ${file} could not be written: ${reason}`,
    )
    return report.exitCode === 0 ? 2 : report.exitCode
  }
}
