import { readJobStatus, type JobStatus } from '@millrace/core'
import type { JobFlags } from '../job-options.ts'
import { createLogger } from '../logger.ts'
import { failWith } from '../render/errors.ts'
import { formatCount } from '../render/numbers.ts'
import { listenForStop } from '../stop-signals.ts'
import { loadPlan } from './load-plan.ts'

export interface StatusFlags extends JobFlags {
  readonly json?: boolean
}

/** `millrace status`: prints what the checkpoint of a job holds. Resolves with the exit code. */
export async function statusCommand(file: string, flags: StatusFlags): Promise<number> {
  const logger = createLogger(flags.logLevel, (text) => process.stderr.write(text))
  const plan = await loadPlan(file, flags, logger)
  if (plan === undefined) return 2
  const stop = listenForStop(logger)
  try {
    const status = await readJobStatus(plan, { logger, signal: stop.signal })
    process.stdout.write(
      flags.json === true ? `${JSON.stringify(status, null, 2)}\n` : formatStatus(status),
    )
    return 0
  } catch (error) {
    return failWith(error, logger)
  } finally {
    stop.dispose()
  }
}

function formatStatus(status: JobStatus): string {
  const { job, state, owner, splits, counts } = status
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
  return `${lines.join('\n')}\n`
}

function stateText({ state, startedAt, endedAt }: JobStatus): string {
  return state === 'complete' ? `complete since ${endedAt}` : `not complete, begun ${startedAt}`
}
