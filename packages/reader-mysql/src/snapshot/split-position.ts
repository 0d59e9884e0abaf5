import { isUtf8 } from 'node:buffer'
import type { Cell } from '@millrace/core/record'
import { keyPosition, type KeyValue, type RowPositions, type SplitOrder } from '@millrace/core/sql'
import type { OrderableColumn } from './source-object.ts'

/** The positions of rows that are read in this order. Hidden cells are ASCII text, of the form `keyLiteral` takes. */
export function splitPositions({ columns, hidden }: SplitOrder<OrderableColumn>): RowPositions {
  return {
    hiddenTypes: hidden.map(() => 'string'),
    positionOf: (row) =>
      keyPosition(
        columns.map(({ column, cellIndex }) =>
          keyValueOf(column, row[cellIndex], cellIndex >= row.length - hidden.length),
        ),
      ),
  }
}

function keyValueOf({ name, form }: OrderableColumn, cell: Cell, isHidden: boolean): KeyValue {
  if (cell === null || cell === undefined) return { column: name, value: null, text: 'NULL' }
  const isHex = form.kind === 'text' || form.kind === 'bytes' || form.kind === 'other'
  if (!isHex) return { column: name, value: String(cell), text: String(cell) }
  const bytes = isHidden ? Buffer.from(String(cell), 'hex') : bytesOf(cell)
  const hex = bytes.toString('hex')
  const isText = form.kind !== 'bytes' && isUtf8(bytes)
  return { column: name, value: hex, text: isText ? bytes.toString() : `0x${hex}` }
}

function bytesOf(cell: Cell): Buffer {
  return cell instanceof Uint8Array
    ? Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength)
    : Buffer.from(String(cell))
}
