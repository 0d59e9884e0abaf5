import {
  compileEpochForm,
  compileIsoForm,
  unchangedForm,
  type CellForm,
  type Field,
} from '@millrace/core/record'
import { plainText, type CellText } from '../encode/cell-text.ts'

/** How dates and times are written. */
export type TemporalForm = 'rdi' | 'iso'

/** The form of the cells of a column. */
export function compileForm(field: Field, temporal: TemporalForm): CellForm {
  return temporal === 'iso' ? compileIsoForm(field) : compileEpochForm(field)
}

/**
 * The text of the cells of a column in hashes, streams, sets, keys and strings, compiled once: booleans are 1 and 0, bytes
 * base64, dates and times in the form asked for. What needs nothing of that is `plainText` itself, so that the caller can tell.
 */
export function compileOutputText(field: Field, temporal: TemporalForm): CellText {
  const form = compileForm(field, temporal)
  if (form !== unchangedForm) return (cell) => booleanText(form(cell))
  if (field.type === 'bool' || field.type === 'value') return booleanText
  return field.type === 'bytes' ? base64Text : plainText
}

const booleanText: CellText = (cell) => {
  if (typeof cell === 'boolean') return cell ? '1' : '0'
  return plainText(cell)
}

const base64Text: CellText = (cell) =>
  cell instanceof Uint8Array ? toBase64(cell) : plainText(cell)

/** Standard base64, padded. */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
