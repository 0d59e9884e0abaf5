import type { Row, RowError, TableSchema } from '@millrace/core/record'
import { utf8Text, type CellText } from '../encode/cell-text.ts'
import { invalidUtf8, type RowText } from '../encode/joined-text.ts'
import { parseKeyTemplate } from '../encode/key-template.ts'
import { viewOf, textArgument, type TextArgument, type TextPiece } from '../encode/text-argument.ts'
import { notSent, type WriterOutput } from './writer-output.ts'

/** A piece of a key: literal text, or the position of a column. */
export type KeyPiece = string | number

/** What the key of an output is made of. Columns and template are known to be good: `outputFindings` has looked. */
export function keyPieces(output: WriterOutput, schema: TableSchema): readonly KeyPiece[] {
  const { key } = output
  if (key === undefined) {
    const columns = schema.key.flatMap((index): KeyPiece[] => [
      `:${schema.fields[index]?.name ?? ''}:`,
      index,
    ])
    return [schema.table, ...columns]
  }
  if ('column' in key) return [lastPositionOf(schema, key.column)]
  return parseKeyTemplate(key.template, { mayBeConstant: true }).map((piece) =>
    piece.kind === 'text' ? piece.text : positionOf(schema, piece.name),
  )
}

/** Position of a column, or -1. */
export function positionOf(schema: TableSchema, name: string): number {
  return schema.fields.findIndex((field) => field.name === name)
}

/** The same of a column that was computed for the writer: it comes behind those of the source, one of which may have its name. */
export function lastPositionOf(schema: TableSchema, name: string): number {
  return schema.fields.findLastIndex((field) => field.name === name)
}

/** Compiles a key: a null, empty or missing part makes the row dirty. */
export function compileOutputKey(
  pieces: readonly KeyPiece[],
  schema: TableSchema,
  texts: readonly CellText[],
): RowText {
  const parts = merged(pieces).map((piece) =>
    typeof piece === 'string' ? piece : partOf(piece, schema, texts),
  )
  const [first, second] = parts
  if (parts.length === 1 && typeof first === 'string') return () => first
  if (parts.length === 1 && typeof first === 'function') return first
  if (parts.length === 2 && typeof first === 'string' && typeof second === 'function') {
    return (row) => {
      const text = asText(second(row))
      return typeof text === 'string' ? first + text : text
    }
  }
  return (row) => {
    let key = ''
    for (let at = 0; at < parts.length; at += 1) {
      const part = parts[at] as string | RowText
      const text = typeof part === 'string' ? part : asText(part(row))
      if (typeof text !== 'string') return text
      key += text
    }
    return key
  }
}

/** The same key made of text cells; `undefined` when a column of it has to be converted. */
export function textKey(
  pieces: readonly KeyPiece[],
  isCopied: (index: number) => boolean,
): TextArgument | undefined {
  if (pieces.some((piece) => typeof piece === 'number' && !isCopied(piece))) return undefined
  const views = merged(pieces).map((piece): TextPiece =>
    typeof piece === 'string' ? viewOf(Buffer.from(piece)) : piece,
  )
  return textArgument(views, { refusesNull: true, refusesEmpty: true })
}

/** Neighbouring texts as one. */
function merged(pieces: readonly KeyPiece[]): readonly KeyPiece[] {
  const all: KeyPiece[] = []
  for (const piece of pieces) {
    const last = all.at(-1)
    if (typeof piece === 'string' && typeof last === 'string') all[all.length - 1] = last + piece
    else all.push(piece)
  }
  return all
}

const notText: RowError = invalidUtf8('key')

function asText(value: string | Uint8Array | RowError): string | RowError {
  if (!(value instanceof Uint8Array)) return value
  return utf8Text(value) ?? notText
}

/** A column that has to be there: its text, or why there is none. */
export function requiredText(
  index: number,
  schema: TableSchema,
  texts: readonly CellText[],
  what: string,
): RowText {
  const name = schema.fields[index]?.name ?? String(index)
  const text = texts[index] as CellText
  const code = what === 'key' ? 'NULL_KEY' : 'NULL_VALUE'
  const isNull: RowError = { code, message: `column "${name}", the ${what}, is null` }
  const isMissing = notSent(name, what)
  return (row: Row) => {
    const cell = row[index]
    if (cell === undefined) return isMissing
    return text(cell) ?? isNull
  }
}

function partOf(index: number, schema: TableSchema, texts: readonly CellText[]): RowText {
  const required = requiredText(index, schema, texts, 'key')
  const name = schema.fields[index]?.name ?? String(index)
  const isEmpty: RowError = { code: 'EMPTY_KEY', message: `column "${name}" of the key is empty` }
  return (row) => {
    const value = required(row)
    if (typeof value === 'string') return value === '' ? isEmpty : value
    return value instanceof Uint8Array && value.byteLength === 0 ? isEmpty : value
  }
}
