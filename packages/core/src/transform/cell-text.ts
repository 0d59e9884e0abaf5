import { isUtf8 } from 'node:buffer'
import type { Cell } from '../record/cell.ts'
import { RowFailure, type ColumnContext } from './transformer.ts'
import type { ZoneOffset } from './zone-offset.ts'

/** Text of a cell that is neither null nor absent, or why it has none. */
export type CellText = (cell: NonNullable<Cell>) => string | RowFailure

/**
 * How the cells of a column become text, as DataX's `asString` does it: numbers as they are, `true` and `false`,
 * bytes as UTF-8, instants in the zone of the job. Bytes that are no UTF-8 make the row dirty, since text made of them
 * would not be theirs.
 */
export function cellTextOf({ field, zone }: ColumnContext): CellText {
  if (field.type !== 'timestamptz') return textOf
  return (cell) => (typeof cell === 'string' ? instantInZone(cell, zone) : textOf(cell))
}

function textOf(cell: NonNullable<Cell>): string | RowFailure {
  if (typeof cell === 'string') return cell
  if (typeof cell !== 'object') return String(cell)
  if (!isUtf8(cell)) return new RowFailure('INVALID_TEXT', 'the bytes of the cell are not UTF-8')
  return Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength).toString('utf8')
}

const dateTime = /^(\d{4,6})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(\.\d+)?)?$/
const time = /^(-?)(\d{1,3}):(\d\d):(\d\d)(\.\d+)?$/

/** Wall clock of an instant in a zone; what has no place on the calendar (`infinity`, zero dates, BC) stays as it is. */
export function instantInZone(text: string, zone: ZoneOffset): string {
  const utcSeconds = wallSecondsOf(text)
  if (utcSeconds === undefined) return text
  const shift = zone.secondsAt(utcSeconds)
  if (shift === 0) return text
  const shifted = new Date((utcSeconds + shift) * 1000)
  if (Number.isNaN(shifted.getTime())) return text
  const iso = shifted.toISOString()
  const end = iso.indexOf('T')
  const date = iso.slice(0, end).replace(/^\+0*(?=\d{4})/, '')
  const dot = text.indexOf('.')
  return `${date} ${iso.slice(end + 1, end + 9)}${dot < 0 ? '' : text.slice(dot)}`
}

/** A date, time or both, read as UTC, in whole seconds since the epoch; `undefined` for what is none. */
function wallSecondsOf(text: string): number | undefined {
  const match = dateTime.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour = '0', minute = '0', second = '0'] = match
  const date = new Date(0)
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  // A day that does not exist (zero dates, 30 February) would roll over to another one.
  if (date.getUTCMonth() + 1 !== Number(month) || date.getUTCDate() !== Number(day))
    return undefined
  const seconds = Number(hour) * 3600 + Number(minute) * 60 + Number(second)
  return date.getTime() / 1000 + seconds
}

/**
 * Milliseconds since the epoch of a date or time cell, which is what DataX compares dates by; wall clocks are taken in
 * the zone of the job, times of day on 1970-01-01. `undefined` for what has none.
 */
export function epochMsOf(text: string, { field, zone }: ColumnContext): number | undefined {
  if (text === 'infinity') return Infinity
  if (text === '-infinity') return -Infinity
  const dot = text.indexOf('.')
  const fractionMs = dot < 0 ? 0 : Math.trunc(Number(text.slice(dot)) * 1000)
  if (field.type === 'time') {
    const match = time.exec(text)
    if (!match) return undefined
    const [, sign, hours, minutes, seconds] = match
    const ms = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000 + fractionMs
    return zone.epochSecondsOf(0) * 1000 + (sign === '-' ? -ms : ms)
  }
  const wallSeconds = wallSecondsOf(text)
  if (wallSeconds === undefined) return undefined
  const epochSeconds = field.type === 'timestamptz' ? wallSeconds : zone.epochSecondsOf(wallSeconds)
  return epochSeconds * 1000 + fractionMs
}
