import { byteLengthOfCell, type Cell, type Row } from '@millrace/core/record'
import type { ColumnPlan } from './column-plan.ts'
import type { CellMaker } from './random-cell.ts'
import { RowRandom } from './row-random.ts'

/** Makes the rows of one split by their number, so that reading can begin anywhere. */
export interface RowSource {
  readonly rowCount: number
  /** A new row that the caller may keep and edit. */
  row(index: number): Row
  /** Length of the row just made, as `RecordBatch.byteSize` counts it. */
  byteSize(row: Row): number
}

/** Rows that are written out in the job. */
export function inlineRows(columns: readonly ColumnPlan[], rowCount: number): RowSource {
  return { rowCount, row: (index) => columns.map(({ cells }) => cells[index]), byteSize: rowSize }
}

/** Rows made of fixed and random cells. */
export function madeRows(
  columns: readonly ColumnPlan[],
  rowCount: number,
  seed: number,
  task: number,
): RowSource {
  const template: Row = columns.map(({ cells }) => cells[0])
  const fixedSize = rowSize(template)
  const makers: CellMaker[] = []
  const positions: number[] = []
  for (const [index, { random }] of columns.entries()) {
    if (!random) continue
    makers.push(random)
    positions.push(index)
  }
  if (makers.length === 0) {
    return { rowCount, row: () => template.slice(), byteSize: () => fixedSize }
  }
  const random = new RowRandom(seed, task)
  const row = (index: number): Row => {
    const made = template.slice()
    random.seek(index)
    for (let at = 0; at < makers.length; at++) {
      made[positions[at] as number] = (makers[at] as CellMaker)(random)
    }
    return made
  }
  const byteSize = (made: Row): number => {
    let size = fixedSize
    // Random text is ASCII: its length is its size.
    for (const position of positions) size += sizeOfAscii(made[position])
    return size
  }
  return { rowCount, row, byteSize }
}

function sizeOfAscii(cell: Cell): number {
  return typeof cell === 'string' ? cell.length : byteLengthOfCell(cell)
}

function rowSize(row: Row): number {
  let size = 0
  for (const cell of row) size += byteLengthOfCell(cell)
  return size
}
