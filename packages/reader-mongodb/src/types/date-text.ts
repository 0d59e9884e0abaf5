import { safeLongAt, writeDigits, writeInteger } from './number-text.ts'
import { writeAscii, type TextSink } from './text-sink.ts'

const dayMs = 86_400_000
const dash = 0x2d
const colon = 0x3a
const dot = 0x2e

/** Room that any date takes at most. */
export const longestDate = 48

/**
 * Appends the instant at `offset` (milliseconds since 1970, 64 bits) as its wall clock in UTC: `2026-01-02 03:04:05`, with three
 * decimals where there are milliseconds. Years beyond 9999 have as many digits as they need, years before 1 end in ` BC`.
 *
 * @param separator - between date and time: a space, or `T`
 */
export function writeDate(sink: TextSink, source: Buffer, offset: number, separator = 0x20): void {
  const epochMs = safeLongAt(source, offset)
  if (epochMs !== undefined) {
    const day = Math.floor(epochMs / dayMs)
    writeMoment(sink, day, epochMs - day * dayMs, separator)
    return
  }
  const exactMs = source.readBigInt64LE(offset)
  const long = BigInt(dayMs)
  const msOfDay = ((exactMs % long) + long) % long
  writeMoment(sink, Number((exactMs - msOfDay) / long), Number(msOfDay), separator)
}

function writeMoment(sink: TextSink, day: number, msOfDay: number, separator: number): void {
  // Years are counted from March, so that the leap day is the last of its year; an era has 400 years.
  const shifted = day + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  writeYear(sink, year > 0 ? year : 1 - year)
  writePart(sink, dash, month)
  writePart(sink, dash, dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1)
  writePart(sink, separator, Math.floor(msOfDay / 3_600_000))
  writePart(sink, colon, Math.floor(msOfDay / 60_000) % 60)
  writePart(sink, colon, Math.floor(msOfDay / 1000) % 60)
  const ms = msOfDay % 1000
  if (ms > 0) {
    sink.bytes[sink.length++] = dot
    writeDigits(sink, ms, 3)
  }
  if (year <= 0) writeAscii(sink, ' BC')
}

function writeYear(sink: TextSink, year: number): void {
  if (year <= 9999) writeDigits(sink, year, 4)
  else writeInteger(sink, year)
}

function writePart(sink: TextSink, before: number, value: number): void {
  sink.bytes[sink.length++] = before
  writeDigits(sink, value, 2)
}
