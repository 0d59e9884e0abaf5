import type { Cell } from '@millrace/core/record'
import { copyOf, utf8CellOf } from '../snapshot/result-decoder.ts'
import { typeNumber } from '../types/native-types.ts'
import type { CatalogueColumn } from '../snapshot/source-object.ts'
import type { CellFormat } from './cell-reader.ts'
import type { CharsetDecodings } from './charset-decodings.ts'
import { compressedFormat } from './compressed-format.ts'
import { extendedFormat } from './extended-formats.ts'
import { jsonFormat } from './json-format.ts'
import { logType } from './log-types.ts'
import {
  bitFormat,
  decimalFormat,
  doubleFormat,
  floatFormat,
  integerFormat,
  yearFormat,
} from './number-formats.ts'
import type { LoggedColumn } from './table-map.ts'
import {
  dateFormat,
  datetimeFormat,
  oldDatetimeFormat,
  oldTimeFormat,
  oldTimestampFormat,
  timeFormat,
  timestampFormat,
} from './temporal-formats.ts'
import {
  enumFormat,
  paddedFormat,
  setFormat,
  textFormat,
  type TextDecoding,
} from './text-formats.ts'

/** A column of row events with what the catalogue says of it. */
export interface ReadColumn {
  readonly logged: LoggedColumn
  /** Absent when the table has no such column any more. */
  readonly known: CatalogueColumn | undefined
}

/** How the cells of a column are written in row events; `undefined` for a type that is not known. */
export function columnFormat(
  column: ReadColumn,
  charsets: CharsetDecodings,
): CellFormat | undefined {
  const { type, meta } = column.logged
  return numberFormat(column) ?? temporalFormat(type, meta) ?? textColumnFormat(column, charsets)
}

function numberFormat({ logged, known }: ReadColumn): CellFormat | undefined {
  const { type, meta } = logged
  const isUnsigned = logged.isUnsigned ?? known?.columnType.includes('unsigned') ?? false
  switch (type) {
    case typeNumber.tinyint:
      return integerFormat(1, isUnsigned)
    case typeNumber.smallint:
      return integerFormat(2, isUnsigned)
    case typeNumber.mediumint:
      return integerFormat(3, isUnsigned)
    case typeNumber.int:
      return integerFormat(4, isUnsigned)
    case typeNumber.bigint:
      return integerFormat(8, isUnsigned)
    case typeNumber.float:
      return floatFormat
    case typeNumber.double:
      return doubleFormat(declaredDecimals(known))
    case typeNumber.newDecimal:
      return decimalFormat(meta & 0xff, meta >> 8)
    case typeNumber.year:
      return yearFormat
    case typeNumber.bit:
      return bitFormat((meta >> 8) * 8 + (meta & 0xff))
    default:
      return undefined
  }
}

/** The places of `double(9,2)`. */
function declaredDecimals(known: CatalogueColumn | undefined): number | undefined {
  const places = /^(?:double|real)\(\d+,(\d+)\)/.exec(known?.columnType ?? '')?.[1]
  return places === undefined ? undefined : Number(places)
}

function temporalFormat(type: number, meta: number): CellFormat | undefined {
  switch (type) {
    case typeNumber.date:
    case typeNumber.newDate:
      return dateFormat
    case logType.timestamp2:
      return timestampFormat(meta)
    case logType.datetime2:
      return datetimeFormat(meta)
    case logType.time2:
      return timeFormat(meta)
    case typeNumber.timestamp:
      return oldTimestampFormat
    case typeNumber.datetime:
      return oldDatetimeFormat
    case typeNumber.time:
      return oldTimeFormat
    default:
      return undefined
  }
}

function textColumnFormat(column: ReadColumn, charsets: CharsetDecodings): CellFormat | undefined {
  const { type, meta } = column.logged
  switch (type) {
    case typeNumber.string:
      return charFormat(column, charsets)
    case typeNumber.varchar:
    case typeNumber.varString:
      return textFormat(meta > 255 ? 2 : 1, decodingOf(column, charsets))
    case typeNumber.blob:
    case typeNumber.tinyBlob:
    case typeNumber.mediumBlob:
    case typeNumber.longBlob:
      return textFormat(meta, decodingOf(column, charsets))
    case typeNumber.geometry:
    case typeNumber.vector:
      return textFormat(meta, 'bytes')
    case typeNumber.json:
      return jsonFormat(meta)
    case logType.compressedVarchar:
      return compressedFormat(meta > 255 ? 2 : 1, decodingOf(column, charsets))
    case logType.compressedBlob:
      return compressedFormat(meta, decodingOf(column, charsets))
    case typeNumber.enum:
      return enumFormat(meta, memberCells(column, charsets))
    case typeNumber.set:
      return setFormat(meta, memberBytes(column), memberDecoding(column, charsets))
    default:
      return undefined
  }
}

function charFormat(column: ReadColumn, charsets: CharsetDecodings): CellFormat {
  const { logged, known } = column
  const prefix = logged.meta > 255 ? 2 : 1
  const extended = extendedFormat(known?.dataType ?? '')
  if (extended !== undefined) return extended
  const decoding = decodingOf(column, charsets)
  return decoding === 'bytes' ? paddedFormat(prefix, logged.meta) : textFormat(prefix, decoding)
}

function decodingOf(column: ReadColumn, charsets: CharsetDecodings) {
  return charsets.decodingOf(charsetOf(column, charsets))
}

/** What has no character set is bytes. */
function charsetOf({ logged, known }: ReadColumn, charsets: CharsetDecodings): string {
  const logs = logged.collation === undefined ? undefined : charsets.charsetOf(logged.collation)
  return logs ?? known?.charset ?? 'binary'
}

/** Names of members come in the character set of the column from the log, in UTF-8 from the catalogue. */
function memberBytes({ logged, known }: ReadColumn): readonly Buffer[] {
  const declared = () => declaredMembers(known?.columnType ?? '').map((text) => Buffer.from(text))
  return logged.members ?? declared()
}

function memberDecoding(column: ReadColumn, charsets: CharsetDecodings): TextDecoding {
  const decoding = column.logged.members === undefined ? 'utf8' : decodingOf(column, charsets)
  if (decoding === 'bytes') return copyOf
  return decoding === 'utf8' ? utf8CellOf : decoding
}

function memberCells(column: ReadColumn, charsets: CharsetDecodings): readonly Cell[] {
  const decoding = memberDecoding(column, charsets)
  return memberBytes(column).map((bytes) => decoding(bytes, 0, bytes.length))
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', '0': '\0' }

/** The members in `enum('a','it''s')`. */
export function declaredMembers(columnType: string): readonly string[] {
  return [...columnType.matchAll(/'((?:[^'\\]|''|\\.)*)'/gsu)].map(([, text = '']) =>
    text.replaceAll(/''|\\(.)/gsu, (_, escaped?: string) =>
      escaped === undefined ? "'" : (escapes[escaped] ?? escaped),
    ),
  )
}
