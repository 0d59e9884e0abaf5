import { isUtf8 } from 'node:buffer'
import { ZonedWallClock, type Cell, type Row, type TableSchema } from '@millrace/core/record'

/** Turns rows into lines without their end. */
export type RowPrinter = (row: Row) => string

/**
 * Compiles how the rows of a schema are printed: nulls as `null`, as DataX does it; instants as clocks of `timeZone`
 * show them; bytes as text where they are UTF-8, else as `\x` and hexadecimal digits.
 */
export function compileRowPrinter(
  schema: TableSchema,
  delimiter: string,
  timeZone: string,
): RowPrinter {
  const clock = new ZonedWallClock(timeZone)
  const isInstant = schema.fields.map(({ type }) => type === 'timestamptz')
  return (row) => {
    let line = ''
    for (let index = 0; index < row.length; index++) {
      const cell = row[index]
      if (index > 0) line += delimiter
      line += isInstant[index] && typeof cell === 'string' ? clock.fromUtc(cell) : textOf(cell)
    }
    return line
  }
}

function textOf(cell: Cell): string {
  if (typeof cell === 'string') return cell
  if (cell === null || cell === undefined) return 'null'
  if (typeof cell !== 'object') return String(cell)
  const bytes = Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength)
  return isUtf8(bytes) ? bytes.toString('utf8') : `\\x${bytes.toString('hex')}`
}
