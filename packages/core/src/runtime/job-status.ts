import type { JobPlan } from '../job/job-plan.ts'
import type { CheckpointContent, CheckpointOwner } from '../plugin/checkpoint.ts'
import type { Logger } from '../plugin/context.ts'
import { PluginError } from '../plugin/errors.ts'
import { changesStatus, type ChangesStatus } from './changes-status.ts'
import { addCounts, noCounts, type JobCounts } from './job-counts.ts'
import { jobHeaderOf, type JobHeader } from './job-header.ts'
import { openWriter } from './open-session.ts'
import { freshSplit, splitRecordOf } from './split-record.ts'
import { stoppedTablesId, stoppedTablesOf } from './stopped-tables.ts'
import { tableStatuses, type TableStatus } from './table-status.ts'
import { tableTotalsId, tableTotalsOf } from './table-totals.ts'

/** How far one split has come. */
export interface SplitStatus {
  readonly id: string
  readonly table: string
  readonly state: 'waiting' | 'begun' | 'done'
  /** Label of the last row that is in the target. */
  readonly position: string | null
  readonly recordsRead: number
  readonly recordsWritten: number
  readonly recordsFiltered: number
  readonly recordsDirty: number
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
  /** The same by table, with changes; empty of a complete job. */
  readonly tables: readonly TableStatus[]
  /** Of the rows read and the changes together. */
  readonly counts: JobCounts
  /** How the changes stand; null when the job follows none. */
  readonly changes: ChangesStatus | null
}

/**
 * Reads the checkpoint of a job. Nothing is changed. Of a job that follows changes the source is asked how far it is ahead, where
 * it can be reached.
 *
 * @throws PluginError TARGET_UNFIT when the writer keeps no checkpoint; what connecting throws
 */
export async function readJobStatus(
  plan: JobPlan,
  options: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<JobStatus> {
  await using writer = await openWriter(plan, options)
  await using checkpoint = await writer.checkpoint?.(plan.name, options)
  if (checkpoint === undefined) {
    throw new PluginError({
      code: 'TARGET_UNFIT',
      message: `the writer ${plan.writer.stepType} keeps no checkpoint, so there is no status`,
      hint: 'What became of a run stands in its closing summary, and in the file of --report.',
    })
  }
  const content = await checkpoint.read(options)
  if (content === undefined) return { ...emptyStatus, job: plan.name }
  const header = jobHeaderOf(content.header)
  const splits = splitsOf(header, content)
  const changes = await changesStatus(plan, { header, content, checkpoint }, options)
  const counts = [...splits, ...(changes === undefined ? [] : [changes])].reduce(
    (sum, part) => addCounts(sum, part.counts),
    header.counts ?? noCounts,
  )
  return {
    job: plan.name,
    state: header.state,
    startedAt: header.startedAt,
    endedAt: header.endedAt ?? null,
    owner: content.owner ?? null,
    splits: splits.map(({ status }) => status),
    tables: tableStatuses(
      splits.map(({ status, estimatedRows }) => ({
        ...status,
        isDone: status.state === 'done',
        estimatedRows,
      })),
      changes && {
        totals: tableTotalsOf(content.splits.get(tableTotalsId)?.record),
        stopped: stoppedTablesOf(content.splits.get(stoppedTablesId)?.record),
      },
      content.owner !== undefined,
    ),
    counts,
    changes: changes?.status ?? null,
  }
}

function splitsOf(
  { state, plan }: JobHeader,
  content: CheckpointContent,
): readonly {
  readonly status: SplitStatus
  readonly counts: JobCounts
  readonly estimatedRows: number | undefined
}[] {
  // A complete job has forgotten how far each of its splits had come.
  if (state === 'complete') return []
  return plan.splits.map(({ id, table, estimatedRows }) => {
    const progress = content.splits.get(id)
    const record =
      progress === undefined ? freshSplit : splitRecordOf(progress.sequence, progress.record)
    const { counts, isDone, sequence, position } = record
    const { recordsRead, recordsWritten, recordsFiltered, recordsDirty } = counts
    const status: SplitStatus = {
      id,
      table,
      state: isDone ? 'done' : sequence > 0 ? 'begun' : 'waiting',
      position: position?.label ?? null,
      recordsRead,
      recordsWritten,
      recordsFiltered,
      recordsDirty,
    }
    return { status, counts, estimatedRows }
  })
}

const emptyStatus: JobStatus = {
  job: '',
  state: 'none',
  startedAt: null,
  endedAt: null,
  owner: null,
  splits: [],
  tables: [],
  counts: noCounts,
  changes: null,
}
