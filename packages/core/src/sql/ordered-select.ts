import type { JsonValue, Position } from '../record/record-batch.ts'
import { keyValues } from './key-position.ts'
import {
  positionCondition,
  type ComparisonDialect,
  type PositionSide,
} from './position-condition.ts'
import { selectStatement } from './select-statement.ts'
import type { SplitOrder } from './split-order.ts'

/** How a database is asked for rows in order. */
export interface OrderDialect<Column> extends ComparisonDialect {
  quoteName(name: string): string
  /** What a hidden column is read as. */
  hiddenExpression(column: Column, quotedColumn: string): string
  /** A value of a position, not NULL, as a literal of the column's type. Throws POSITION_LOST when it is none. */
  literal(column: Column, value: Exclude<JsonValue, null>): string
}

/** What is read of a table. */
export interface OrderedRead<Column> {
  /** The table, ready to stand in a statement. */
  readonly table: string
  readonly selectList: readonly string[]
  /** Joined by AND; absent ones are left out. */
  readonly conditions: readonly (string | undefined)[]
  /** Absent: rows come as they stand, all of them. */
  readonly order: SplitOrder<Column> | undefined
  /** Whether the rows have to be in that order, with hidden columns at their end. */
  readonly isOrdered: boolean
  /** Only with an order: the rows up to and including this position are left out. */
  readonly from: Position | undefined
  /** Only with an order: the rows behind this position are left out. */
  readonly until: Position | undefined
  /** For messages: `reading table orders`. */
  readonly doing: string
}

/**
 * The statement that reads a part of a table.
 *
 * @throws PluginError POSITION_LOST when `from` is no position in this order
 */
export function orderedSelect<Column extends { readonly name: string }>(
  read: OrderedRead<Column>,
  dialect: OrderDialect<Column>,
): string {
  const { table, selectList, conditions, order, isOrdered } = read
  if (order === undefined) return selectStatement(table, selectList, ...conditions)
  // With the table's name before it a column is not taken for another column's alias.
  const quoted = ({ name }: Column) => `${table}.${dialect.quoteName(name)}`
  const hidden = order.hidden.map((column) => dialect.hiddenExpression(column, quoted(column)))
  const select = selectStatement(
    table,
    isOrdered ? [...selectList, ...hidden] : selectList,
    ...conditions,
    conditionOf(read, read.from, { order, quoted, dialect, side: 'behind' }),
    conditionOf(read, read.until, { order, quoted, dialect, side: 'up-to' }),
  )
  if (!isOrdered) return select
  return `${select} ORDER BY ${order.columns.map(({ column }) => quoted(column)).join(', ')}`
}

interface Bounding<Column> {
  readonly order: SplitOrder<Column>
  readonly quoted: (column: Column) => string
  readonly dialect: OrderDialect<Column>
  readonly side: PositionSide
}

function conditionOf<Column extends { readonly name: string }>(
  { doing }: OrderedRead<Column>,
  position: Position | undefined,
  { order: { columns }, quoted, dialect, side }: Bounding<Column>,
): string | undefined {
  if (position === undefined) return undefined
  const expected = columns.map(({ column: { name }, isNullable }) => ({ name, isNullable }))
  const values = keyValues(position, expected, doing)
  const bounds = columns.map(({ column, isNullable }, index) => {
    const value = values[index] ?? null
    const literal = value === null ? undefined : dialect.literal(column, value)
    return { column: quoted(column), literal, isNullable }
  })
  return positionCondition(side, bounds, dialect)
}
