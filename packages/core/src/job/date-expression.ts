import { isTimeZone, wallClock } from './time-zone.ts'

/** The clock that scheduling parameters are computed from. */
export interface ScheduleClock {
  /** Wall time of the schedule in the job's zone, in the UTC fields of the date. */
  readonly scheduled: Date
}

/** The clock of a schedule: `scheduledAt` seen in a time zone (in UTC when there is no zone of that name). */
export function scheduleClock(scheduledAt: Date, timeZone: string): ScheduleClock {
  return { scheduled: wallClock(scheduledAt, isTimeZone(timeZone) ? timeZone : 'UTC') }
}

const dayMs = 86_400_000

const tokens = /yyyy|yy|mm|dd|hh24|mi|ss/g
const shifted = /^(.*?)\s*(?:([+-])\s*(\d+)(?:\*(\d+))?(\/24(?:\/60)?)?)?$/s
const addMonths = /^add_months\(\s*(.+?)\s*,\s*([+-]?\d+)(?:\*(\d+))?\s*\)(.*)$/s
/** What a date format may hold beside the letters. */
const separators = /^[-\s/:._,T]*$/

/** What a date expression gives, or what is wrong with it. */
export type DateResult = { readonly text: string } | { readonly problem: string }

/**
 * The value of `$[…]`: letters yyyy, yy, mm, dd, hh24, mi, ss of the scheduled time, shifted by `±N` days, `±N/24`
 * hours or `±N/24/60` minutes, or by months with `add_months(format,N)`. `undefined` when the text is no date format
 * at all (a regular expression such as `$[a-z]`).
 */
export function scheduledDate(expression: string, clock: ScheduleClock): DateResult | undefined {
  const months = addMonths.exec(expression)
  if (months !== null) {
    const count = Number(months[2]) * Number(months[3] ?? 1)
    const base = shiftMonths(clock.scheduled, count)
    return render(`${months[1] ?? ''}${months[4] ?? ''}`, base, 'day')
  }
  return /^(?:yy|mm|dd|hh|mi|ss)/i.test(expression)
    ? render(expression, clock.scheduled, 'day')
    : undefined
}

/**
 * The value of a `${…}` that is a date format: yyyy, yy, mm, dd of the business date (the day before the scheduled
 * one), shifted by `±N` of the smallest unit in the format. `undefined` when the text is no such format.
 */
export function businessDate(expression: string, clock: ScheduleClock): DateResult | undefined {
  const format = shifted.exec(expression)?.[1] ?? ''
  const rest = format.replaceAll(tokens, '')
  if (rest === format || !separators.test(rest) || /hh24|mi|ss/.test(format)) return undefined
  const unit = format.includes('dd') ? 'day' : format.includes('mm') ? 'month' : 'year'
  return render(expression, businessDay(clock), unit)
}

/** The value of `$bizdate`, `$cyctime`, `$gmtdate` and `$bizmonth`. */
export function systemParameter(name: string, clock: ScheduleClock): string | undefined {
  switch (name) {
    case 'bizdate':
    case 'bdp.system.bizdate':
      return formatDate('yyyymmdd', businessDay(clock))
    case 'cyctime':
    case 'bdp.system.cyctime':
      return formatDate('yyyymmddhh24miss', clock.scheduled)
    case 'gmtdate':
      return formatDate('yyyymmdd', clock.scheduled)
    case 'bizmonth':
      return businessMonth(clock)
    default:
      return undefined
  }
}

function businessDay(clock: ScheduleClock): Date {
  return new Date(clock.scheduled.getTime() - dayMs)
}

/** The month before when the business date lies in the scheduled month, else the business date's month. */
function businessMonth(clock: ScheduleClock): string {
  const business = businessDay(clock)
  const month = formatDate('yyyymm', business)
  if (month !== formatDate('yyyymm', clock.scheduled)) return month
  return formatDate('yyyymm', shiftMonths(business, -1))
}

function render(expression: string, base: Date, unit: 'day' | 'month' | 'year'): DateResult {
  const [, format = '', sign, count, factor, fraction] = shifted.exec(expression) ?? []
  const rest = format.replaceAll(tokens, '')
  if (!separators.test(rest)) {
    const problem = /[A-Z]/.test(format)
      ? 'date formats are written in small letters: yyyy, yy, mm, dd, hh24, mi, ss'
      : 'expected a date format of yyyy, yy, mm, dd, hh24, mi, ss, with ±N days or ±N/24 hours'
    return { problem }
  }
  if (count === undefined) return { text: formatDate(format, base) }
  const amount = Number(`${sign ?? '+'}${count}`) * Number(factor ?? 1)
  const date = shift(base, amount, fraction, unit)
  if (Number.isNaN(date.getTime())) return { problem: 'the date lies outside of what can be shown' }
  return { text: formatDate(format, date) }
}

function shift(
  base: Date,
  amount: number,
  fraction: string | undefined,
  unit: 'day' | 'month' | 'year',
): Date {
  if (fraction === '/24') return new Date(base.getTime() + amount * 3_600_000)
  if (fraction === '/24/60') return new Date(base.getTime() + amount * 60_000)
  if (unit === 'day') return new Date(base.getTime() + amount * dayMs)
  return shiftMonths(base, unit === 'month' ? amount : amount * 12)
}

/** Moves by whole months; the last day of a shorter month stands for days it does not have. */
function shiftMonths(base: Date, months: number): Date {
  const date = new Date(base)
  date.setUTCDate(1)
  date.setUTCMonth(date.getUTCMonth() + months)
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  date.setUTCDate(Math.min(base.getUTCDate(), last))
  return date
}

function formatDate(format: string, date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const year = String(date.getUTCFullYear()).padStart(4, '0')
  return format.replaceAll(tokens, (token) => {
    switch (token) {
      case 'yyyy':
        return year
      case 'yy':
        return year.slice(-2)
      case 'mm':
        return two(date.getUTCMonth() + 1)
      case 'dd':
        return two(date.getUTCDate())
      case 'hh24':
        return two(date.getUTCHours())
      case 'mi':
        return two(date.getUTCMinutes())
      default:
        return two(date.getUTCSeconds())
    }
  })
}
