import type { JobPlan } from '../job/job-plan.ts'
import type { Logger } from '../plugin/context.ts'
import { PluginError } from '../plugin/errors.ts'
import type { SplitPlan } from '../plugin/reader.ts'
import type { DirtyCollector } from './dirty-collector.ts'
import { JobCheckpoint } from './job-checkpoint.ts'
import { noCounts, type JobCounts } from './job-counts.ts'
import { noteOfRemoved, takeUpTables, withoutTables } from './changed-tables.ts'
import { followingFingerprint, jobFingerprint } from './job-fingerprint.ts'
import { keyShapesOf, noteOfDeleted } from './left-keys.ts'
import type { OpenJob } from './open-job.ts'
import type { RepeatableSplits } from './repeatable-splits.ts'
import type { JobHeader } from './job-header.ts'
import { stoppedText } from './stopped-tables.ts'
import { steadily, type SourceRecovery } from './source-recovery.ts'
import type { ResumeDecision, ResumeWish } from './resume-decision.ts'

/** What decides how a job begins. */
export interface BeginOptions {
  readonly plan: JobPlan
  readonly job: OpenJob
  /** Names this run. */
  readonly run: string
  readonly resume: ResumeWish
  /** Whether writing a row twice leaves what writing it once leaves. */
  readonly isIdempotent: boolean
  /** The same for the rows of one split. */
  readonly isRepeatable: RepeatableSplits
  readonly allowsDuplicates: boolean
  readonly dirty: DirtyCollector
  readonly logger: Logger
  readonly signal: AbortSignal
  /** Changes are to be followed. */
  readonly follows: boolean
  /** The snapshots in a row that were taken because the position was lost; 0 for one that was not. */
  readonly resnapshots: number
  /** Why the tables are read again; absent: nobody but the user knows. */
  readonly reason?: string | undefined
  /** How long the source is borne with when it fails. */
  readonly recovery: SourceRecovery
}

/** How a job begins. */
export interface Beginning {
  /** What the job moves. */
  readonly splits: SplitPlan
  /** An earlier run has moved all of it. */
  readonly isComplete?: boolean
  /** Goes on from an earlier run. */
  readonly isResumed?: boolean
  /** Counts of the runs that this one goes on from. */
  readonly earlier: JobCounts
  /** How far they came, for people; null when this run goes on from none. */
  readonly resumedFrom: string | null
  /** What has to be known of it besides. */
  readonly notes?: readonly string[]
}

/**
 * The checkpoint of the job; `undefined` where the writer keeps none.
 *
 * @throws PluginError RESUME_UNDECIDED when there is none to resume from
 */
export async function openJobCheckpoint(options: BeginOptions): Promise<JobCheckpoint | undefined> {
  const { plan, job, resume, signal } = options
  const checkpoint = await job.writer.checkpoint?.(plan.name, { signal })
  if (checkpoint === undefined) {
    if (resume === 'resume') throw noCheckpoint(plan.writer.stepType)
    return undefined
  }
  return new JobCheckpoint({
    checkpoint,
    run: options.run,
    fingerprint: options.follows
      ? followingFingerprint(plan, job.schemas, job.transforms)
      : jobFingerprint(plan, job.schemas),
    follows: options.follows,
    takesUpTables: options.follows && job.reader.takeUp !== undefined,
    resnapshots: options.resnapshots,
    isIdempotent: options.isIdempotent,
    isRepeatable: options.isRepeatable,
    allowsDuplicates: options.allowsDuplicates,
    signal,
  })
}

/** Cuts the source, or goes on with the splits of an earlier run. */
export async function beginJob(
  options: BeginOptions,
  checkpoint: JobCheckpoint | undefined,
): Promise<Beginning> {
  const { plan, job, dirty, logger, signal } = options
  const { concurrency } = plan.settings
  const split = async () =>
    await steadily(options.recovery, async () => {
      const cut = await job.reader.split(concurrency, { signal })
      // Of a job that moves changes alone the place is all that counts.
      return plan.settings.readsRows === false ? { ...cut, splits: [] } : cut
    })
  if (checkpoint === undefined) {
    refuseUnmatched(options)
    return { splits: await split(), earlier: noCounts, resumedFrom: null }
  }
  const decision = await checkpoint.open(plan.name, options.resume)
  if (decision.kind === 'nothing') {
    logger.info('the job is complete already: nothing to resume (--restart begins anew)')
    const { counts: earlier = noCounts } = decision.header
    return { splits: decision.header.plan, isComplete: true, earlier, resumedFrom: null }
  }
  if (decision.kind === 'begin') {
    refuseUnmatched(options)
    const { startedAt } = decision
    if (startedAt !== undefined) dirty.resume({ since: startedAt, recordsRead: 0 })
    const note = noteOfRestart(options, checkpoint)
    const splits = await split()
    await checkpoint.begin(splits, startedAt)
    return { splits, earlier: noCounts, resumedFrom: null, ...(note && { notes: [note] }) }
  }
  if (job.transforms.unmatched !== undefined) logger.warn(job.transforms.unmatched.message)
  return await goOn(decision, options, checkpoint)
}

/** A new snapshot of a pipeline under way is no new job. */
function refuseUnmatched({ job: { transforms }, logger, resnapshots }: BeginOptions): void {
  if (transforms.unmatched === undefined) return
  if (resnapshots === 0) throw transforms.unmatched
  logger.warn(transforms.unmatched.message)
}

/** What a new snapshot could not see, where an earlier run has followed changes. */
function noteOfRestart(
  { job, reason, logger }: BeginOptions,
  { replaced }: JobCheckpoint,
): string | undefined {
  const deleted = replaced && noteOfDeleted(replaced, keyShapesOf(job))
  if (deleted !== undefined) logger.warn(deleted)
  const texts = [reason, deleted].filter((text) => text !== undefined)
  return texts.length === 0 ? undefined : texts.join('. ')
}

/** Goes on from an earlier run, with the tables that the job has now. */
async function goOn(
  decision: Extract<ResumeDecision, { readonly kind: 'resume' }>,
  { plan, job, dirty, logger, signal, recovery }: BeginOptions,
  checkpoint: JobCheckpoint,
): Promise<Beginning> {
  const { header, tables } = decision
  const kept: JobHeader = { ...header, plan: withoutTables(header.plan, tables.removed) }
  await checkpoint.resume(kept)
  const { counts: earlier, recordsDirtyBySplit } = checkpoint
  const { recordsRead } = earlier
  dirty.resume({ since: header.startedAt, recordsDirtyBySplit, recordsRead })
  const resumedFrom = checkpoint.progressText(kept.plan)
  logger.info(`resuming the run of ${header.startedAt}: ${resumedFrom}`)
  const { concurrency, readsRows = true } = plan.settings
  const { reader } = job
  const taking = { reader, checkpoint, logger, concurrency, readsRows, signal }
  const now = await steadily(recovery, async () => await takeUpTables(kept, tables, taking))
  for (const [table, stopped] of checkpoint.stoppedTables) logger.warn(stoppedText(table, stopped))
  const note = noteOfRemoved(tables.removed)
  if (note !== undefined) logger.warn(note)
  // What is left is read at another instant.
  const isRead = now.splits.every(({ id }) => checkpoint.isDone(id))
  const splits: SplitPlan = isRead ? now : { ...now, consistency: 'per-split' }
  const notes = note === undefined ? [] : [note]
  return { splits, earlier, resumedFrom, isResumed: true, notes }
}

function noCheckpoint(stepType: string): PluginError {
  return new PluginError({
    code: 'RESUME_UNDECIDED',
    message: `there is nothing to resume: the writer ${stepType} keeps no checkpoint`,
    hint: 'Run the job without --resume.',
  })
}
