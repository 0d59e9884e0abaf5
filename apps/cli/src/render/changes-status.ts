import { logBudgetText, type ChangesStatus } from '@millrace/core'
import { formatLag } from './changes.ts'
import { formatCount } from './numbers.ts'
import { printable } from './printable.ts'

/** What `status` says of the changes of a job. */
export function formatChangesStatus(status: ChangesStatus): readonly string[] {
  const { position, committedAt, recordsRead, recordsWritten, recordsFiltered, recordsDirty } =
    status
  const when = committedAt === null ? '' : `, the last one committed ${committedAt}`
  return [
    `changes: up to ${position}${when}`,
    `  ${formatCount(recordsRead)} records settled (${formatCount(recordsWritten)} written, ${formatCount(recordsFiltered)} filtered, ${formatCount(recordsDirty)} dirty)`,
    `  ${logText(status)}`,
    ...(status.durability === null ? [] : [`  durability: ${status.durability}`]),
  ].map(printable)
}

function logText({ log, logProblem, lagMs, budget }: ChangesStatus): string {
  if (log === null) return `lag unknown: ${logProblem}`
  const { lagBytes, end, log: name = 'log' } = log
  const lag = formatLag(lagBytes, lagMs ?? undefined) || 'lag unknown'
  const left = budget === null ? '' : `, ${logBudgetText(budget)}`
  return `${lag}; the ${name} ends at ${end}${left}`
}
