import type { StoppedTable, StoppedTables } from './stopped-tables.ts'
import type { TableTotal, TableTotalsByName } from './table-totals.ts'

/** Rows or changes of a table by what has become of them. */
export interface TableRecords {
  readonly recordsRead: number
  readonly recordsWritten: number
  readonly recordsFiltered: number
  readonly recordsDirty: number
}

/** How one table of a job stands. */
export interface TableStatus {
  readonly table: string
  readonly splits: { readonly total: number; readonly done: number }
  /** As the source guessed them when the table was cut; null when it did not. */
  readonly estimatedRows: number | null
  /** Rows that were there. */
  readonly snapshot: TableRecords
  /** Changes since the snapshot, up to 5 s late; null of a job that follows none. */
  readonly changes: TableRecords | null
  /** Changes in a second, at the same time; null while no run holds the job. */
  readonly changesPerSecond: number | null
  /** Why its changes are left out until it is read again; null when they are not. */
  readonly stopped: StoppedTable | null
}

/** What is known of the changes of a job. */
export interface KnownChanges {
  readonly totals: TableTotalsByName
  readonly stopped: StoppedTables
}

/** What is known of one split. */
export interface CountedSplit extends TableRecords {
  readonly table: string
  readonly isDone: boolean
  readonly estimatedRows: number | undefined
}

/**
 * Adds splits and changes up by table, in the order of the splits.
 *
 * @param known - of the changes; absent: the job follows none
 */
export function tableStatuses(
  splits: readonly CountedSplit[],
  known: KnownChanges | undefined,
  isHeld: boolean,
): readonly TableStatus[] {
  const byTable = new Map<string, CountedSplit[]>()
  for (const split of splits) {
    const known = byTable.get(split.table)
    if (known === undefined) byTable.set(split.table, [split])
    else known.push(split)
  }
  // Those of a job that reads no rows.
  for (const table of [...(known?.totals.keys() ?? []), ...(known?.stopped.keys() ?? [])])
    if (!byTable.has(table)) byTable.set(table, [])
  return [...byTable].map(([table, own]) => statusOf(table, own, { known, isHeld }))
}

function statusOf(
  table: string,
  splits: readonly CountedSplit[],
  { known, isHeld }: { known: KnownChanges | undefined; isHeld: boolean },
): TableStatus {
  const total = known?.totals.get(table)
  const isEstimated = splits.some(({ estimatedRows }) => estimatedRows !== undefined)
  return {
    table,
    splits: { total: splits.length, done: splits.filter(({ isDone }) => isDone).length },
    estimatedRows: isEstimated ? sum(splits, ({ estimatedRows = 0 }) => estimatedRows) : null,
    snapshot: {
      recordsRead: sum(splits, ({ recordsRead }) => recordsRead),
      recordsWritten: sum(splits, ({ recordsWritten }) => recordsWritten),
      recordsFiltered: sum(splits, ({ recordsFiltered }) => recordsFiltered),
      recordsDirty: sum(splits, ({ recordsDirty }) => recordsDirty),
    },
    changes: known === undefined ? null : recordsOf(total),
    changesPerSecond: known === undefined || !isHeld ? null : (total?.perSecond ?? 0),
    stopped: known?.stopped.get(table) ?? null,
  }
}

function recordsOf(total: TableTotal | undefined): TableRecords {
  const { recordsRead = 0, recordsWritten = 0, recordsFiltered = 0, recordsDirty = 0 } = total ?? {}
  return { recordsRead, recordsWritten, recordsFiltered, recordsDirty }
}

function sum(splits: readonly CountedSplit[], of: (split: CountedSplit) => number): number {
  return splits.reduce((total, split) => total + of(split), 0)
}
