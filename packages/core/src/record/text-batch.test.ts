import { describe, expect, it } from 'vitest'
import { rowCountOf, type RecordBatch } from './record-batch.ts'
import type { LogicalType, TableSchema } from './table-schema.ts'
import { TextBatchBuilder } from './text-batch-builder.ts'

function schemaOf(...types: LogicalType[]): TableSchema {
  const fields = types.map((type, at) => ({ name: `c${at}`, type, nullable: true, nativeType: '' }))
  return { table: 't', version: 1, fields, key: [] }
}

function builderOf(schema: TableSchema, maxRows = 100) {
  return new TextBatchBuilder(schema, { maxRows, maxBytes: 1000 })
}

describe('TextBatch', () => {
  it('makes rows of the cells by their logical types', () => {
    const builder = builderOf(schemaOf('int', 'bool', 'bytes', 'string'))
    const bytes = Buffer.from([0x66, 0xff])
    builder.reserve(2)
    builder.addText('42')
    builder.addText('true')
    builder.addCell(bytes, 0, 2)
    builder.addText('é 😀')
    builder.endRow(12)
    builder.reserve(2)
    builder.addNull()
    builder.addText('false')
    builder.addText('')
    builder.addCell(bytes, 0, 2)
    builder.endRow(3)
    const batch = builder.take({ token: 1, label: 'one' })
    expect(batch.rows).toEqual([
      ['42', true, new Uint8Array(bytes), 'é 😀'],
      // Text that is none stays bytes.
      [null, false, new Uint8Array(), new Uint8Array(bytes)],
    ])
    expect(batch).toMatchObject({ byteSize: 15, position: { token: 1, label: 'one' } })
  })

  it('has no text any more once its rows may have been edited, nor has a copy of it', () => {
    const builder = builderOf(schemaOf('string'))
    builder.addText('a')
    builder.endRow(1)
    const batch = builder.take()
    expect(batch.text).toBeDefined()
    expect(rowCountOf(batch)).toBe(1)
    const { rows } = batch
    rows.pop()
    expect(batch.text).toBeUndefined()
    expect(rowCountOf(batch)).toBe(0)
    const copy: RecordBatch = { ...(batch as RecordBatch), rows }
    expect(copy.text).toBeUndefined()
  })

  it('keeps rows that were taken before its release, and refuses to make them after it', () => {
    const builder = builderOf(schemaOf('string', 'bytes'))
    const write = (text: string) => {
      builder.addText(text)
      builder.addText(text)
      builder.endRow(2 * text.length)
      return builder.take()
    }
    const taken = write('first')
    const untaken = write('second')
    const { rows } = taken
    taken.release()
    untaken.release()
    write('third')
    write('other')
    expect(rows).toEqual([['first', new Uint8Array(Buffer.from('first'))]])
    expect(() => untaken.rows).toThrow(/release/)
  })
})

describe('TextBatchBuilder', () => {
  it('says when a batch is full', () => {
    const builder = builderOf(schemaOf('string'), 2)
    expect(builder.mustFlushBefore(5000)).toBe(false)
    builder.addText('a')
    builder.endRow(1)
    expect(builder.mustFlushBefore(999)).toBe(false)
    expect(builder.mustFlushBefore(1000)).toBe(true)
    builder.addText('b')
    builder.endRow(1)
    expect(builder.mustFlushBefore(1)).toBe(true)
    builder.take()
    expect(builder.mustFlushBefore(1)).toBe(false)
  })

  it('grows for many rows and long cells', () => {
    const builder = new TextBatchBuilder(schemaOf('string'), { maxRows: 1e6, maxBytes: 1e9 })
    const long = 'x'.repeat(200_000)
    for (let row = 0; row < 20_000; row += 1) {
      builder.reserve(8)
      builder.addText(`row ${row}`)
      builder.endRow(1)
    }
    builder.addText(long)
    builder.endRow(1)
    const { rows } = builder.take()
    expect(rows).toHaveLength(20_001)
    expect(rows[19_999]).toEqual(['row 19999'])
    expect(rows[20_000]).toEqual([long])
  })
})
