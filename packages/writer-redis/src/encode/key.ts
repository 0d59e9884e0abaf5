import type { Row, RowError, TableSchema } from '@millrace/core/record'
import type { KeyConfig } from '../config/writer-config.ts'
import { utf8Text, type CellText } from './cell-text.ts'
import {
  compileJoined,
  invalidUtf8,
  withoutEmptyKey,
  type JoinedColumn,
  type RowText,
} from './joined-text.ts'
import type { TemplatePiece } from './key-template.ts'

/** How the key of a row is made, and which columns it takes. */
export interface CompiledKey {
  readonly text: RowText
  /** Positions of the columns that are part of the key. */
  readonly columns: readonly number[]
}

/** What a key is compiled from. */
export interface KeyOptions {
  readonly key: KeyConfig
  readonly schema: TableSchema
  /** Text of the cells by column. */
  readonly texts: readonly CellText[]
  readonly strictDelimiter: boolean
  onDelimiter(): void
}

/** Compiles the key. Columns are known to be there: `columnFindings` has looked. */
export function compileKey(options: KeyOptions): CompiledKey {
  const { key, schema, texts } = options
  if (key.kind === 'template') return compileTemplate(key.pieces, schema, texts)
  const columns = key.indexes.map((index): JoinedColumn => columnAt(schema, texts, index))
  const text = compileJoined(columns, {
    what: 'key',
    delimiter: key.delimiter,
    nullIsDirty: true,
    strictDelimiter: options.strictDelimiter,
    onDelimiter: () => options.onDelimiter(),
  })
  return { text: withoutEmptyKey(text), columns: key.indexes }
}

/** A column as encoders need it. */
export function columnAt(
  schema: TableSchema,
  texts: readonly CellText[],
  index: number,
): JoinedColumn {
  const name = schema.fields[index]?.name ?? String(index)
  return { index, name, text: texts[index] as CellText }
}

function compileTemplate(
  pieces: readonly TemplatePiece[],
  schema: TableSchema,
  texts: readonly CellText[],
): CompiledKey {
  const columns: number[] = []
  const parts = pieces.map((piece): string | RowText => {
    if (piece.kind === 'text') return piece.text
    const index = schema.fields.findIndex((field) => field.name === piece.name)
    columns.push(index)
    return templateColumn(columnAt(schema, texts, index))
  })
  const [prefix, column] = parts
  // `customer:#{id}`, the form that nearly every template has.
  if (parts.length === 2 && typeof prefix === 'string' && typeof column === 'function') {
    const text = (row: Row) => {
      const value = column(row)
      return typeof value === 'string' ? prefix + value : value
    }
    return { text, columns }
  }
  return { text: joinParts(parts), columns: [...new Set(columns)] }
}

function joinParts(parts: readonly (string | RowText)[]): RowText {
  return (row) => {
    let key = ''
    for (const part of parts) {
      const text = typeof part === 'string' ? part : part(row)
      if (typeof text !== 'string') return text
      key += text
    }
    return key
  }
}

function templateColumn(column: JoinedColumn): RowText {
  const { index, text, name } = column
  const isNull: RowError = { code: 'NULL_KEY', message: `column "${name}" of the key is null` }
  const isEmpty: RowError = { code: 'EMPTY_KEY', message: `column "${name}" of the key is empty` }
  const notUtf8 = invalidUtf8(name)
  return (row) => {
    const value = text(row[index])
    if (value === null) return isNull
    const joined = typeof value === 'string' ? value : utf8Text(value)
    if (joined === undefined) return notUtf8
    return joined === '' ? isEmpty : joined
  }
}
