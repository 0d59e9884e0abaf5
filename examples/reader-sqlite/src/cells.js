import { byteLengthOfCell } from '@millrace/core/record'

/**
 * @typedef {import('./database.js').Value} Value
 * @typedef {import('@millrace/core/record').Cell} Cell
 * @typedef {import('@millrace/core/record').LogicalType} LogicalType
 */

/**
 * The logical type of a column, by the rules of SQLite's affinities; what has the affinity NUMERIC is told apart by the
 * name that SQLite does not look at.
 *
 * @param {string} declared
 * @returns {LogicalType}
 */
export function logicalTypeOf(declared) {
  const name = declared.toUpperCase()
  if (name.includes('INT')) return 'int'
  if (/CHAR|CLOB|TEXT/.test(name)) return 'string'
  if (name === '' || name === 'ANY') return 'string'
  if (name.includes('BLOB')) return 'bytes'
  if (/REAL|FLOA|DOUB/.test(name)) return 'float'
  if (name.startsWith('BOOL')) return 'bool'
  if (/^(DATETIME|TIMESTAMP)/.test(name)) return 'datetime'
  if (name.startsWith('DATE')) return 'date'
  if (name.startsWith('TIME')) return 'time'
  if (name.startsWith('JSON')) return 'json'
  if (name.startsWith('UUID')) return 'uuid'
  return 'decimal'
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Text arrives as its bytes: the library cuts text at a zero byte, and changes what is no UTF-8.
 *
 * @param {Uint8Array} bytes
 */
function textOf(bytes) {
  try {
    return decoder.decode(bytes)
  } catch {
    return bytes
  }
}

/** What is no value of its column. */
export const wrong = Symbol('wrong')

/** @type {Readonly<Partial<Record<LogicalType, (value: Exclude<Value, null>) => Cell | typeof wrong>>>} */
const converters = {
  int: (value) => {
    if (typeof value === 'bigint') return value
    if (typeof value === 'number') return Number.isSafeInteger(value) ? value : wrong
    const text = typeof value === 'object' ? textOf(value) : value
    return typeof text === 'string' && /^-?\d+$/.test(text) ? text : wrong
  },
  float: (value) =>
    typeof value === 'number' || typeof value === 'bigint' ? Number(value) : wrong,
  bool: (value) => (value === 0 ? false : value === 1 ? true : wrong),
  decimal: (value) => decimalOf(typeof value === 'object' ? textOf(value) : String(value)),
  bytes: (value) => (typeof value === 'object' ? value : wrong),
  string: (value) => (typeof value === 'object' ? textOf(value) : String(value)),
  json: (value) => (typeof value === 'object' ? textOf(value) : String(value)),
  uuid: (value) => (typeof value === 'object' ? textOf(value) : wrong),
  date: matching(/^\d{4}-\d\d-\d\d$/),
  time: matching(/^\d\d:\d\d:\d\d(\.\d{1,6})?$/),
  datetime: matching(/^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,6})?$/),
  timestamptz: matching(/^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,6})?Z?$/),
}

/** @param {RegExp} form */
function matching(form) {
  return (/** @type {Exclude<Value, null>} */ value) => {
    const text = typeof value === 'object' ? textOf(value) : undefined
    return typeof text === 'string' && form.test(text)
      ? text.replace('T', ' ').replace('Z', '')
      : wrong
  }
}

/** @param {string | Uint8Array} text */
function decimalOf(text) {
  if (typeof text !== 'string') return wrong
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/i.exec(text)
  if (parts === null) return wrong
  const [, sign = '', whole = '', fraction = '', exponent] = parts
  if (exponent === undefined) return text
  const digits = whole + fraction
  const point = whole.length + Number(exponent)
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  if (point >= digits.length) return `${sign}${digits.padEnd(point, '0')}`
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
}

/** @param {LogicalType} type */
export function converterOf(type) {
  const convert = converters[type]
  if (convert === undefined) throw new RangeError(`there is no column of the type ${type}`)
  return convert
}

/**
 * The expression that reads a column, so that text arrives as bytes.
 *
 * @param {string} quoted
 */
export function cellExpression(quoted) {
  return `iif(typeof(${quoted}) = 'text', CAST(${quoted} AS BLOB), ${quoted})`
}

/**
 * @param {Value} value as it was read
 * @param {Cell} cell what became of it
 */
export function byteSizeOf(value, cell) {
  return typeof value === 'object' && value !== null && typeof cell !== 'boolean'
    ? value.byteLength
    : byteLengthOfCell(cell)
}
