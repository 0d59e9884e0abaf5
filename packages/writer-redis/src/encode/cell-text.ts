import { isUtf8 } from 'node:buffer'
import {
  compileDatePattern,
  ZonedWallClock,
  type Cell,
  type Field,
  type RowError,
} from '@millrace/core/record'

/** What a cell is on the wire: text, bytes, or `null` for NULL and for what the source did not send. */
export type CellText = (cell: Cell) => string | Uint8Array | null

/** How dates become text. */
export interface DateText {
  /** Java pattern; absent: the default of the logical type. */
  readonly dateFormat?: string
  /** Zone in which instants are rendered. */
  readonly timeZone: string
  /** Without a pattern: whether fractions of a second are kept. */
  readonly keepsFractions: boolean
}

/** How the cells of a column become text. Compiled once per column. */
export function compileCellText(field: Field, dates: DateText): CellText {
  switch (field.type) {
    case 'date':
    case 'time':
    case 'datetime':
      return dateText(patternFor(dates))
    case 'timestamptz':
      return dateText(instantText(dates))
    case 'bool':
    case 'int':
    case 'float':
    case 'decimal':
    case 'string':
    case 'bytes':
    case 'uuid':
    case 'json':
    case 'value':
      return plainText
  }
}

/** Text of a cell whose logical type asks for nothing special. */
export function plainText(cell: Cell): string | Uint8Array | null {
  if (typeof cell === 'string') return cell
  if (cell === null || cell === undefined) return null
  return typeof cell === 'object' ? cell : String(cell)
}

type TextToText = (text: string) => string

function dateText(format: TextToText | undefined): CellText {
  if (format === undefined) return plainText
  return (cell) => (typeof cell === 'string' ? format(cell) : plainText(cell))
}

function patternFor(dates: DateText): TextToText | undefined {
  if (dates.dateFormat !== undefined)
    return compileDatePattern(dates.dateFormat, { timeZone: dates.timeZone })
  return dates.keepsFractions ? undefined : withoutFraction
}

function instantText(dates: DateText): TextToText | undefined {
  const zone = new ZonedWallClock(dates.timeZone)
  const format = patternFor(dates)
  if (format !== undefined) return (text) => format(zone.fromUtc(text))
  return zone.isUtc ? undefined : (text) => zone.fromUtc(text)
}

/** The fraction may be followed by ` BC`. */
function withoutFraction(text: string): string {
  const dot = text.indexOf('.')
  return dot < 0 ? text : text.slice(0, dot) + text.slice(dot).replace(/^\.\d*/, '')
}

/** Text of bytes that are UTF-8; `undefined` when they are not, since text made of them would be another. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  if (!isUtf8(bytes)) return undefined
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

/** Whether what an encoder gave is an error of the row and neither text nor bytes. */
export function isRowError(value: string | Uint8Array | RowError): value is RowError {
  return typeof value === 'object' && !(value instanceof Uint8Array)
}
