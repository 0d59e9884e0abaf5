import { dayNumber, daysInMonth, ZonedWallClock } from './zoned-wall-clock.ts'

const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
const letters = 'GyYMLwWDdFEuaHkKhmsSzZX'

/** A piece of a pattern: a letter with how often it stands there, or literal text. */
interface Piece {
  readonly letter: string
  readonly count: number
  readonly literal: string
}

/** A wall clock taken apart. */
interface WallClock {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  /** Digits after the point, as many as the text has. */
  readonly fraction: string
}

/** A compiled pattern: text of a `date`, `time` or `datetime` cell in, formatted text out. */
export type DateFormatter = (text: string) => string

/** What a pattern needs to know beside itself. */
export interface DatePatternOptions {
  /** Zone that the wall clocks belong to, for `z`, `Z` and `X`. Default `UTC`. */
  readonly timeZone?: string
}

/**
 * Compiles a date pattern as Java's `SimpleDateFormat` writes it (`yyyy-MM-dd HH:mm:ss`, `yyyyMMddHHmmssSSS`,
 * `d MMM yyyy 'at' h:mm a`) into a formatter over the wall-clock text of cells. Names are English; weeks are those of
 * ISO 8601. `S` counts digits of the fraction of a second, so that `SSSSSS` prints microseconds.
 *
 * A time of day is formatted as one of 1970-01-01, a date as its midnight. What has no place on the calendar (zero
 * dates, `infinity`, years BC, times beyond a day) comes back as it is. An instant has to be brought to its zone first,
 * see {@link ZonedWallClock}.
 *
 * @throws RangeError when the pattern holds a letter that means nothing, or a quote that is not closed
 */
export function compileDatePattern(
  pattern: string,
  options: DatePatternOptions = {},
): DateFormatter {
  const pieces = parsePattern(pattern)
  const zone = new ZonedWallClock(options.timeZone ?? 'UTC')
  const format = (text: string) => {
    const clock = parseWallClock(text)
    return clock === undefined ? text : formatPieces(pieces, clock, zone)
  }
  // The pattern that nearly every job uses needs no taking apart.
  if (pattern !== 'yyyy-MM-dd HH:mm:ss') return format
  return (text) => (isPlainDateTime(text) ? text.slice(0, 19) : format(text))
}

/** `YYYY-MM-DD HH:MM:SS` with a fraction perhaps, of a day that every month of every year has. */
function isPlainDateTime(text: string): boolean {
  return /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8]) \d\d:\d\d:\d\d(?:\.\d+)?$/.test(text)
}

function parsePattern(pattern: string): readonly Piece[] {
  const pieces: Piece[] = []
  const addLiteral = (literal: string) => {
    if (literal !== '') pieces.push({ letter: '', count: 0, literal })
  }
  let at = 0
  while (at < pattern.length) {
    const character = pattern.charAt(at)
    if (character === "'") {
      const quoted = readQuoted(pattern, at)
      addLiteral(quoted.literal)
      at = quoted.end
    } else if (/[A-Za-z]/.test(character)) {
      let end = at + 1
      while (pattern.charAt(end) === character) end += 1
      pieces.push(letterPiece(pattern, character, end - at))
      at = end
    } else {
      addLiteral(character)
      at += 1
    }
  }
  return pieces
}

/** Text between quotes; two quotes stand for one, inside and outside. */
function readQuoted(pattern: string, start: number): { literal: string; end: number } {
  if (pattern.charAt(start + 1) === "'") return { literal: "'", end: start + 2 }
  let literal = ''
  for (let at = start + 1; at < pattern.length; at += 1) {
    if (pattern.charAt(at) !== "'") {
      literal += pattern.charAt(at)
    } else if (pattern.charAt(at + 1) === "'") {
      literal += "'"
      at += 1
    } else {
      return { literal, end: at + 1 }
    }
  }
  throw new RangeError(
    `date pattern ${JSON.stringify(pattern)}: the quote at character ${start + 1} is not closed`,
  )
}

function letterPiece(pattern: string, letter: string, count: number): Piece {
  if (!letters.includes(letter)) {
    throw new RangeError(
      `date pattern ${JSON.stringify(pattern)}: the letter ${letter} means nothing there; ` +
        `expected letters of ${letters}, other text in single quotes`,
    )
  }
  if (letter === 'X' && count > 3) {
    throw new RangeError(`date pattern ${JSON.stringify(pattern)}: X stands at most three times`)
  }
  return { letter, count, literal: '' }
}

const dateTime = /^(\d{4,6})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(?:\.(\d+))?)?$/
const timeOfDay = /^(\d\d):(\d\d):(\d\d)(?:\.(\d+))?$/

function parseWallClock(text: string): WallClock | undefined {
  const match = dateTime.exec(text)
  if (match === null) return parseTimeOfDay(text)
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = ''] = match
  const clock = {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    fraction,
  }
  const isDay = clock.month >= 1 && clock.month <= 12 && clock.day >= 1
  return isDay && clock.day <= daysInMonth(clock.year, clock.month) ? clock : undefined
}

function parseTimeOfDay(text: string): WallClock | undefined {
  const match = timeOfDay.exec(text)
  if (match === null || Number(match[1]) > 23) return undefined
  const [, hour, minute, second, fraction = ''] = match
  return {
    year: 1970,
    month: 1,
    day: 1,
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    fraction,
  }
}

function formatPieces(pieces: readonly Piece[], clock: WallClock, zone: ZonedWallClock): string {
  let text = ''
  for (const piece of pieces) {
    text += piece.letter === '' ? piece.literal : formatLetter(piece, clock, zone)
  }
  return text
}

function formatLetter(piece: Piece, clock: WallClock, zone: ZonedWallClock): string {
  const { letter, count } = piece
  switch (letter) {
    case 'y':
      return yearText(clock.year, count)
    case 'Y':
      return yearText(isoWeek(clock).year, count)
    case 'M':
    case 'L':
      return monthText(clock.month, count)
    case 'E':
      return nameText(weekdays[isoWeekday(clock) - 1] ?? '', count)
    case 'a':
      return clock.hour < 12 ? 'AM' : 'PM'
    case 'G':
      return 'AD'
    case 'S':
      return clock.fraction.padEnd(count, '0').slice(0, count)
    case 'z':
    case 'Z':
    case 'X':
      return zoneText(piece, clock, zone)
    default:
      return String(numberOf(letter, clock)).padStart(count, '0')
  }
}

/** Letters that are a plain number, padded with zeros to as many digits as there are letters. */
function numberOf(letter: string, clock: WallClock): number {
  switch (letter) {
    case 'd':
      return clock.day
    case 'H':
      return clock.hour
    case 'k':
      return clock.hour === 0 ? 24 : clock.hour
    case 'K':
      return clock.hour % 12
    case 'h':
      return clock.hour % 12 === 0 ? 12 : clock.hour % 12
    case 'm':
      return clock.minute
    case 's':
      return clock.second
    case 'D':
      return dayOfYear(clock)
    case 'F':
      return Math.ceil(clock.day / 7)
    case 'u':
      return isoWeekday(clock)
    case 'w':
      return isoWeek(clock).week
    default:
      // W, the week of the month: the first one holds at least four days of it.
      return Math.floor((clock.day + 7 - isoWeekday(clock) + 3) / 7)
  }
}

function yearText(year: number, count: number): string {
  return count === 2 ? String(year % 100).padStart(2, '0') : String(year).padStart(count, '0')
}

function monthText(month: number, count: number): string {
  return count < 3 ? String(month).padStart(count, '0') : nameText(months[month - 1] ?? '', count)
}

function nameText(name: string, count: number): string {
  return count < 4 ? name.slice(0, 3) : name
}

function dayOfYear(clock: WallClock): number {
  return dayNumber(clock.year, clock.month, clock.day) - dayNumber(clock.year, 1, 1) + 1
}

/** 1 is Monday. */
function isoWeekday(clock: WallClock): number {
  const days = dayNumber(clock.year, clock.month, clock.day)
  return ((((days + 3) % 7) + 7) % 7) + 1
}

function isoWeek(clock: WallClock): { year: number; week: number } {
  // The Thursday of a week tells the year that the week belongs to.
  const thursday = dayNumber(clock.year, clock.month, clock.day) - isoWeekday(clock) + 4
  let { year } = clock
  if (thursday < dayNumber(year, 1, 1)) year -= 1
  else if (thursday >= dayNumber(year + 1, 1, 1)) year += 1
  return { year, week: Math.floor((thursday - dayNumber(year, 1, 1)) / 7) + 1 }
}

function zoneText(piece: Piece, clock: WallClock, zone: ZonedWallClock): string {
  const days = dayNumber(clock.year, clock.month, clock.day)
  const wallSeconds = days * 86_400 + clock.hour * 3600 + clock.minute * 60 + clock.second
  const offset = zone.offsetSecondsOfWall(wallSeconds)
  if (piece.letter === 'z') return zoneName(piece.count, wallSeconds - offset, zone)
  if (piece.letter === 'X' && offset === 0) return 'Z'
  const minutes = Math.floor(Math.abs(offset) / 60)
  const sign = offset < 0 ? '-' : '+'
  const hours = String(Math.floor(minutes / 60)).padStart(2, '0')
  const rest = String(minutes % 60).padStart(2, '0')
  if (piece.letter === 'Z' || piece.count === 2) return `${sign}${hours}${rest}`
  return piece.count === 1 ? `${sign}${hours}` : `${sign}${hours}:${rest}`
}

function zoneName(count: number, epochSeconds: number, zone: ZonedWallClock): string {
  const { timeZone } = zone
  // A fixed offset has no name but itself.
  if (!/^[A-Za-z]+(?:\/|$)/.test(timeZone)) return timeZone
  const timeZoneName = count < 4 ? 'short' : 'long'
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName })
  const bounded = Math.max(-8.64e15, Math.min(8.64e15, epochSeconds * 1000))
  return (
    format.formatToParts(bounded).find((part) => part.type === 'timeZoneName')?.value ?? timeZone
  )
}
