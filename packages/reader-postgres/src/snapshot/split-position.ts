import type { Cell, JsonValue } from '@millrace/core/record'
import {
  keyPosition,
  positionLost,
  type KeyValue,
  type RowPositions,
  type SplitOrder,
} from '@millrace/core/sql'
import type { OrderableColumn } from './source-object.ts'
import { quoteText } from './table-name.ts'

/** The positions of rows that are read in this order. */
export function splitPositions({ columns, hidden }: SplitOrder<OrderableColumn>): RowPositions {
  return {
    hiddenTypes: hidden.map(({ type }) => type),
    positionOf: (row) =>
      keyPosition(columns.map(({ column, cellIndex }) => keyValueOf(column, row[cellIndex]))),
  }
}

function keyValueOf({ name, type }: OrderableColumn, cell: Cell): KeyValue {
  if (cell === null || cell === undefined) return { column: name, value: null, text: 'NULL' }
  if (!(cell instanceof Uint8Array)) {
    return { column: name, value: String(cell), text: String(cell) }
  }
  const hex = Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength).toString('hex')
  // Text that is not UTF-8, from a database without an encoding, is no bytea.
  const value = type === 'bytes' ? `\\x${hex}` : { hex }
  return { column: name, value, text: `0x${hex}` }
}

/**
 * A value of a position as a literal, which takes the type, and with it the collation, of the column it is compared
 * with.
 *
 * @param column - for messages
 * @throws PluginError POSITION_LOST when it is no value of a position
 */
export function literalOf(value: Exclude<JsonValue, null>, column: string): string {
  if (typeof value === 'string') return quoteText(value)
  const { hex } = value as { readonly hex?: unknown }
  if (typeof hex === 'string' && /^(?:[0-9a-f]{2})*$/.test(hex)) {
    return ` E'${hex.replaceAll(/../g, '\\x$&')}'`
  }
  throw positionLost(`reading by the column ${column}`, 'its value in the position is none')
}
