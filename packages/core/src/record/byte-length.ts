import type { Cell } from './cell.ts'

/** Length of a cell in bytes as the report counts it: UTF-8 or binary length; `null` and `undefined` are 0. */
export function byteLengthOfCell(cell: Cell): number {
  switch (typeof cell) {
    case 'string':
      return Buffer.byteLength(cell)
    case 'number':
    case 'bigint':
      return String(cell).length
    case 'boolean':
      return 1
    case 'undefined':
      return 0
    case 'object':
      return cell === null ? 0 : cell.byteLength
  }
}
