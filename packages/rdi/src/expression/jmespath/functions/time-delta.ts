import { EvaluationError } from '../compile/evaluate.ts'
import { define } from './definition.ts'
import { stringOrNumber } from './parameters.ts'

/** Whole days from a time to now, negative for a time to come; the time as ISO text or in Unix seconds. */
const days = define('time_delta_days', [stringOrNumber], (time) =>
  Math.floor((Date.now() - milliseconds('time_delta_days', time)) / 86_400_000),
)

/** As `time_delta_days`, in seconds. */
const seconds = define('time_delta_seconds', [stringOrNumber], (time) =>
  Math.floor((Date.now() - milliseconds('time_delta_seconds', time)) / 1000),
)

function milliseconds(name: string, time: string | number | bigint): number {
  const result = typeof time === 'string' ? parseIsoTime(time) : Number(time) * 1000
  // What a Date cannot hold is no time either.
  if (Math.abs(result) <= 8.64e15) return result
  throw new EvaluationError(`${name}() takes an ISO date and time or Unix seconds`)
}

const isoTime =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d+))?)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/

/** Without an offset it is UTC, wherever the process runs. NaN for what is no time. */
function parseIsoTime(text: string): number {
  const match = isoTime.exec(text.trim())
  if (!match) return NaN
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '0', zone] =
    match
  const date = `${year}-${month}-${day}`
  const atMidnight = Date.parse(`${date}T00:00:00Z`)
  const hasDay = new Date(atMidnight || 0).toISOString().startsWith(date)
  if (!hasDay || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return NaN
  const time = (Number(hour) * 60 + Number(minute)) * 60 + Number(second) + Number(`0.${fraction}`)
  return atMidnight + time * 1000 - offsetMs(zone)
}

function offsetMs(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0')
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000
}

export const timeFunctions = [days, seconds]
