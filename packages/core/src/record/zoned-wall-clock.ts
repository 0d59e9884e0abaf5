const fixedOffset = /^(?:GMT|UTC|UT)?([+-])(\d{1,2})(?::?(\d{2}))?$/i
const utcName = /^(?:UTC|GMT|UT|Z)$/i
const longOffset = /GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/
const daySeconds = 86_400
const quarterSeconds = 900
/** Bounded, because dates may be anything. */
const maxCachedOffsets = 50_000

/**
 * The clock of one time zone: turns the wall clock of an instant in UTC, as `timestamptz` cells hold it, into the wall
 * clock people of the zone saw. Exact over changes of daylight saving time; fractions of a second are kept digit by digit.
 *
 * Fast because offsets are remembered per day (a day on which the offset changes: per quarter of an hour, which is the
 * finest step at which a zone has changed since 1972), so that `Intl` is asked a few times per day of data.
 */
export class ZonedWallClock {
  /** The zone as it was given. */
  readonly timeZone: string
  readonly #fixedSeconds: number | undefined
  readonly #format: Intl.DateTimeFormat | undefined
  readonly #days = new Map<number, number | undefined>()
  readonly #quarters = new Map<number, number>()
  #lastDay = Number.NaN
  #lastDate = ''

  /**
   * @param timeZone an IANA name (`Asia/Shanghai`), or a fixed offset such as `GMT+8` or `+08:00`
   * @throws RangeError when there is no such zone
   */
  constructor(timeZone: string) {
    this.timeZone = timeZone
    const fixed = fixedOffset.exec(timeZone)
    if (fixed !== null) {
      const [, sign, hours, minutes] = fixed
      const seconds = Number(hours) * 3600 + Number(minutes ?? 0) * 60
      if (seconds > 18 * 3600 || Number(minutes ?? 0) > 59)
        throw new RangeError(`there is no time zone ${JSON.stringify(timeZone)}`)
      this.#fixedSeconds = sign === '-' ? -seconds : seconds
    } else if (utcName.test(timeZone)) {
      this.#fixedSeconds = 0
    } else {
      this.#format = openFormat(timeZone)
    }
  }

  /** Whether its wall clock is always that of UTC. */
  get isUtc(): boolean {
    return this.#fixedSeconds === 0
  }

  /** Seconds to add to UTC at an instant given in whole seconds since the epoch. */
  offsetSecondsAt(epochSeconds: number): number {
    if (this.#fixedSeconds !== undefined) return this.#fixedSeconds
    const day = Math.floor(epochSeconds / daySeconds)
    if (!this.#days.has(day)) {
      if (this.#days.size >= maxCachedOffsets) this.#days.clear()
      this.#days.set(day, this.#offsetOfDay(day))
    }
    return this.#days.get(day) ?? this.#offsetOfQuarter(epochSeconds)
  }

  /**
   * Offset in seconds that clocks of the zone have when they show `wallSeconds` (a wall clock read as if it were UTC).
   * A wall clock that exists twice means its first time.
   */
  offsetSecondsOfWall(wallSeconds: number): number {
    const before = this.offsetSecondsAt(wallSeconds - daySeconds)
    if (this.offsetSecondsAt(wallSeconds - before) === before) return before
    const near = this.offsetSecondsAt(wallSeconds - this.offsetSecondsAt(wallSeconds))
    return this.offsetSecondsAt(wallSeconds - near)
  }

  /**
   * The wall clock of the zone for `text`, an instant written as its wall clock in UTC (`YYYY-MM-DD HH:MM:SS[.ffffff]`).
   * What has no place on the calendar (`infinity`, zero dates, ` BC`) comes back as it is.
   */
  fromUtc(text: string): string {
    if (this.#fixedSeconds === 0) return text
    const utcSeconds = secondsOfWallClock(text)
    if (Number.isNaN(utcSeconds)) return text
    const shifted = utcSeconds + this.offsetSecondsAt(utcSeconds)
    const day = Math.floor(shifted / daySeconds)
    if (day !== this.#lastDay) {
      const date = dateOfDay(day)
      if (date === undefined) return text
      this.#lastDate = date
      this.#lastDay = day
    }
    const second = shifted - day * daySeconds
    const dot = text.indexOf('.')
    const clock = `${this.#lastDate} ${two(Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}`
    return dot < 0 ? clock : clock + text.slice(dot)
  }

  #offsetOfDay(day: number): number | undefined {
    const first = this.#ask(day * daySeconds)
    const isRegular = first === this.#ask((day + 1) * daySeconds - 1)
    return isRegular ? first : undefined
  }

  #offsetOfQuarter(epochSeconds: number): number {
    // Before 1972 some zones changed at odd seconds.
    if (epochSeconds < 63_072_000) return this.#ask(epochSeconds)
    const quarter = Math.floor(epochSeconds / quarterSeconds)
    let seconds = this.#quarters.get(quarter)
    if (seconds === undefined) {
      seconds = this.#ask(epochSeconds)
      if (this.#quarters.size >= maxCachedOffsets) this.#quarters.clear()
      this.#quarters.set(quarter, seconds)
    }
    return seconds
  }

  #ask(epochSeconds: number): number {
    const epochMs = epochSeconds * 1000
    // Beyond what a Date can hold the rules of its last year go on.
    const bounded = Math.max(-8.64e15, Math.min(8.64e15, epochMs))
    const match = longOffset.exec(this.#format?.format(bounded) ?? '')
    const [, sign, hours = '0', minutes = '0', seconds = '0'] = match ?? []
    const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
    return sign === '-' ? -total : total
  }
}

function openFormat(timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
  } catch (error) {
    throw new RangeError(`there is no time zone ${JSON.stringify(timeZone)}`, { cause: error })
  }
}

const dateTime = /^(\d{4,6})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(?:\.\d+)?)?$/

/**
 * Whole seconds since the epoch of a date or a date and time, read as UTC. `NaN` for what has no place on the calendar:
 * zero dates, 30 February, `infinity`, years BC.
 */
export function secondsOfWallClock(text: string): number {
  const usual = secondsOfUsualForm(text)
  if (!Number.isNaN(usual)) return usual
  const match = dateTime.exec(text)
  if (match === null) return Number.NaN
  const [, year, month, day, hour = '0', minute = '0', second = '0'] = match
  const days = dayNumber(Number(year), Number(month), Number(day))
  return days * daySeconds + Number(hour) * 3600 + Number(minute) * 60 + Number(second)
}

const zero = 48
const dash = 45
const colon = 58
const dot = 46

/**
 * The same for `YYYY-MM-DD HH:MM:SS`, with or without a fraction, in half the time that the expression takes: every date of
 * every row comes through here. `NaN` for all else, and where the expression gives it.
 */
function secondsOfUsualForm(text: string): number {
  const { length } = text
  if (length < 19 || text.charCodeAt(4) !== dash || text.charCodeAt(7) !== dash) return Number.NaN
  if (text.charCodeAt(13) !== colon || text.charCodeAt(16) !== colon) return Number.NaN
  if (text[10] !== ' ' && text[10] !== 'T') return Number.NaN
  if (length > 19 && (length === 20 || text.charCodeAt(19) !== dot)) return Number.NaN
  for (let at = 20; at < length; at += 1) if (Number.isNaN(digitAt(text, at))) return Number.NaN
  const year = twoDigitsAt(text, 0) * 100 + twoDigitsAt(text, 2)
  const days = dayNumber(year, twoDigitsAt(text, 5), twoDigitsAt(text, 8))
  const minutes = twoDigitsAt(text, 11) * 60 + twoDigitsAt(text, 14)
  return days * daySeconds + minutes * 60 + twoDigitsAt(text, 17)
}

function twoDigitsAt(text: string, at: number): number {
  return digitAt(text, at) * 10 + digitAt(text, at + 1)
}

function digitAt(text: string, at: number): number {
  const digit = text.charCodeAt(at) - zero
  return digit >= 0 && digit <= 9 ? digit : Number.NaN
}

/** Days since 1970-01-01 in the Gregorian calendar; `NaN` for a day that does not exist. */
export function dayNumber(year: number, month: number, day: number): number {
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return Number.NaN
  // Years are counted from March, so that the leap day is the last of its year.
  const shiftedYear = month <= 2 ? year - 1 : year
  const era = Math.floor(shiftedYear / 400)
  const yearOfEra = shiftedYear - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** Days of a month, 1 to 12, in the Gregorian calendar. */
export function daysInMonth(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
}

/** The date of a day as `dayNumber` counts it, also beyond what a Date can hold; `undefined` for years before 0. */
function dateOfDay(day: number): string | undefined {
  const shifted = day + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const leapDays =
    Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 146_096)
  const yearOfEra = Math.floor((dayOfEra + leapDays) / 365)
  const dayOfYear =
    dayOfEra - (yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  const year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
  if (year < 0) return undefined
  const date = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(date)}`
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}
