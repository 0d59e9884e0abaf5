import type { Row, RowError } from '@millrace/core/record'
import { isRowError, utf8Text, type CellText } from './cell-text.ts'

/** One column of a joined key or value. */
export interface JoinedColumn {
  readonly index: number
  readonly name: string
  readonly text: CellText
}

/** What a row gives for a key or value, or why it has none. */
export type RowText = (row: Row) => string | Uint8Array | RowError

/** How columns are joined. */
export interface JoinOptions {
  /** For messages: `key` or `value`. */
  readonly what: 'key' | 'value'
  readonly delimiter: string
  /** Whether a NULL makes the row dirty; otherwise it is empty text. */
  readonly nullIsDirty: boolean
  /** Whether a delimiter inside a column makes the row dirty; otherwise `onDelimiter` is told. */
  readonly strictDelimiter: boolean
  onDelimiter(): void
}

/**
 * Joins columns with a delimiter. A single column is taken as it is, bytes untouched; with several, bytes have to be
 * UTF-8.
 */
export function compileJoined(columns: readonly JoinedColumn[], options: JoinOptions): RowText {
  const [first] = columns
  if (first !== undefined && columns.length === 1) return singleText(first, options)
  return joinedText(columns, options)
}

function singleText(column: JoinedColumn, options: JoinOptions): RowText {
  const { index, text } = column
  const ifNull = options.nullIsDirty ? nullError(column, options.what) : ''
  return (row) => text(row[index]) ?? ifNull
}

function joinedText(columns: readonly JoinedColumn[], options: JoinOptions): RowText {
  const { delimiter } = options
  const parts = columns.map((column) => joinedPart(column, options))
  return (row) => {
    let joined = ''
    for (let at = 0; at < parts.length; at += 1) {
      const text = (parts[at] as JoinedPart)(row)
      if (typeof text !== 'string') return text
      joined = at === 0 ? text : joined + delimiter + text
    }
    return joined
  }
}

type JoinedPart = (row: Row) => string | RowError

function joinedPart(column: JoinedColumn, options: JoinOptions): JoinedPart {
  const { index, name, text } = column
  const { delimiter, what } = options
  const ifNull = options.nullIsDirty ? nullError(column, what) : ''
  const notUtf8: RowError = invalidUtf8(name)
  const hasDelimiter: RowError = {
    code: 'DELIMITER_IN_DATA',
    message: `column "${name}" of the ${what} holds the delimiter that joins the columns`,
  }
  return (row) => {
    const value = text(row[index])
    if (value === null) return ifNull
    const joined = typeof value === 'string' ? value : utf8Text(value)
    if (joined === undefined) return notUtf8
    if (joined.includes(delimiter)) {
      if (options.strictDelimiter) return hasDelimiter
      options.onDelimiter()
    }
    return joined
  }
}

/** A key that turns out to be empty makes the row dirty. */
export function withoutEmptyKey(key: RowText): RowText {
  const empty: RowError = { code: 'EMPTY_KEY', message: 'the key is empty' }
  return (row) => {
    const value = key(row)
    if (typeof value === 'string') return value === '' ? empty : value
    return isRowError(value) || value.byteLength > 0 ? value : empty
  }
}

/** The column's bytes would have to become text, and are none. */
export function invalidUtf8(name: string): RowError {
  return {
    code: 'INVALID_UTF8',
    message: `column "${name}" holds bytes that are not UTF-8 and cannot be joined with text`,
  }
}

function nullError(column: JoinedColumn, what: 'key' | 'value'): RowError {
  const code = what === 'key' ? 'NULL_KEY' : 'NULL_VALUE'
  return { code, message: `column "${column.name}" of the ${what} is null` }
}
