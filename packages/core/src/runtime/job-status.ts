import type { JobPlan } from '../job/job-plan.ts'
import type { CheckpointOwner } from '../plugin/checkpoint.ts'
import type { Logger } from '../plugin/context.ts'
import { PluginError } from '../plugin/errors.ts'
import { addCounts, noCounts, type JobCounts } from './job-counts.ts'
import { jobHeaderOf } from './job-header.ts'
import { contextOf } from './open-job.ts'
import { freshSplit, splitRecordOf } from './split-record.ts'

/** How far one split has come. */
export interface SplitStatus {
  readonly id: string
  readonly state: 'waiting' | 'begun' | 'done'
  /** Label of the last row that is in the target. */
  readonly position: string | null
  readonly recordsRead: number
}

/** What the checkpoint of a job holds. */
export interface JobStatus {
  readonly job: string
  readonly state: 'none' | 'running' | 'complete'
  readonly startedAt: string | null
  readonly endedAt: string | null
  /** The run that holds the checkpoint; null when none does. It may have been killed. */
  readonly owner: CheckpointOwner | null
  readonly splits: readonly SplitStatus[]
  readonly counts: JobCounts
}

/**
 * Reads the checkpoint of a job. Only the target is connected to; nothing is changed.
 *
 * @throws PluginError TARGET_UNFIT when the writer keeps no checkpoint; what connecting throws
 */
export async function readJobStatus(
  plan: JobPlan,
  options: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<JobStatus> {
  await using writer = await plan.writer.plugin.open(
    plan.writer.config,
    contextOf(plan, 'writer', options.logger),
    options,
  )
  await using checkpoint = await writer.checkpoint?.(plan.name, options)
  if (checkpoint === undefined) {
    throw new PluginError({
      code: 'TARGET_UNFIT',
      message: `the writer ${plan.writer.stepType} keeps no checkpoint, so there is no status`,
    })
  }
  const content = await checkpoint.read(options)
  if (content === undefined) return { ...emptyStatus, job: plan.name }
  const header = jobHeaderOf(content.header)
  let counts = header.counts ?? noCounts
  // A complete job has forgotten how far each of its splits had come.
  const unfinished = header.state === 'complete' ? [] : header.plan.splits
  const splits = unfinished.map(({ id }): SplitStatus => {
    const progress = content.splits.get(id)
    const record =
      progress === undefined ? freshSplit : splitRecordOf(progress.sequence, progress.record)
    counts = addCounts(counts, record.counts)
    return {
      id,
      state:
        record.isDone || header.state === 'complete'
          ? 'done'
          : record.sequence > 0
            ? 'begun'
            : 'waiting',
      position: record.position?.label ?? null,
      recordsRead: record.counts.recordsRead,
    }
  })
  return {
    job: plan.name,
    state: header.state,
    startedAt: header.startedAt,
    endedAt: header.endedAt ?? null,
    owner: content.owner ?? null,
    splits,
    counts,
  }
}

const emptyStatus: JobStatus = {
  job: '',
  state: 'none',
  startedAt: null,
  endedAt: null,
  owner: null,
  splits: [],
  counts: noCounts,
}
