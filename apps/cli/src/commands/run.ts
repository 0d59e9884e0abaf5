import { writeFileSync } from 'node:fs'
import { parse } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import {
  JobCounters,
  reportOfProblems,
  runPipeline,
  writeFaultOf,
  type JobReport,
  type RunJobOptions,
  type ResumeWish,
} from '@millrace/core'
import { UsageError, type JobFlags } from '../job-options.ts'
import { createLogger, type CliLogger } from '../logger.ts'
import { logError } from '../render/errors.ts'
import { startProgress, type ProgressStyle } from '../render/progress.ts'
import { formatSummary } from '../render/summary.ts'
import { listenForStop } from '../stop-signals.ts'
import { loadPlans } from './load-plan.ts'

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
  readonly metrics?: string
  readonly snapshotOnly?: boolean
  readonly untilCurrent?: boolean
}

/** Flags of {@link watchRun}. */
type WatchRunFlags = WatchFlags & Pick<RunFlags, 'metrics'>

/** `millrace run`: runs a job file to its end, or the folder of a pipeline until it is stopped. Resolves with the exit code. */
export async function runCommand(file: string, flags: RunFlags): Promise<number> {
  const logger = createLogger(flags.logLevel, (text) => process.stderr.write(text))
  const loaded = await loadPlans(file, flags, logger, (problems) => {
    if (flags.report !== undefined)
      writeReport(flags.report, reportOfProblems(jobName(file, flags), problems), logger)
  })
  if (loaded === undefined) return 2
  const { plans, isPipeline } = loaded
  refuseUnfitFlags(isPipeline, flags)
  for (const { name, reader, writer, settings } of plans) {
    const channels = `${settings.concurrency} channel${settings.concurrency === 1 ? '' : 's'}`
    logger.info(`job ${name}: ${reader.stepType} -> ${writer.stepType}, ${channels}`)
  }
  if (isPipeline && flags.snapshotOnly !== true) {
    // Rows of changes are objects: what outlives its batch in a young generation that stays small is copied time and again.
    setFlagsFromString('--semi-space-growth-factor=2')
    setFlagsFromString('--heap-growing-percent=0')
  }
  return await watchRun(flags, logger, async (options) =>
    runPipeline(plans, {
      ...options,
      resume: resumeWish(flags, isPipeline),
      allowDuplicates: flags.allowDuplicates ?? false,
      ...followOf(flags, isPipeline),
      ...(flags.maxDirtyPercent === undefined ? {} : { maxDirtyPercent: flags.maxDirtyPercent }),
    }),
  )
}

/** Shows the progress of a run, lets signals stop it, and reports it. Resolves with the exit code. */
export async function watchRun(
  flags: WatchRunFlags,
  logger: CliLogger,
  run: (
    options: Pick<RunJobOptions, 'logger' | 'signal' | 'counters' | 'dirtyFile'>,
  ) => Promise<JobReport>,
): Promise<number> {
  refuseUnwritableReport(flags)
  const counters = new JobCounters()
  await using _metrics = await startMetrics(flags, counters, logger)
  const stop = listenForStop(logger)
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

async function startMetrics(
  { metrics }: WatchRunFlags,
  counters: JobCounters,
  logger: CliLogger,
): Promise<AsyncDisposable | undefined> {
  if (metrics === undefined) return undefined
  const { parseMetricsAddress, serveMetrics } = await import('../metrics/metrics-server.ts')
  const server = await serveMetrics(counters, parseMetricsAddress(metrics))
  logger.info(`metrics: ${server.url}/metrics, health: ${server.url}/healthz`)
  return server
}

function refuseUnwritableReport({ report }: WatchRunFlags): void {
  const fault = report === undefined ? undefined : writeFaultOf(report)
  if (fault !== undefined)
    throw new UsageError(`--report ${report} could not be written: ${fault}; nothing was done`)
}

function refuseUnfitFlags(
  isPipeline: boolean,
  { snapshotOnly = false, untilCurrent = false }: RunFlags,
): void {
  const named = snapshotOnly ? '--snapshot-only' : '--until-current'
  if (!isPipeline && (snapshotOnly || untilCurrent))
    throw new UsageError(`${named} is for pipelines: a job file reads its tables once anyway`)
  if (snapshotOnly && untilCurrent)
    throw new UsageError(
      '--snapshot-only reads no changes, and --until-current ends once they are applied: give one of them',
    )
}

/** A pipeline goes on with changes, unless it is told otherwise. */
function followOf(
  { snapshotOnly = false, untilCurrent = false }: RunFlags,
  isPipeline: boolean,
): Pick<RunJobOptions, 'follow'> {
  if (!isPipeline || snapshotOnly) return {}
  return { follow: untilCurrent ? 'until-current' : 'until-stopped' }
}

/** A pipeline always goes on where it stood. */
function resumeWish({ resume, restart }: RunFlags, isPipeline: boolean): ResumeWish {
  if (resume === true) return 'resume'
  if (restart === true) return 'restart'
  return isPipeline ? 'continue' : 'undecided'
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
