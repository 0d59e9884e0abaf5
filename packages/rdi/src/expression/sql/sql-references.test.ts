import { expect, it } from 'vitest'
import { sqlReferences } from './sql-references.ts'

it.each([
  ["concat(floor(milliseconds / 60000), ':')", ['milliseconds']],
  ['CASE WHEN CAST(Total AS REAL) > 11.99 THEN \'large\' ELSE "Note" END', ['Total', 'Note']],
  ["ends_ms / 1000 - STRFTIME('%s', 'now')", ['ends_ms']],
  ['`after.name` || after.name || [b c]', ['after.name', 'b c']],
  ['CAST(a AS DOUBLE PRECISION) + CAST(b AS DECIMAL(10, 2)) -- c', ['a', 'b']],
  ["a COLLATE NOCASE IN (b, x'00') AND True IS NOT NULL", ['a', 'b']],
  ["a /* d */ || 'it''s' || a", ['a']],
  ['current_date || key', ['key']],
  ['1e5 + 0x1F + .5', []],
  ["'never closed", []],
])('%s', (text, fields) => {
  expect(sqlReferences(text)).toEqual(fields)
})
