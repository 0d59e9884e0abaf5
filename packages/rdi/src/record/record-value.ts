import {
  compileEpochForm,
  compileIsoForm,
  type Cell,
  type CellForm,
  type Field,
} from '@millrace/core/record'
import { parseJson } from '../expression/jmespath/values/json-text.ts'
import type { SourceSettings } from '../model/pipeline.ts'
import type { TemporalForm } from '../model/table-job.ts'
import type { RdiValue } from '../model/expression.ts'

/** How the cells of a source become values of records. */
export interface ValueSettings extends Pick<SourceSettings, 'decimals' | 'binary'> {
  readonly temporal: TemporalForm
}

/** Gives the value that a cell has in a record. */
export type ValueOfCell = (cell: Cell) => RdiValue

/**
 * Prepares the conversion of the cells of one column: integers become numbers, or `bigint` beyond 2^53, decimals stay
 * text unless asked otherwise, bytes become base64 or hexadecimal text, dates and times what the settings say, JSON stays text.
 * NULL is null, and what the source did not send stays `undefined`. Columns of type `value` hold what they hold, JSON text in bytes
 * as the value it stands for.
 */
export function compileRecordValue(field: Field, settings: ValueSettings): ValueOfCell {
  if (field.type === 'value') return valueOfJson
  const bytesText = compileBytesText(settings.binary)
  const other = compileOther(field, settings)
  return (cell) => {
    if (cell === null || cell === undefined) return cell
    const value = other(cell)
    return value instanceof Uint8Array ? bytesText(value) : value
  }
}

const valueOfJson: ValueOfCell = (cell) => {
  if (!(cell instanceof Uint8Array)) return cell
  const text = Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength).toString('utf8')
  return text.includes('\uFFFD') ? valueOfBytes(text) : parseJson(text)
}

/** Bytes that are no UTF-8 are text of a document that stays as it is: expressions see it with U+FFFD in it. */
function valueOfBytes(text: string): RdiValue {
  try {
    return parseJson(text)
  } catch {
    return text
  }
}

function compileOther(field: Field, { decimals, temporal }: ValueSettings): CellForm {
  switch (field.type) {
    case 'int':
      return integerOf
    case 'float':
      return numberOf
    case 'decimal':
      return decimals === 'double' ? numberOf : (cell) => cell
    case 'value':
      return (cell) => cell
    case 'bool':
    case 'string':
    case 'bytes':
    case 'date':
    case 'time':
    case 'datetime':
    case 'timestamptz':
    case 'uuid':
    case 'json':
      return temporal === 'iso' ? compileIsoForm(field) : compileEpochForm(field)
  }
}

/** At most this many characters are a safe integer whatever they are. */
const safeLength = 15

function integerOf(cell: Cell): Cell {
  if (typeof cell === 'string') {
    if (cell.length <= safeLength) return Number(cell)
    const number = Number(cell)
    return Number.isSafeInteger(number) ? number : BigInt(cell)
  }
  if (typeof cell !== 'bigint') return cell
  const number = Number(cell)
  return Number.isSafeInteger(number) ? number : cell
}

function numberOf(cell: Cell): Cell {
  return typeof cell === 'string' ? Number(cell) : cell
}

/** How bytes are written as text. */
export function compileBytesText(binary: SourceSettings['binary']): (bytes: Uint8Array) => string {
  const encoding = binary === 'base64-url-safe' ? 'base64url' : binary
  return (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding)
}
