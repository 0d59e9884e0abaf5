import { isUtf8 } from 'node:buffer'
import type { Cell } from '../record/cell.ts'
import { secondsOfWallClock } from '../record/zoned-wall-clock.ts'
import { RowFailure, type ColumnContext } from './transformer.ts'

/** Text of a cell that is neither null nor absent, or why it has none. */
export type CellText = (cell: NonNullable<Cell>) => string | RowFailure

/**
 * How the cells of a column become text, as DataX's `asString` does it: numbers as they are, `true` and `false`,
 * bytes as UTF-8, instants in the zone of the job. Bytes that are no UTF-8 make the row dirty, since text made of them
 * would not be theirs.
 */
export function cellTextOf({ field, clock }: ColumnContext): CellText {
  if (field.type !== 'timestamptz') return textOf
  return (cell) => (typeof cell === 'string' ? clock.fromUtc(cell) : textOf(cell))
}

function textOf(cell: NonNullable<Cell>): string | RowFailure {
  if (typeof cell === 'string') return cell
  if (typeof cell !== 'object') return String(cell)
  if (!isUtf8(cell)) return new RowFailure('INVALID_TEXT', 'the bytes of the cell are not UTF-8')
  return Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength).toString('utf8')
}

const time = /^(-?)(\d{1,3}):(\d\d):(\d\d)(?:\.\d+)?$/

/**
 * Milliseconds since the epoch of a date or time cell, which is what DataX compares dates by; wall clocks are taken in
 * the zone of the job, times of day on 1970-01-01. `undefined` for what has none.
 */
export function epochMsOf(text: string, { field, clock }: ColumnContext): number | undefined {
  if (text === 'infinity') return Infinity
  if (text === '-infinity') return -Infinity
  const dot = text.indexOf('.')
  const fractionMs = dot < 0 ? 0 : Math.trunc(Number(text.slice(dot)) * 1000)
  if (field.type === 'time') {
    const match = time.exec(text)
    if (!match) return undefined
    const [, sign, hours, minutes, seconds] = match
    const ms = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000 + fractionMs
    return (sign === '-' ? -ms : ms) - clock.offsetSecondsOfWall(0) * 1000
  }
  const wallSeconds = secondsOfWallClock(text)
  if (Number.isNaN(wallSeconds)) return undefined
  const offset = field.type === 'timestamptz' ? 0 : clock.offsetSecondsOfWall(wallSeconds)
  return (wallSeconds - offset) * 1000 + fractionMs
}
