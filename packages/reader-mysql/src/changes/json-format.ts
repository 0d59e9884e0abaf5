import { variableFormat, type CellFormat } from './cell-reader.ts'
import { jsonTextAt } from './json-text.ts'

/** JSON of MySQL, which stands in the log in binary form. */
export function jsonFormat(prefix: number): CellFormat {
  return variableFormat(prefix, (cursor, start, end) => {
    const text = jsonTextAt(cursor.bytes, start, end)
    cursor.byteSize += Buffer.byteLength(text)
    return text
  })
}
