import type { Field, Row, RowError } from '@millrace/core/record'
import { compileJsonCell } from '../output/json-cell.ts'
import { arrayHeader, constantBulk } from '../resp/resp-writer.ts'
import { isRowError } from './cell-text.ts'
import { addAndExpireScript, type ExpiryForm } from './expiry.ts'
import type { JoinedColumn, RowText } from './joined-text.ts'
import type { RowCommand } from './row-command.ts'
import type { HashField } from './row-hash.ts'

const noField: RowError = {
  code: 'NULL_VALUE',
  message: 'every column of the row is null: nothing would be written',
}

/** `XADD key * field value [field value …]` of a whole row; nulls leave their field out. */
export function compileStreamCommand(fields: readonly HashField[], expiry: ExpiryForm): RowCommand {
  const names = fields.map(({ name }) => constantBulk(name))
  const isScript = expiry.kind === 'script'
  const head = isScript
    ? constantBulk('EVAL') + constantBulk(addAndExpireScript) + constantBulk('1')
    : constantBulk('XADD')
  const middle = (isScript ? expiry.tail + constantBulk('XADD') : '') + constantBulk('*')
  const fixed = isScript ? 8 : 3
  return (row, key, writer) => {
    const values = fields.map(({ column }) => column.text(row[column.index]))
    const count = values.filter((value) => value !== null).length
    if (count === 0) return noField
    writer.text += arrayHeader(fixed + 2 * count) + head
    writer.argument(key)
    writer.text += middle
    for (let at = 0; at < values.length; at += 1) {
      const value = values[at]
      if (value === null || value === undefined) continue
      writer.text += names[at] as string
      writer.argument(value)
    }
    return undefined
  }
}

/** `JSON.SET key $ document`, or `JSON.MERGE`. */
export function compileJsonCommand(command: string, document: RowText): RowCommand {
  const head = arrayHeader(4) + constantBulk(command)
  const root = constantBulk('$')
  return (row, key, writer) => {
    const json = document(row)
    if (isRowError(json)) return json
    writer.text += head
    writer.argument(key)
    writer.text += root
    writer.argument(json)
    return undefined
  }
}

/**
 * A document of whole rows: numbers, booleans, nulls and JSON native, all else the text it is elsewhere.
 */
export function compileRowDocument(
  columns: readonly JoinedColumn[],
  fields: readonly Field[],
): RowText {
  const parts = columns.map((column) => {
    const field = fields[column.index] as Field
    const isDate = ['date', 'time', 'datetime', 'timestamptz'].includes(field.type)
    const json = compileJsonCell(field)
    const label = `${JSON.stringify(column.name)}:`
    return (row: Row) => {
      const cell = row[column.index]
      if (cell === undefined) return ''
      const text = json(isDate ? column.text(cell) : cell) ?? ''
      return isRowError(text) ? text : label + text
    }
  })
  return (row) => {
    let json = ''
    for (let at = 0; at < parts.length; at += 1) {
      const text = (parts[at] as (typeof parts)[number])(row)
      if (typeof text !== 'string') return text
      if (text !== '') json += (json === '' ? '{' : ',') + text
    }
    return json === '' ? noField : `${json}}`
  }
}
