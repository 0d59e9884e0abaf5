import type { Cell } from './cell.ts'

/** Length of a cell in bytes as the report counts it: UTF-8 or binary length; `null` and `undefined` are 0. */
export function byteLengthOfCell(cell: Cell): number {
  if (typeof cell === 'string') return Buffer.byteLength(cell)
  if (cell === null || cell === undefined) return 0
  if (typeof cell === 'boolean') return 1
  return typeof cell === 'object' ? cell.byteLength : String(cell).length
}
