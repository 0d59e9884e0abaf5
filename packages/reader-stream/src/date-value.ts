import { secondsOfWallClock, ZonedWallClock } from '@millrace/core/record'

/** A date of the job file, in the form of a cell. */
export interface DateValue {
  readonly kind: 'date' | 'datetime' | 'timestamptz'
  readonly text: string
}

const iso =
  /^(\d{4,6})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)? ?(Z|[+-]\d\d(?::?\d\d)?)?$/i

interface DateParts {
  year: string
  month: string
  day: string
  hour: string
  minute: string
  second: string
  fraction: string
  offset: string | undefined
}

/**
 * Reads ISO text: a date, a date and time, or with an offset an instant, which becomes its wall clock in UTC.
 *
 * @throws RangeError when the text is no such thing, or no day of the calendar
 */
export function parseIsoDate(text: string): DateValue {
  const match = iso.exec(text.trim())
  if (!match) throw new RangeError('expected ISO text such as 2026-02-02T03:04:05.678+08:00')
  const [, year = '', month = '', day = '', hour, minute, second, fraction = '', offset] = match
  if (hour === undefined && offset === undefined) {
    return { kind: 'date', text: checked(`${year}-${month}-${day}`) }
  }
  return assemble({
    year,
    month,
    day,
    hour: hour ?? '00',
    minute: minute ?? '00',
    second: second ?? '00',
    fraction,
    offset,
  })
}

function assemble(parts: DateParts): DateValue {
  const { year, month, day, hour, minute, second, fraction, offset } = parts
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) {
    throw new RangeError(`${hour}:${minute}:${second} is no time of day`)
  }
  const seconds = checked(`${year}-${month}-${day} ${hour}:${minute}:${second}`)
  const text = fraction === '' ? seconds : `${seconds}.${fraction}`
  if (offset === undefined) return { kind: 'datetime', text }
  if (/^z$/i.test(offset)) return { kind: 'timestamptz', text }
  // The clock of the opposite offset, told that the text is UTC, shows what UTC's clock shows.
  const opposite = (offset.startsWith('-') ? '+' : '-') + offset.slice(1)
  return { kind: 'timestamptz', text: new ZonedWallClock(opposite).fromUtc(text) }
}

function checked(text: string): string {
  if (Number.isNaN(secondsOfWallClock(text))) throw new RangeError(`${text} is no day there is`)
  return text
}

const names = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const numericLetters: Readonly<Record<string, keyof DateParts>> = {
  y: 'year',
  M: 'month',
  d: 'day',
  H: 'hour',
  m: 'minute',
  s: 'second',
  S: 'fraction',
}

/** Reads dates written in one pattern. */
export type DateParser = (text: string) => DateValue

/**
 * Compiles a pattern of Java's `SimpleDateFormat` with the letters `y M d H m s S Z X` and quoted text into a parser.
 * What it gives is a date and time also where the pattern has no time, as in DataX; an instant where it has `Z` or `X`.
 *
 * @throws RangeError when the pattern has other letters
 */
export function compileDateParser(pattern: string): DateParser {
  const tokens = pattern.match(/'(?:[^']|'')*'|([a-zA-Z])\1*|[^a-zA-Z]/g) ?? []
  const parts: (keyof DateParts)[] = []
  let source = ''
  for (const [index, token] of tokens.entries()) {
    const isNextNumeric = (tokens[index + 1]?.charAt(0) ?? '') in numericLetters
    const part = numericLetters[token.charAt(0)]
    if (part !== undefined) {
      parts.push(part)
      source += `(${numberSource(token, isNextNumeric)})`
    } else if (/^[ZX]/.test(token)) {
      parts.push('offset')
      source += '(Z|[+-]\\d\\d(?::?\\d\\d)?)'
    } else if (/^[a-zA-Z]/.test(token)) {
      throw new RangeError(
        `the letter ${token.charAt(0)} is not supported in a dateFormat, only y M d H m s S Z X`,
      )
    } else {
      source += literalOf(token).replace(/[^\w\s]/g, '\\$&')
    }
  }
  const expression = new RegExp(`^${source}$`, 'i')
  return (text) => {
    const match = expression.exec(text.trim())
    if (!match) throw new RangeError(`expected text of the form ${pattern}`)
    return assemble(collect(parts, match))
  }
}

function numberSource(token: string, isNextNumeric: boolean): string {
  if (token.startsWith('MMM')) return names.join('|') + (token.length > 3 ? '|[a-z]+' : '')
  if (isNextNumeric) return `\\d{${token.length}}`
  if (token.startsWith('y')) return token.length === 2 ? '\\d{2}' : '\\d{4,6}'
  return token.startsWith('S') ? '\\d{1,9}' : '\\d{1,2}'
}

function literalOf(token: string): string {
  if (token === "''") return "'"
  return token.length > 1 ? token.slice(1, -1).replaceAll("''", "'") : token
}

function collect(parts: readonly (keyof DateParts)[], match: RegExpExecArray): DateParts {
  const found: DateParts = {
    year: '1970',
    month: '01',
    day: '01',
    hour: '00',
    minute: '00',
    second: '00',
    fraction: '',
    offset: undefined,
  }
  for (const [index, part] of parts.entries()) {
    const text = match[index + 1] ?? ''
    if (part === 'month' && /[a-z]/i.test(text)) {
      found.month = String(names.indexOf(text.slice(0, 3).toLowerCase()) + 1).padStart(2, '0')
    } else if (part === 'year') {
      found.year = text.length === 2 ? `20${text}` : text
    } else if (part === 'fraction') {
      // Java reads it as a number of milliseconds.
      found.fraction = text.padStart(3, '0')
    } else {
      found[part] = part === 'offset' ? text : text.padStart(2, '0')
    }
  }
  return found
}

/** Seconds since the epoch of a value's text, read as UTC. */
export function secondsOfDate(value: DateValue): number {
  return secondsOfWallClock(value.text)
}
