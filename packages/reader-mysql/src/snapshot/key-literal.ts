import { positionLost } from '@millrace/core/sql'
import type { CatalogueColumn } from './source-object.ts'

/** How the values of a key column are written down as text, and as literals of the column's own type. */
export interface KeyForm {
  /**
   * `integer`, `decimal`, `year`: digits. `moment`: the server's text of a date or time. `ordinal`: the number of an ENUM's
   * value, by which the server orders and, given a number, compares. `text`: hex of the stored bytes, which have to be
   * read in `charset`. `bytes`: hex. `other`: hex of the UTF-8 text of a MariaDB type that compares with text (uuid,
   * inet6).
   */
  readonly kind: 'integer' | 'decimal' | 'year' | 'moment' | 'ordinal' | 'text' | 'bytes' | 'other'
  readonly charset?: string
}

const hex = /^(?:[0-9a-f]{2})*$/i
const forms: Record<KeyForm['kind'], RegExp> = {
  integer: /^-?\d+$/,
  decimal: /^-?\d+(?:\.\d+)?$/,
  year: /^\d{1,4}$/,
  moment: /^-?[\d :.-]+$/,
  ordinal: /^\d+$/,
  text: hex,
  bytes: hex,
  other: hex,
}

const kinds: Readonly<Record<string, KeyForm['kind']>> = {
  tinyint: 'integer',
  smallint: 'integer',
  mediumint: 'integer',
  int: 'integer',
  bigint: 'integer',
  decimal: 'decimal',
  date: 'moment',
  time: 'moment',
  datetime: 'moment',
  timestamp: 'moment',
  year: 'year',
  enum: 'ordinal',
  char: 'text',
  varchar: 'text',
  binary: 'bytes',
  varbinary: 'bytes',
  uuid: 'other',
  inet4: 'other',
  inet6: 'other',
}

/**
 * The form of a column that rows can be ordered by, and found again; `undefined` for the types that can't: FLOAT and
 * DOUBLE, whose text is not exact, BIT, SET, JSON, geometries, and TEXT and BLOB, which have no end to sort to.
 */
export function orderFormOf({ dataType, charset }: CatalogueColumn): KeyForm | undefined {
  const kind = kinds[dataType]
  if (kind !== 'text') return kind === undefined ? undefined : { kind }
  return charset === undefined ? undefined : { kind, charset }
}

/**
 * A value as a literal of the column's type and character set, so that the column's collation decides and no
 * `sql_mode` reads it differently.
 *
 * @param column - for messages
 * @throws PluginError POSITION_LOST for text that is no value of this form: a split or position of another column
 */
export function keyLiteral({ kind, charset }: KeyForm, value: string, column: string): string {
  if (!forms[kind].test(value)) {
    throw positionLost(`reading by the column ${column}`, `a bound is no ${kind} value`)
  }
  switch (kind) {
    case 'integer':
    case 'decimal':
    case 'ordinal':
      return value
    case 'year':
      // With fewer digits 0 would be taken for 2000.
      return `'${value.padStart(4, '0')}'`
    case 'moment':
      return `'${value}'`
    case 'text':
      return `_${charset} X'${value}'`
    case 'bytes':
      return `X'${value}'`
    case 'other':
      return `_utf8mb4 X'${value}'`
  }
}

/** The expression that gives a value in the form that {@link keyLiteral} takes. */
export function keyExpression({ kind }: KeyForm, quotedColumn: string): string {
  switch (kind) {
    case 'integer':
    case 'decimal':
    case 'year':
    case 'moment':
      return quotedColumn
    case 'ordinal':
      return `${quotedColumn} + 0`
    case 'text':
    case 'bytes':
      return `HEX(${quotedColumn})`
    case 'other':
      return `HEX(CAST(${quotedColumn} AS CHAR CHARACTER SET utf8mb4))`
  }
}
