import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { TableSchema } from '../record/table-schema.ts'
import { dirtyFileRecords, rowOfRecord } from './dirty-file.ts'
import { formatDirtyRecord } from './dirty-record.ts'

const schema: TableSchema = {
  table: 't',
  version: 1,
  fields: ['a', 'b', 'a'].map((name) => ({
    name,
    type: 'string',
    nullable: true,
    nativeType: 'text',
  })),
  key: [],
}

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-dirty-file-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('gives every row back as it was listed, whatever separators stand in its text', () => {
  const rows = [
    ['one', null, 'two'],
    ['line\nfeed', 'carriage\rreturn', 'next\u0085line'],
    ['line\u2028separator', 'paragraph\u2029separator', '\r\n'],
    ['x'.repeat(200_000), 'é'.repeat(70_000), ''],
  ]
  const origin = { run: 'r', split: 's', schema, position: undefined, isTransformed: false }
  const error = { code: 'NO', message: 'no' }
  const lines = rows.map((row) => formatDirtyRecord({ row, error }, origin, new Date()))
  const file = join(folder, 'dirty.jsonl')
  writeFileSync(file, `${lines.join('\n')}\n`)
  const records = [...dirtyFileRecords(file, 0)]
  expect(records.map((record) => rowOfRecord(record, schema))).toEqual(
    rows.map((cells) => ({ cells, error: undefined })),
  )
  expect([...dirtyFileRecords(file, 2)].map(({ line }) => line)).toEqual([3, 4])
})

it('names a file that cannot be read, and a line that is no dirty record', () => {
  const missing = join(folder, 'missing.jsonl')
  expect(() => [...dirtyFileRecords(missing, 0)]).toThrow(`reading the dirty file ${missing}`)
  const file = join(folder, 'dirty.jsonl')
  writeFileSync(file, '\n{"row":{}}\n{"row"')
  expect(() => [...dirtyFileRecords(file, 0)]).toThrow(`${file}:3: expected a dirty record`)
})

it('gives no row that the reader could not read, until its line says so no more', () => {
  const origin = { run: 'r', split: 's', schema, position: undefined, isTransformed: false }
  const dirty = { row: ['a line as it was'], error: { code: 'LINE_INVALID', message: 'no' } }
  const line = formatDirtyRecord(dirty, { ...origin, isUnreadable: true }, new Date())
  const mended = { ...(JSON.parse(line) as object), row: { a: '1', b: '2', 'a#2': '3' } }
  const file = join(folder, 'dirty.jsonl')
  const stillUnreadable = JSON.stringify(mended)
  const readable = JSON.stringify({ ...mended, unreadable: undefined })
  writeFileSync(file, `${line}\n${stillUnreadable}\n${readable}\n`)
  const found = [...dirtyFileRecords(file, 0)].map((record) => rowOfRecord(record, schema))
  expect(found.map(({ error }) => error?.code)).toEqual(['UNREADABLE', 'UNREADABLE', undefined])
  expect(found[2]?.cells).toEqual(['1', '2', '3'])
})
