import { bigEndianAt, fixedFormat, unsignedAt, type CellFormat } from './cell-reader.ts'

/** Two digits of 0 to 99. */
const twoDigits = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, '0'))
const secondsOfDay = 86_400

/** DATE: year, month and day in three bytes. */
export const dateFormat: CellFormat = fixedFormat(3, (bytes, at) => {
  const packed = unsignedAt(bytes, at, 3)
  return dateText(packed >> 9, (packed >> 5) & 15, packed & 31)
})

/** DATETIME(n): 17 bits of year and month, 5 of day, 17 of the time, then the fraction. */
export function datetimeFormat(decimals: number): CellFormat {
  return fixedFormat(5 + fractionLength(decimals), (bytes, at) => {
    // 40 bits, the first one set: parts of up to 24 bits keep the arithmetic in small integers.
    const high = bigEndianAt(bytes, at, 3) & 0x7f_ffff
    const low = (bytes[at + 3]! << 8) | bytes[at + 4]!
    const months = high >> 6
    const time = ((high & 1) << 16) | low
    const day = (high >> 1) & 31
    const date = dateText(Math.trunc(months / 13), months % 13, day)
    const clock = clockText(time >> 12, (time >> 6) & 63, time & 63)
    return `${date} ${clock}${fractionText(bytes, at + 5, decimals)}`
  })
}

/** TIMESTAMP(n): seconds since the epoch, big-endian, then the fraction. Given in UTC; 0 is the zero date. */
export function timestampFormat(decimals: number): CellFormat {
  return fixedFormat(4 + fractionLength(decimals), (bytes, at) => {
    const seconds = bigEndianAt(bytes, at, 4)
    return timestampText(seconds, fractionText(bytes, at + 4, decimals))
  })
}

/** TIME(n): a sign, ten bits of hours, six each of minutes and seconds, offset so that they sort; then the fraction. */
export function timeFormat(decimals: number): CellFormat {
  const fraction = fractionLength(decimals)
  const length = 3 + fraction
  const zero = 0x80_0000 * 256 ** fraction
  return fixedFormat(length, (bytes, at) => {
    const packed = bigEndianAt(bytes, at, length) - zero
    const size = Math.abs(packed)
    const whole = Math.floor(size / 256 ** fraction)
    const clock = clockText(whole >> 12, (whole >> 6) & 63, whole & 63)
    const rest = decimals === 0 ? '' : fractionOf(size % 256 ** fraction, decimals)
    return `${packed < 0 ? '-' : ''}${clock}${rest}`
  })
}

/** TIMESTAMP of tables made before MySQL 5.6. */
export const oldTimestampFormat: CellFormat = fixedFormat(4, (bytes, at) =>
  timestampText(unsignedAt(bytes, at, 4), ''),
)

/** DATETIME of tables made before MySQL 5.6: the decimal number YYYYMMDDhhmmss. */
export const oldDatetimeFormat: CellFormat = fixedFormat(8, (bytes, at) => {
  const packed = unsignedAt(bytes, at + 4, 4) * 0x1_0000_0000 + unsignedAt(bytes, at, 4)
  const date = Math.floor(packed / 1_000_000)
  return `${decimalDate(date)} ${decimalClock(packed % 1_000_000)}`
})

/** TIME of tables made before MySQL 5.6: the decimal number hhmmss with a sign. */
export const oldTimeFormat: CellFormat = fixedFormat(3, (bytes, at) => {
  const packed = (unsignedAt(bytes, at, 3) << 8) >> 8
  return `${packed < 0 ? '-' : ''}${decimalClock(Math.abs(packed))}`
})

/** Bytes of a fraction of so many digits. */
export function fractionLength(decimals: number): number {
  return (decimals + 1) >> 1
}

export function dateText(year: number, month: number, day: number): string {
  return `${twoDigits[Math.trunc(year / 100)]}${twoDigits[year % 100]}-${twoDigits[month]}-${twoDigits[day]}`
}

/** Hours beyond 99 have more digits. */
export function clockText(hours: number, minutes: number, seconds: number): string {
  return `${twoDigits[hours] ?? hours}:${twoDigits[minutes]}:${twoDigits[seconds]}`
}

function fractionText(bytes: Buffer, at: number, decimals: number): string {
  return decimals === 0
    ? ''
    : fractionOf(bigEndianAt(bytes, at, fractionLength(decimals)), decimals)
}

/** An odd number of digits is stored with one more. */
function fractionOf(stored: number, decimals: number): string {
  const digits = String(stored).padStart(fractionLength(decimals) * 2, '0')
  return `.${digits.slice(0, decimals)}`
}

function timestampText(seconds: number, fraction: string): string {
  if (seconds === 0) return `0000-00-00 00:00:00${fraction}`
  const rest = seconds % secondsOfDay
  const clock = clockText(Math.trunc(rest / 3600), Math.trunc(rest / 60) % 60, rest % 60)
  return `${dayText(Math.floor(seconds / secondsOfDay))} ${clock}${fraction}`
}

/** The last day asked for: consecutive rows are mostly of one day. */
let lastDay = -1
let lastDayText = ''

function dayText(day: number): string {
  if (day !== lastDay) {
    lastDay = day
    lastDayText = new Date(day * secondsOfDay * 1000).toISOString().slice(0, 10)
  }
  return lastDayText
}

function decimalDate(packed: number): string {
  return dateText(Math.floor(packed / 10_000), Math.floor(packed / 100) % 100, packed % 100)
}

function decimalClock(packed: number): string {
  return clockText(Math.floor(packed / 10_000), Math.floor(packed / 100) % 100, packed % 100)
}
