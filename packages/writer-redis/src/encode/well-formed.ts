import type { Row, RowError } from '@millrace/core/record'
import type { RedisWriterConfig } from '../config/writer-config.ts'
import type { JoinedColumn } from './joined-text.ts'

/** What is wrong with the text of a row; `undefined` when nothing is. */
export type TextCheck = (row: Row) => RowError | undefined

/**
 * Finds half of a surrogate pair (a transform that cuts an emoji in two leaves one): UTF-8 has no bytes for it, so it would
 * silently become another character. To be asked for rows that are not all ASCII.
 */
export function compileTextCheck(columns: readonly JoinedColumn[]): TextCheck {
  const errors = columns.map(({ name }): RowError => ({
    code: 'INVALID_UTF16',
    message: `column "${name}" holds half of a surrogate pair, which no UTF-8 text can hold`,
  }))
  return (row) => {
    for (let at = 0; at < columns.length; at += 1) {
      const cell = row[(columns[at] as JoinedColumn).index]
      if (typeof cell === 'string' && !cell.isWellFormed()) return errors[at]
    }
    return undefined
  }
}

/** Positions of the columns whose text goes to Redis as it is; JSON has escapes for what is no text. */
export function plainColumns(
  config: RedisWriterConfig,
  keyColumns: readonly number[],
  columnCount: number,
): readonly number[] {
  const isDocument = config.kind.startsWith('json/')
  if (isDocument) return keyColumns
  if (config.columns === undefined) return Array.from({ length: columnCount }, (_, at) => at)
  const isJson = config.kind === 'string/set'
  return [...keyColumns, ...(isJson ? [] : config.columns.map(({ index }) => index))]
}
