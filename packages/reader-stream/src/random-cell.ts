import type { Cell, LogicalType } from '@millrace/core/record'
import type { ColumnType } from './cell-value.ts'
import { secondsOfDate, type DateParser } from './date-value.ts'
import type { RowRandom } from './row-random.ts'

/** Makes one cell. */
export type CellMaker = (random: RowRandom) => Cell

/** What a random column gives. */
export interface RandomCell {
  readonly logicalType: LogicalType
  readonly make: CellMaker
}

/**
 * Compiles the bounds of a random column, `"8,15"`, both included. They are numbers for `long` and `double`, lengths of
 * letters and digits for `string` and `bytes`, dates for `date` (whole seconds between them), and for `bool` the weights
 * of false and true (equal weights: half and half).
 *
 * @throws RangeError saying what was expected
 */
export function randomCell(type: ColumnType, bounds: string, parseDate: DateParser): RandomCell {
  const comma = bounds.lastIndexOf(',')
  if (comma < 0) throw new RangeError('expected two bounds with a comma between them')
  const [low, high] = [bounds.slice(0, comma).trim(), bounds.slice(comma + 1).trim()]
  if (type === 'date') return randomDate(low, high, parseDate)
  const [min, max] = [integerOf(low), integerOf(high)]
  if (type === 'bool') return randomBool(min, max)
  if (min > max) throw new RangeError('expected the first bound not to be above the second')
  switch (type) {
    case 'long':
      return { logicalType: 'int', make: (random) => String(random.integer(min, max)) }
    case 'double':
      return {
        logicalType: 'float',
        make: (random) => String(min + random.fraction() * (max - min)),
      }
    case 'string':
      checkLengths(min, max)
      return { logicalType: 'string', make: (random) => random.text(random.integer(min, max)) }
    case 'bytes':
      checkLengths(min, max)
      return { logicalType: 'bytes', make: (random) => random.bytes(random.integer(min, max)) }
  }
}

function integerOf(text: string): number {
  const number = Number(text)
  if (/^[+-]?\d+$/.test(text) && Number.isSafeInteger(number)) return number
  throw new RangeError('expected two integers up to 2^53')
}

function checkLengths(min: number, max: number): void {
  if (min >= 0 && max <= 16_777_216) return
  throw new RangeError('expected lengths from 0 to 16777216')
}

function randomBool(falseWeight: number, trueWeight: number): RandomCell {
  if (falseWeight < 0 || trueWeight < 0) throw new RangeError('expected weights of at least 0')
  const share = falseWeight === trueWeight ? 0.5 : falseWeight / (falseWeight + trueWeight)
  return { logicalType: 'bool', make: (random) => random.fraction() >= share }
}

function randomDate(low: string, high: string, parseDate: DateParser): RandomCell {
  const [from, to] = [parseDate(low), parseDate(high)]
  if ((from.kind === 'timestamptz') !== (to.kind === 'timestamptz')) {
    throw new RangeError('expected both dates with an offset, or none')
  }
  const [min, max] = [secondsOfDate(from), secondsOfDate(to)]
  if (min > max) throw new RangeError('expected the first date not to be after the second')
  if (max > Date.UTC(9999, 11, 31, 23, 59, 59) / 1000) {
    throw new RangeError('expected years of four digits')
  }
  const dayTexts = new Map<number, string>()
  if (from.kind === 'date' && to.kind === 'date') {
    const [firstDay, lastDay] = [min / daySeconds, max / daySeconds]
    return {
      logicalType: 'date',
      make: (random) => dayText(dayTexts, random.integer(firstDay, lastDay)),
    }
  }
  return {
    logicalType: from.kind === 'timestamptz' ? 'timestamptz' : 'datetime',
    make: (random) => {
      const seconds = random.integer(min, max)
      const day = Math.floor(seconds / daySeconds)
      const time = seconds - day * daySeconds
      const clock = `${two(Math.floor(time / 3600))}:${two(Math.floor(time / 60) % 60)}:${two(time % 60)}`
      return `${dayText(dayTexts, day)} ${clock}`
    },
  }
}

const daySeconds = 86_400

/** `YYYY-MM-DD` of a day counted from 1970-01-01. */
function dayText(known: Map<number, string>, day: number): string {
  let text = known.get(day)
  if (text === undefined) {
    text = new Date(day * daySeconds * 1000).toISOString().slice(0, 10)
    if (known.size >= 50_000) known.clear()
    known.set(day, text)
  }
  return text
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}
