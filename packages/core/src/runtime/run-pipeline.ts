import { basename, dirname, join } from 'node:path'
import { exitCodeOf } from '../plugin/error-codes.ts'
import type { JobPlan } from '../job/job-plan.ts'
import { addCounts, noCounts } from './job-counts.ts'
import { JobCounters } from './job-counters.ts'
import type { JobReport } from './job-report.ts'
import { runJob, type RunJobOptions } from './run-job.ts'

/**
 * Runs the plans of a pipeline side by side, each from its checks to its report. One that fails does not stop the others.
 * Never rejects for what happens to them. With several plans the name of each comes before that of `dirtyFile`.
 *
 * @returns one report for all; with several plans their own are in `jobs`
 */
export async function runPipeline(
  plans: readonly JobPlan[],
  options: RunJobOptions,
): Promise<JobReport> {
  const [only] = plans
  if (only !== undefined && plans.length === 1) return await runJob(only, options)
  const counters = plans.map(() => new JobCounters())
  if (options.counters !== undefined) options.counters.follow(counters)
  const reports = await Promise.all(
    plans.map((plan, index) =>
      runJob(plan, {
        ...options,
        ...ownDirtyFile(plan, options),
        counters: counters[index] ?? new JobCounters(),
      }),
    ),
  )
  return combinedReport(reports)
}

/** A dirty file says by its name which plan its rows are to be replayed through. */
function ownDirtyFile(
  { name }: JobPlan,
  { dirtyFile }: RunJobOptions,
): Pick<RunJobOptions, 'dirtyFile'> {
  if (dirtyFile === undefined) return {}
  return { dirtyFile: join(dirname(dirtyFile), `${name}.${basename(dirtyFile)}`) }
}

/** The reasons of several jobs, one entry for each code, most frequent first. */
function combinedReasons(reports: readonly JobReport[]): JobReport['dirtyReasons'] {
  const byCode = new Map<string, JobReport['dirtyReasons'][number]>()
  for (const { dirtyReasons } of reports)
    for (const one of dirtyReasons) {
      const known = byCode.get(one.code)
      byCode.set(one.code, known === undefined ? one : { ...known, count: known.count + one.count })
    }
  return [...byCode.values()].sort((left, right) => right.count - left.count)
}

/** One report for several jobs: sums, the first error, the weakest of every promise. */
function combinedReport(reports: readonly JobReport[]): JobReport {
  const first = reports[0]
  if (first === undefined) throw new Error('a pipeline has no jobs')
  const errors = reports.flatMap((report) => report.errors)
  const notes = reports.flatMap((report) => report.notes ?? [])
  const stopped = reports.find(({ status }) => status === 'stopped')
  const failed = reports.find(({ status }) => status === 'failed')
  const leading = failed ?? stopped ?? first
  const weakest = reports.find(({ guarantee }) => guarantee === 'at-least-once') ?? first
  const sum = (of: (report: JobReport) => number) =>
    reports.reduce((total, report) => total + of(report), 0)
  return {
    ...first,
    ...reports.reduce<typeof noCounts>((total, report) => addCounts(total, report), noCounts),
    status: leading.status,
    code: leading.code,
    exitCode: errors[0] === undefined ? leading.exitCode : exitCodeOf(errors[0].code),
    job: reports.map(({ job }) => job).join(', '),
    endedAt:
      reports
        .map(({ endedAt }) => endedAt)
        .sort()
        .at(-1) ?? first.endedAt,
    guarantee: weakest.guarantee,
    guaranteeNote: weakest.guaranteeNote,
    consistency: reports.every(({ consistency }) => consistency === first.consistency)
      ? first.consistency
      : 'per-split',
    elapsedMs: Math.max(...reports.map(({ elapsedMs }) => elapsedMs)),
    rowsPerSecond: sum(({ rowsPerSecond }) => rowsPerSecond),
    waitReaderMs: sum(({ waitReaderMs }) => waitReaderMs),
    waitWriterMs: sum(({ waitWriterMs }) => waitWriterMs),
    splits: { total: sum(({ splits }) => splits.total), done: sum(({ splits }) => splits.done) },
    dirtyReasons: combinedReasons(reports),
    dirtyFile: reports.find(({ dirtyFile }) => dirtyFile !== null)?.dirtyFile ?? null,
    errors,
    ...(notes.length === 0 ? {} : { notes }),
    total: reports.reduce((total, report) => addCounts(total, report.total), noCounts),
    // A table may go to several targets: see the reports of the jobs.
    tables: [],
    jobs: reports,
  }
}
