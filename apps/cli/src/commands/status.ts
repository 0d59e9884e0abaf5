import { readJobStatus, type JobStatus } from '@millrace/core'
import type { JobFlags } from '../job-options.ts'
import { createLogger } from '../logger.ts'
import { failWith } from '../render/errors.ts'
import { formatChangesStatus } from '../render/changes-status.ts'
import { formatCount } from '../render/numbers.ts'
import { formatTableStatus } from '../render/tables.ts'
import { listenForStop } from '../stop-signals.ts'
import { loadPlans } from './load-plan.ts'

export interface StatusFlags extends JobFlags {
  readonly json?: boolean
}

/** `millrace status`: prints what the checkpoint of a job, or of each job of a pipeline, holds. Resolves with the exit code. */
export async function statusCommand(file: string, flags: StatusFlags): Promise<number> {
  const logger = createLogger(flags.logLevel, (text) => process.stderr.write(text))
  const loaded = await loadPlans(file, flags, logger)
  if (loaded === undefined) return 2
  const { plans, isPipeline } = loaded
  const stop = listenForStop(logger)
  try {
    const jobs: JobStatus[] = []
    for (const plan of plans) jobs.push(await readJobStatus(plan, { logger, signal: stop.signal }))
    const shown = isPipeline ? { jobs } : jobs[0]
    process.stdout.write(
      flags.json === true ? `${JSON.stringify(shown, null, 2)}\n` : jobs.map(formatStatus).join(''),
    )
    return 0
  } catch (error) {
    return failWith(error, logger)
  } finally {
    stop.dispose()
  }
}

function formatStatus(status: JobStatus): string {
  const { job, state, owner, splits, tables, counts, changes } = status
  if (state === 'none') return `${job}: no checkpoint; the job has not been run, or was flushed\n`
  const lines = [`${job}: ${stateText(status)}`]
  if (owner !== null) lines.push(`held by process ${owner.pid} on host ${owner.host}`)
  lines.push(
    `records settled: ${formatCount(counts.recordsRead)} (${formatCount(counts.recordsWritten)} written, ${formatCount(counts.recordsFiltered)} filtered, ${formatCount(counts.recordsDirty)} dirty)`,
  )
  const done = splits.filter((split) => split.state === 'done').length
  if (splits.length > 0) lines.push(`splits: ${done} of ${splits.length} done`)
  for (const { id, state: splitState, position, recordsRead } of splits) {
    const where = position === null ? '' : `, after ${position}`
    lines.push(`  ${id}: ${splitState}${where}, ${formatCount(recordsRead)} records settled`)
  }
  if (changes !== null) lines.push(...formatTableStatus(tables), ...formatChangesStatus(changes))
  return `${lines.join('\n')}\n`
}

function stateText({ state, startedAt, endedAt, changes }: JobStatus): string {
  if (state === 'complete') return `complete since ${endedAt}`
  return changes === null
    ? `not complete, begun ${startedAt}`
    : `follows changes since ${startedAt}`
}
