import type { LogicalType } from '@millrace/core/record'
import type { ColumnDefinition } from '../connection/source-connection.ts'

/** The type numbers of the protocol. */
export const typeNumber = {
  decimal: 0,
  tinyint: 1,
  smallint: 2,
  int: 3,
  float: 4,
  double: 5,
  null: 6,
  timestamp: 7,
  bigint: 8,
  mediumint: 9,
  date: 10,
  time: 11,
  datetime: 12,
  year: 13,
  newDate: 14,
  varchar: 15,
  bit: 16,
  vector: 242,
  json: 245,
  newDecimal: 246,
  enum: 247,
  set: 248,
  tinyBlob: 249,
  mediumBlob: 250,
  longBlob: 251,
  blob: 252,
  varString: 253,
  string: 254,
  geometry: 255,
} as const

const flag = {
  notNull: 1,
  primaryKey: 2,
  unsigned: 32,
  zerofill: 64,
  enum: 256,
  set: 2048,
} as const
const binaryCharset = 63
/** `decimals` of a float or double without a declared number of places. */
const anyDecimals = 31

/** How the cells of a column are written on the wire; what a column may change to while a job runs keeps it. */
export type WireForm = 'ascii' | 'text' | 'json' | 'bytes' | 'bit'

const logicalTypes: Record<number, LogicalType> = {
  [typeNumber.decimal]: 'decimal',
  [typeNumber.tinyint]: 'int',
  [typeNumber.smallint]: 'int',
  [typeNumber.int]: 'int',
  [typeNumber.float]: 'float',
  [typeNumber.double]: 'float',
  [typeNumber.timestamp]: 'timestamptz',
  [typeNumber.bigint]: 'int',
  [typeNumber.mediumint]: 'int',
  [typeNumber.date]: 'date',
  [typeNumber.time]: 'time',
  [typeNumber.datetime]: 'datetime',
  [typeNumber.year]: 'int',
  [typeNumber.newDate]: 'date',
  [typeNumber.vector]: 'bytes',
  [typeNumber.json]: 'json',
  [typeNumber.newDecimal]: 'decimal',
  [typeNumber.geometry]: 'bytes',
}

/** What a column's cells mean. The rows of TYPES.md. */
export function logicalTypeOf(column: ColumnDefinition): LogicalType {
  const { columnType, extendedTypeName, extendedFormat } = column
  if (columnType === typeNumber.bit) return column.columnLength === 1 ? 'bool' : 'bytes'
  const known = logicalTypes[columnType]
  if (known !== undefined) return known
  if (extendedTypeName === 'uuid') return 'uuid'
  if (extendedTypeName === 'inet6' || extendedTypeName === 'inet4') return 'string'
  if (extendedFormat === 'json') return 'json'
  if (columnType === typeNumber.null) return 'string'
  return isBinary(column) ? 'bytes' : 'string'
}

/** How the cells of a column of this type number and character set are written on the wire. */
export function wireFormOf(type: number, charset: number): WireForm {
  if (type === typeNumber.bit) return 'bit'
  if (type === typeNumber.json) return 'json'
  if (type === typeNumber.geometry || type === typeNumber.vector) return 'bytes'
  if (logicalTypes[type] !== undefined) return 'ascii'
  return charset === binaryCharset ? 'bytes' : 'text'
}

function isBinary(column: ColumnDefinition): boolean {
  return column.characterSet === binaryCharset
}

/** Whether leading zeros are put before the digits for display. */
export function isZerofill(column: ColumnDefinition): boolean {
  return (column.flags & flag.zerofill) !== 0
}

/** Whether the server never sends NULL for the column. */
export function isNotNull(column: ColumnDefinition): boolean {
  return (column.flags & flag.notNull) !== 0
}

/** Whether the column is part of its table's primary key. */
export function isPrimaryKey(column: ColumnDefinition): boolean {
  return (column.flags & flag.primaryKey) !== 0
}

const names: Record<number, string> = {
  ...Object.fromEntries(Object.entries(typeNumber).map(([name, number]) => [number, name])),
  [typeNumber.newDecimal]: 'decimal',
  [typeNumber.newDate]: 'date',
}

/** A name for the type of a column that is no table column: an expression, a column of `querySql`. */
export function nativeTypeOf(column: ColumnDefinition): string {
  const { columnType, columnLength, decimals, flags } = column
  if (column.extendedTypeName !== undefined) return column.extendedTypeName
  if (column.extendedFormat === 'json') return 'json'
  if ((flags & flag.enum) !== 0) return 'enum'
  if ((flags & flag.set) !== 0) return 'set'
  const name = names[columnType] ?? `type ${columnType}`
  const unsigned = (flags & flag.unsigned) !== 0 ? ' unsigned' : ''
  if (columnType === typeNumber.bit) return `bit(${columnLength})`
  if (columnType === typeNumber.newDecimal && decimals < anyDecimals) {
    const precision = columnLength - (decimals > 0 ? 1 : 0) - (unsigned === '' ? 1 : 0)
    return `decimal(${precision},${decimals})${unsigned}`
  }
  if (logicalTypes[columnType] !== undefined) {
    const isNumber = logicalTypes[columnType] === 'int' || logicalTypes[columnType] === 'float'
    return isNumber && columnType !== typeNumber.year ? `${name}${unsigned}` : name
  }
  return textTypeName(columnType, isBinary(column))
}

function textTypeName(columnType: number, isBinaryText: boolean): string {
  if (columnType === typeNumber.null) return 'null'
  if (columnType === typeNumber.string) return isBinaryText ? 'binary' : 'char'
  if (columnType === typeNumber.varString || columnType === typeNumber.varchar) {
    return isBinaryText ? 'varbinary' : 'varchar'
  }
  return isBinaryText ? 'blob' : 'text'
}
