import type { JobPlan } from '../job/job-plan.ts'
import type { JobReport } from './job-report.ts'
import type { RunJobOptions } from './run-job.ts'

/** A lost position is answered by new snapshots so many times in a row. */
const mostResnapshots = 2

/** One run of a job, from its checks to its report. */
export interface RunAttempt {
  execute(): Promise<JobReport>
  /** The snapshots in a row that were taken because the position was lost; this one is the last of them. */
  readonly resnapshots: number
  /** Whether changes behind its snapshot have been applied. */
  readonly hasFollowed: boolean
  /** What has to be known of it. */
  readonly notes: readonly string[]
}

/** Why a run takes a new snapshot. */
export interface Resnapshot {
  /** How many there were in a row, this one among them. */
  readonly inRow: number
  readonly reason: string
}

/**
 * Runs a job. Where it is to take a new snapshot when the source has lost its position, it begins anew then, twice in a row at
 * most: a snapshot behind which changes were applied ends the row.
 *
 * @param attempt makes a run; how many new snapshots there were in a row is kept in its checkpoint
 */
export async function runAttempts(
  plan: JobPlan,
  options: RunJobOptions,
  attempt: (options: RunJobOptions, resnapshot?: Resnapshot) => RunAttempt,
): Promise<JobReport> {
  let run = attempt(options)
  let report = await run.execute()
  const { startedAt } = report
  const startedAtMs = Date.parse(startedAt)
  const notes: string[] = []
  while (mayBeginAnew(plan, options, report)) {
    const inRow = run.hasFollowed ? 0 : run.resnapshots
    if (inRow >= mostResnapshots)
      return { ...stillLost(report), startedAt, ...notesOf(notes, report) }
    options.counters?.beginAnew()
    notes.push(...run.notes)
    const reason = reasonOf(report)
    options.logger.warn(reason)
    run = attempt({ ...options, resume: 'restart' }, { inRow: inRow + 1, reason })
    report = await run.execute()
    report = { ...report, startedAt, elapsedMs: Date.now() - startedAtMs }
  }
  return { ...report, ...notesOf(notes, report) }
}

function mayBeginAnew(
  { settings }: JobPlan,
  { follow, signal }: RunJobOptions,
  { code }: JobReport,
): boolean {
  const isWanted = settings.onLostPosition === 'resnapshot' && follow !== undefined
  return isWanted && code === 'POSITION_LOST' && !signal.aborted
}

function reasonOf({ errors }: JobReport): string {
  return `${errors[0]?.message ?? 'the position of the changes is lost'}: the tables are read again`
}

function stillLost(report: JobReport): JobReport {
  const [first, ...others] = report.errors
  if (first === undefined) return report
  const message = `${first.message}; ${mostResnapshots} new snapshots in a row did not help`
  return { ...report, errors: [{ ...first, message }, ...others] }
}

function notesOf(notes: readonly string[], report: JobReport): Pick<JobReport, 'notes'> {
  const all = [...notes, ...(report.notes ?? [])]
  return all.length === 0 ? {} : { notes: all }
}
