import type { JobPlan } from '../job/job-plan.ts'
import type { Checkpoint, CheckpointContent } from '../plugin/checkpoint.ts'
import type { CallOptions, Logger } from '../plugin/context.ts'
import type { LogStatus } from '../plugin/reader.ts'
import type { Position } from '../record/record-batch.ts'
import { changesSplit, freshRecordOf } from './changes-split.ts'
import type { JobCounts } from './job-counts.ts'
import type { JobHeader } from './job-header.ts'
import { budgetWithRate, keptLagId, keptLagOf } from './kept-lag.ts'
import type { LogBudget } from './log-budget.ts'
import { openReader } from './open-session.ts'
import { splitRecordOf } from './split-record.ts'

/** How the changes of a job stand, as its checkpoint and its source say it. */
export interface ChangesStatus {
  /** Label of the position behind the last change that is in the target. */
  readonly position: string
  /** ISO time of its commit; null before the first change. */
  readonly committedAt: string | null
  readonly recordsRead: number
  readonly recordsWritten: number
  readonly recordsFiltered: number
  readonly recordsDirty: number
  /**
   * From the commit of a change until it is in the target, in milliseconds, up to 5 s late; null before the first change, and while
   * no run holds the job.
   */
  readonly lagMs: number | null
  /** How much of its log the source still keeps, and for how long that lasts; null where it sets no limit, or was not asked. */
  readonly budget: LogBudget | null
  /** What the source says of its log; null when it could not be asked. */
  readonly log: LogStatus | null
  /** Why it could not be asked. */
  readonly logProblem: string | null
  /** How safe what was written is in the target; null when nothing is known of it. */
  readonly durability: 'memory' | 'replica' | 'disk' | null
}

/** What was found in the target. */
interface Found {
  readonly header: JobHeader
  readonly content: CheckpointContent
  readonly checkpoint: Checkpoint
}

type StatusOptions = CallOptions & { readonly logger: Logger }

/** The source, and the target when it is asked how safe everything is, get this long to answer, in milliseconds. */
const patienceMs = 5000

/** The changes of a job that follows them, with their counts; `undefined` of another one. */
export async function changesStatus(
  plan: JobPlan,
  { header, content, checkpoint }: Found,
  options: StatusOptions,
): Promise<{ readonly status: ChangesStatus; readonly counts: JobCounts } | undefined> {
  const { followFrom } = header.plan
  if (followFrom === undefined || header.state === 'complete') return undefined
  const split = changesSplit(followFrom)
  const progress = content.splits.get(split.id)
  const record =
    progress === undefined
      ? freshRecordOf(split)
      : splitRecordOf(progress.sequence, progress.record)
  const { counts, position = followFrom, committedAtMs } = record
  const { recordsRead, recordsWritten, recordsFiltered, recordsDirty } = counts
  const kept = keptLagOf(content.splits.get(keptLagId)?.record)
  const isHeld = content.owner !== undefined
  const asked = await askSource(plan, position, options)
  const budget = asked.log === null ? undefined : budgetWithRate(asked.log, kept, { isHeld })
  const status: ChangesStatus = {
    position: position.label,
    committedAt: committedAtMs === undefined ? null : new Date(committedAtMs).toISOString(),
    recordsRead,
    recordsWritten,
    recordsFiltered,
    recordsDirty,
    lagMs: (isHeld ? kept?.lagMs : undefined) ?? null,
    budget: budget ?? null,
    ...asked,
    durability: await durabilityOf(checkpoint, options),
  }
  return { status, counts }
}

async function askSource(
  plan: JobPlan,
  position: Position,
  { logger, signal }: StatusOptions,
): Promise<Pick<ChangesStatus, 'log' | 'logProblem'>> {
  const call = { signal: AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]) }
  try {
    await using reader = await openReader(plan, { ...call, logger, follows: true })
    const log = (await reader.logStatus?.(position, call)) ?? null
    return { log, logProblem: log === null ? 'the source says nothing of its log' : null }
  } catch (error) {
    signal.throwIfAborted()
    return { log: null, logProblem: error instanceof Error ? error.message : String(error) }
  }
}

async function durabilityOf(
  checkpoint: Checkpoint,
  { signal }: StatusOptions,
): Promise<ChangesStatus['durability']> {
  const call = { signal: AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]) }
  try {
    return (await checkpoint.confirm?.(call)) ?? null
  } catch {
    signal.throwIfAborted()
    return null
  }
}
