import type { SplitRange } from './plan-splits.ts'

/**
 * A unique key of a table: no two rows agree in all of its columns, and none of them is ever NULL. Readers list only
 * keys whose columns come back from the server exactly as they are compared there.
 */
export interface UniqueKey {
  readonly isPrimary: boolean
  readonly columns: readonly string[]
}

/** What is known of a table by the time its rows are put in order. */
export interface OrderableTable<Column> {
  /** In the same order in every session. */
  readonly uniqueKeys: readonly UniqueKey[]
  /** The columns that rows can be ordered by. */
  readonly orderable: readonly Column[]
  /** The table's column that stands at each position of the row, where it is one and its cell tells its exact value. */
  readonly selected: readonly (Column | undefined)[]
}

/**
 * What the rows of a table can be ordered by.
 *
 * @param uniqueKeys - as the catalogue has them; those with a column that may be NULL or can't be ordered by are no use
 * @param selected - the column that stands at each position of the row, where it is one
 * @param dialect - `orderable` gives what the reader has to know of a column to order by it, `undefined` for one that
 *   rows can't be ordered by; `isExact` says whether the cell of a selected column tells its exact value
 */
export function orderableTable<Known extends KnownColumn, Column>(
  catalogue: readonly Known[],
  uniqueKeys: readonly UniqueKey[],
  selected: readonly (Known | undefined)[],
  dialect: {
    orderable(column: Known): Column | undefined
    isExact(column: Known): boolean
  },
): OrderableTable<Column> {
  const orderable = new Map<Known, Column>()
  const usable = new Set<string>()
  for (const known of catalogue) {
    const column = dialect.orderable(known)
    if (column === undefined) continue
    orderable.set(known, column)
    if (!known.isNullable) usable.add(known.name)
  }
  return {
    uniqueKeys: uniqueKeys.filter(({ columns }) => columns.every((name) => usable.has(name))),
    orderable: [...orderable.values()],
    selected: selected.map((known) =>
      known !== undefined && dialect.isExact(known) ? orderable.get(known) : undefined,
    ),
  }
}

interface KnownColumn {
  readonly name: string
  readonly isNullable: boolean
}

/** One column of the order, and where its cell stands. */
export interface OrderColumn<Column> {
  readonly column: Column
  /** Position in the row, hidden cells at its end included. */
  readonly cellIndex: number
  /** Whether rows of this split may have NULL there: the split key alone. */
  readonly isNullable: boolean
}

/** The order in which the rows of one split are read; no two rows stand at the same place. */
export interface SplitOrder<Column> {
  readonly columns: readonly OrderColumn<Column>[]
  /** Columns that the job does not select: read as further cells at the end of each row, for the position alone. */
  readonly hidden: readonly Column[]
}

/**
 * The order of a split: by the key it is cut by, then by a unique key; by the unique key alone when the split is the
 * whole table. `undefined` when the table has no unique key that can be used, so that the split is read whole.
 */
export function splitOrderOf<Column extends { readonly name: string }>(
  table: OrderableTable<Column>,
  { key, range }: SplitRange<{ readonly column: string }>,
): SplitOrder<Column> | undefined {
  const isCut = range.lower !== undefined || range.upper !== undefined
  const splitColumn = isCut ? key?.column : undefined
  const names = orderNames(table.uniqueKeys, splitColumn)
  const hidden: Column[] = []
  const columns: OrderColumn<Column>[] = []
  for (const name of names ?? []) {
    const column = table.orderable.find((candidate) => candidate.name === name)
    if (column === undefined) return undefined
    const visibleIndex = table.selected.indexOf(column)
    const cellIndex = visibleIndex < 0 ? table.selected.length + hidden.length : visibleIndex
    if (visibleIndex < 0) hidden.push(column)
    columns.push({ column, cellIndex, isNullable: name === splitColumn && range.includesNull })
  }
  return columns.length === 0 ? undefined : { columns, hidden }
}

/** A key that begins with the split column needs nothing in front of it, and its index serves both. */
function orderNames(
  keys: readonly UniqueKey[],
  splitColumn: string | undefined,
): readonly string[] | undefined {
  const [key] = keys.toSorted(
    (left, right) =>
      Number(right.columns[0] === splitColumn) - Number(left.columns[0] === splitColumn) ||
      Number(right.isPrimary) - Number(left.isPrimary) ||
      left.columns.length - right.columns.length,
  )
  if (key === undefined || splitColumn === undefined) return key?.columns
  return [splitColumn, ...key.columns.filter((name) => name !== splitColumn)]
}
