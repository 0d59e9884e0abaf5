import { PluginError, type Split } from '@millrace/core/plugin'
import {
  qualifiedName,
  type Cell,
  type OperationCode,
  type Position,
  type RowChange,
  type TableSchema,
} from '@millrace/core/record'
import type { Dataset } from '../dataset.ts'

/** One change of a row, as a source reports it. */
export interface MemoryChange {
  /** Which of the datasets has the table; default the first. */
  readonly dataset?: number
  readonly operation: OperationCode
  /** For `d` the row as it was. */
  readonly row: readonly Cell[]
  /** The row before an `u`; absent: the source does not send it. */
  readonly before?: readonly Cell[]
  /** Number of its transaction, counting up; default: each change has one of its own. */
  readonly transaction?: number
  /** Milliseconds since the epoch; default 0. */
  readonly committedAtMs?: number
}

/** What splits are cut from: the rows of a table, or the changes of all of them. */
export interface MemoryPart {
  readonly name: string
  readonly noun: 'row' | 'change'
  readonly rowCount: number
  /** Whether rows come to it while it is read. */
  readonly isGrowing?: boolean
  /** `undefined` where a row was deleted, or there is none yet. */
  entryAt(index: number): MemoryEntry | undefined
}

/** A row of a part. */
export interface MemoryEntry {
  readonly schema: TableSchema
  readonly row: readonly Cell[]
  readonly change?: RowChange
}

/** The tables in order, then the changes; tables without rows are left out where there are changes. */
export function memoryParts(
  datasets: readonly Dataset[],
  changes: readonly MemoryChange[] | undefined,
): readonly MemoryPart[] {
  const tables = datasets.map(({ schema, rows }): MemoryPart => ({
    name: qualifiedName(schema),
    noun: 'row',
    rowCount: rows.length,
    entryAt: (index) => entryOfRow(schema, rows[index]),
  }))
  if (changes === undefined) return tables
  return [
    ...tables.filter(({ rowCount }) => rowCount > 0),
    {
      name: '(changes)',
      noun: 'change',
      rowCount: changes.length,
      entryAt: (index) => entryOf(datasets, changes[index] as MemoryChange, index),
    },
  ]
}

/** A row as an entry; `undefined` when there is none. */
export function entryOfRow(
  schema: TableSchema,
  row: readonly Cell[] | undefined,
): MemoryEntry | undefined {
  return row === undefined ? undefined : { schema, row }
}

/** A change with what its table says of it. */
export function entryOf(
  datasets: readonly Dataset[],
  change: MemoryChange,
  index: number,
): MemoryEntry {
  const { dataset = 0, operation, row, before, transaction = index + 1, committedAtMs = 0 } = change
  const { schema } = datasets[dataset] as Dataset
  const rowBefore = before === undefined ? null : [...before]
  return {
    schema,
    row,
    change: { operation, before: rowBefore, transaction, committedAtMs },
  }
}

/** The position behind which the row or change at `next` comes. */
export function positionBehind(noun: MemoryPart['noun'], next: number): Position {
  return { token: next, label: `${noun} ${next}` }
}

/** The index of the first row behind a position, whose token it is. */
export function rowBehind(
  { table }: Split,
  { token, label }: Position,
  start: number,
  end: number,
): number {
  if (typeof token === 'number' && token >= start && token <= end) return token
  throw new PluginError({
    code: 'POSITION_LOST',
    message: `Reading ${table}: ${label} is no position in rows ${start} to ${end}.`,
    hint: 'Read the split from its beginning.',
  })
}
