import { stoppedText, type MovingTable, type TableNumbers, type TableStatus } from '@millrace/core'
import { formatCount } from './numbers.ts'
import { printable } from './printable.ts'

/** Tables that are named in one line of progress. */
const mostBusy = 5
/** Tables that are named in a closing summary. */
const mostListed = 20

/** `  busiest: public.invoice 1,200/s (5,000 changes), public.item 3/s (70 rows)`; nothing while none moves. */
export function formatBusyTables(tables: readonly MovingTable[]): readonly string[] {
  const moving = tables
    .map((numbers) => ({ numbers, rate: Math.round(numbers.perSecond) }))
    .filter(({ rate }) => rate > 0)
    .sort((one, other) => other.rate - one.rate)
  if (tables.length < 2 || moving.length === 0) return []
  const shown = moving.slice(0, mostBusy).map(({ numbers, rate }) => {
    const dirty = numbers.recordsDirty === 0 ? '' : `, dirty ${formatCount(numbers.recordsDirty)}`
    return `${numbers.table} ${formatCount(rate)}/s (${countOf(numbers)}${splitsOf(numbers)}${dirty})`
  })
  return [printable(`  busiest: ${shown.join(', ')}`)]
}

/** While not all of its rows are read. */
function splitsOf({ splits }: MovingTable): string {
  if (splits === undefined || splits.done === splits.total) return ''
  return `, ${splits.done} of ${splits.total} splits done`
}

function countOf({ phase, recordsRead }: TableNumbers): string {
  return `${formatCount(recordsRead)} ${phase === 'changes' ? 'changes' : 'rows'}`
}

/** What became of each table in a run, where there were several; those with most rows. */
export function formatTableReport(tables: readonly TableNumbers[]): readonly string[] {
  if (new Set(tables.map(({ table }) => table)).size < 2) return []
  const sorted = [...tables].sort((one, other) => other.recordsRead - one.recordsRead)
  const lines = sorted.slice(0, mostListed).map((numbers) => {
    const { table, recordsWritten, recordsFiltered, recordsDirty } = numbers
    return `  ${table}: ${countOf(numbers)} (${formatCount(recordsWritten)} written, ${formatCount(recordsFiltered)} filtered, ${formatCount(recordsDirty)} dirty)`
  })
  const rest = sorted.length - lines.length
  return ['By table:', ...lines, ...(rest > 0 ? [`  and ${rest} more`] : [])].map(printable)
}

/** What `status` says of each table of a job that follows changes. */
export function formatTableStatus(tables: readonly TableStatus[]): readonly string[] {
  if (tables.length === 0) return []
  const lines = tables.flatMap(
    ({ table, splits, snapshot, changes, changesPerSecond, stopped }) => {
      const dirty = snapshot.recordsDirty + (changes?.recordsDirty ?? 0)
      const parts = [
        ...(splits.total === 0 ? [] : [`${splits.done} of ${splits.total} splits done`]),
        `${formatCount(snapshot.recordsRead)} rows`,
        `${formatCount(changes?.recordsRead ?? 0)} changes`,
        ...(changesPerSecond === null ? [] : [`${formatCount(changesPerSecond)} changes/s`]),
        `dirty ${formatCount(dirty)}`,
      ]
      const line = `  ${table}: ${parts.join(', ')}`
      return stopped === null ? [line] : [line, `    stopped: ${stoppedText(table, stopped)}`]
    },
  )
  return ['tables:', ...lines].map(printable)
}
