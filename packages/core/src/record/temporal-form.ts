import type { Cell } from './cell.ts'
import type { Field } from './table-schema.ts'
import { secondsOfWallClock } from './zoned-wall-clock.ts'

/** Gives the value a cell stands for; what has no such value (`infinity`, zero dates, years BC) stays the text it is. */
export type CellForm = (cell: Cell) => Cell

/** The form of columns whose cells stay as they are: `===` tells that nothing has to be done. */
export const unchangedForm: CellForm = (cell) => cell

/**
 * How Redis Data Integration gives the cells of a column: dates are days since 1970-01-01; times microseconds;
 * `datetime` microseconds since then, for MySQL's with at most three decimals milliseconds; instants ISO 8601 text in UTC, with
 * six decimals for PostgreSQL; times with a zone text in UTC (`07:15:00Z`); `bit(1)` a boolean, longer bits their digits as text.
 * All other columns have {@link unchangedForm}. Numbers beyond 2^53 are `bigint`. Compiled once per column.
 */
export function compileEpochForm(field: Field): CellForm {
  const { type, nativeType } = field
  if (type === 'date') return ofText(daysOf)
  if (type === 'time') return ofText(microsecondsOfTime)
  if (type === 'datetime')
    return ofText(isMillisecondType(nativeType) ? millisecondsOf : microsecondsOf)
  if (type !== 'timestamptz') return otherForm(nativeType)
  const decimals = /^timestamp(?:tz|.*with time zone)/i.test(nativeType) ? 6 : 0
  return ofText((text) => isoInstant(text, decimals))
}

/** Dates and times as ISO 8601 text (`2026-01-02T03:04:05.5`, instants with `Z`); all else as `compileEpochForm` gives it. */
export function compileIsoForm(field: Field): CellForm {
  const { type, nativeType } = field
  if (type === 'date' || type === 'time') return unchangedForm
  if (type === 'datetime')
    return ofText((text) => (wallClock.test(text) ? text.replace(' ', 'T') : text))
  return type === 'timestamptz' ? ofText((text) => isoInstant(text, 0)) : otherForm(nativeType)
}

const wallClock = /^(\d{4,6}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d+))?$/
const timeText = /^(-?)(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/
const zonedTime = /^(\d\d):(\d\d):(\d\d)(\.\d+)?([+-])(\d\d)(?::?(\d\d))?(?::?(\d\d))?$/
const daySeconds = 86_400

function ofText(convert: (text: string) => Cell): CellForm {
  return (cell) => (typeof cell === 'string' ? convert(cell) : cell)
}

function otherForm(nativeType: string): CellForm {
  if (/^(?:timetz|time\b.*with time zone)/i.test(nativeType)) return ofText(utcTime)
  const bits = /^bit(?: varying)?\b(?:\((\d+)\))?/i.exec(nativeType)
  if (bits === null) return unchangedForm
  const count = Number(bits[1] ?? 0)
  return (cell) => {
    if (cell instanceof Uint8Array) return bitText(cell, count)
    return count === 1 && (cell === '0' || cell === '1') ? cell === '1' : cell
  }
}

/** MySQL's, where the decimals are part of the type; PostgreSQL's never is called so. */
function isMillisecondType(nativeType: string): boolean {
  return /^datetime(?:\([0-3]\))?$/i.test(nativeType.trim())
}

function daysOf(text: string): Cell {
  const seconds = secondsOfWallClock(text)
  return Number.isNaN(seconds) || text.length < 10 ? text : seconds / daySeconds
}

function millisecondsOf(text: string): Cell {
  const seconds = secondsOfWallClock(text)
  return Number.isNaN(seconds) ? text : seconds * 1000 + fractionOf(text, 3)
}

function microsecondsOf(text: string): Cell {
  const seconds = secondsOfWallClock(text)
  return Number.isNaN(seconds) ? text : withMicroseconds(seconds, fractionOf(text, 6))
}

function microsecondsOfTime(text: string): Cell {
  const match = timeText.exec(text)
  if (match === null) return text
  const [, sign, hours, minutes, seconds, fraction = ''] = match
  const whole = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
  const microseconds = whole * 1_000_000 + Number(fraction.padEnd(6, '0'))
  return sign === '-' && microseconds !== 0 ? -microseconds : microseconds
}

function withMicroseconds(seconds: number, microseconds: number): Cell {
  const total = seconds * 1_000_000 + microseconds
  if (Number.isSafeInteger(total)) return total
  return BigInt(seconds) * 1_000_000n + BigInt(microseconds)
}

/** So many digits of the fraction, as a whole number. */
function fractionOf(text: string, digits: number): number {
  const dot = text.indexOf('.')
  return dot < 0 ? 0 : Number(text.slice(dot + 1, dot + 1 + digits).padEnd(digits, '0'))
}

function isoInstant(text: string, decimals: number): Cell {
  const match = wallClock.exec(text)
  if (match === null || Number.isNaN(secondsOfWallClock(text))) return text
  const [, date, time, fraction = ''] = match
  const digits = fraction.padEnd(decimals, '0')
  return `${date}T${time}${digits === '' ? '' : `.${digits}`}Z`
}

/** `10:15:00+03` is `07:15:00Z`: the day is left behind, as Debezium does. */
function utcTime(text: string): Cell {
  const match = zonedTime.exec(text)
  if (match === null) return text
  const [, hour, minute, second, fraction = '', sign, hours, minutes = '0', seconds = '0'] = match
  const offset = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
  const local = Number(hour) * 3600 + Number(minute) * 60 + Number(second)
  const utc = (local + (sign === '-' ? offset : -offset) + 2 * daySeconds) % daySeconds
  return `${two(utc / 3600)}:${two((utc / 60) % 60)}:${two(utc % 60)}${fraction}Z`
}

function two(value: number): string {
  return String(Math.floor(value)).padStart(2, '0')
}

/** Digits of the bits, the highest first; MySQL sends them right-aligned in whole bytes. */
function bitText(bytes: Uint8Array, count: number): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(2).padStart(8, '0')
  return count > 0 && count < text.length ? text.slice(text.length - count) : text
}
