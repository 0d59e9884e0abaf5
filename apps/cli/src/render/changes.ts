import { logBudgetText, type JobCounters } from '@millrace/core'
import { formatBytes, formatCount, formatSeconds } from './numbers.ts'
import { printable } from './printable.ts'

/** How the changes of one job go: `changes up to 0/1A2B3C8 | lag 1.20MB, 8 ms | 2,041 changes/s | 120,000 changes | dirty 0`. */
export function formatChanges(counters: JobCounters): string {
  const { changes, retrying, recordsDirty } = counters
  const { position, log, perSecond, count } = changes
  const lag = formatLag(log?.lagBytes, changes.lagMs)
  return printable(
    [
      `changes up to ${position ?? 'the snapshot'}`,
      ...(lag === '' ? [] : [lag]),
      `${formatCount(Math.round(perSecond))} changes/s`,
      `${formatCount(count)} changes`,
      `dirty ${formatCount(recordsDirty)}`,
      ...(log?.budget === undefined ? [] : [logBudgetText(log.budget)]),
      ...(retrying === undefined ? [] : [`source fails: ${retrying.reason}`]),
    ].join(' | '),
  )
}

/** `lag 1.20MB, 8 ms`, or what of it is known. */
export function formatLag(lagBytes: number | undefined, lagMs: number | undefined): string {
  const parts = [
    ...(lagBytes === undefined ? [] : [formatBytes(lagBytes)]),
    ...(lagMs === undefined
      ? []
      : [lagMs < 1000 ? `${Math.round(lagMs)} ms` : formatSeconds(lagMs)]),
  ]
  return parts.length === 0 ? '' : `lag ${parts.join(', ')}`
}

/** The same as a JSON object. */
export function changesObject({ job, changes, retrying }: JobCounters) {
  const { log } = changes
  return {
    job,
    position: changes.position ?? null,
    lagBytes: log?.lagBytes ?? null,
    lagMs: changes.lagMs === undefined ? null : Math.round(changes.lagMs),
    committedAt:
      changes.committedAtMs === undefined ? null : new Date(changes.committedAtMs).toISOString(),
    changes: changes.count,
    changesPerSecond: Math.round(changes.perSecond),
    logEnd: log?.end ?? null,
    budget: log?.budget ?? null,
    retrying: retrying?.reason ?? null,
  }
}
