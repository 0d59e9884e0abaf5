import { unchangedForm, type Cell, type Field, type RowError } from '@millrace/core/record'
import { utf8Text } from '../encode/cell-text.ts'
import { invalidUtf8 } from '../encode/joined-text.ts'
import { jsonText } from '../encode/json-value.ts'
import { compileForm, toBase64, type TemporalForm } from './output-text.ts'

/** A cell as JSON text; `undefined` for what the source did not send. */
export type JsonCell = (cell: Cell) => string | RowError | undefined

/**
 * How the cells of a column become JSON: integers, floating-point numbers and booleans native, decimals text, JSON columns as
 * they stand, digits untouched; bytes base64; dates and times in the form asked for, without one the text they are. Compiled once
 * per column.
 */
export function compileJsonCell(field: Field, temporal?: TemporalForm): JsonCell {
  const form = temporal === undefined ? unchangedForm : compileForm(field, temporal)
  const write = writerOf(field, form !== unchangedForm)
  if (form === unchangedForm) return (cell) => presentJson(cell, write)
  return (cell) => presentJson(form(cell), write)
}

type PresentCell = Exclude<Cell, null | undefined>
type PresentJson = (cell: PresentCell) => string | RowError

function presentJson(cell: Cell, write: PresentJson): string | RowError | undefined {
  if (cell === undefined) return undefined
  return cell === null ? 'null' : write(cell)
}

function writerOf(field: Field, hasForm: boolean): PresentJson {
  const notUtf8 = invalidUtf8(field.name)
  if (hasForm) return (cell) => valueJson(cell, notUtf8)
  switch (field.type) {
    case 'int':
      return (cell) => numberJson(cell, 'long', notUtf8)
    case 'float':
      return (cell) => numberJson(cell, 'double', notUtf8)
    case 'bytes':
      return (cell) =>
        cell instanceof Uint8Array ? `"${toBase64(cell)}"` : textJson(cell, notUtf8)
    case 'json':
      return (cell) => verbatim(cell, notUtf8)
    case 'value':
      return (cell) =>
        cell instanceof Uint8Array ? verbatim(cell, notUtf8) : valueJson(cell, notUtf8)
    case 'bool':
      return (cell) => valueJson(cell, notUtf8)
    case 'decimal':
    case 'string':
    case 'uuid':
    case 'date':
    case 'time':
    case 'datetime':
    case 'timestamptz':
      return (cell) => textJson(cell, notUtf8)
  }
}

/** Numbers and booleans native, all else text. */
function valueJson(cell: PresentCell, notUtf8: RowError): string | RowError {
  if (typeof cell === 'number' && !Number.isFinite(cell)) return `"${cell}"`
  if (typeof cell === 'string' || cell instanceof Uint8Array) return textJson(cell, notUtf8)
  return String(cell)
}

/** What is no number of JSON (`NaN`, `Infinity`) is text. */
function numberJson(
  cell: PresentCell,
  type: 'long' | 'double',
  notUtf8: RowError,
): string | RowError {
  return jsonText(String(cell), type) ?? textJson(cell, notUtf8)
}

function textJson(cell: PresentCell, notUtf8: RowError): string | RowError {
  if (!(cell instanceof Uint8Array)) return JSON.stringify(String(cell))
  const text = utf8Text(cell)
  return text === undefined ? notUtf8 : JSON.stringify(text)
}

function verbatim(cell: PresentCell, notUtf8: RowError): string | RowError {
  if (!(cell instanceof Uint8Array)) return String(cell)
  return utf8Text(cell) ?? notUtf8
}
