import { describe, expect, it } from 'vitest'
import { BatchBuilder, type RowChange } from './batch-builder.ts'
import type { TableSchema } from './table-schema.ts'

const schema: TableSchema = { table: 't', version: 1, fields: [], key: [] }
const change = (transaction: number): RowChange => ({
  operation: 'u',
  before: null,
  transaction,
  committedAtMs: 1000 + transaction,
})

describe('BatchBuilder', () => {
  it('keeps the limits, and begins anew behind each batch', () => {
    const builder = new BatchBuilder(schema, { maxRows: 2, maxBytes: 100 })
    expect(builder.mustFlushBefore(1000)).toBe(false)
    builder.addChange(['a'], 60, change(1))
    expect(builder.mustFlushBefore(41)).toBe(true)
    expect(builder.mustFlushBefore(40)).toBe(false)
    builder.addChange(['b'], 40, change(1))
    expect(builder.mustFlushBefore(0)).toBe(true)
    expect(builder.take()).toEqual({
      schema,
      rows: [['a'], ['b']],
      byteSize: 100,
      changes: {
        operations: ['u', 'u'],
        before: [null, null],
        transactions: [1, 1],
        committedAtMs: [1001, 1001],
      },
    })
    builder.add(['c'], 1)
    expect(builder.take()).toEqual({ schema, rows: [['c']], byteSize: 1 })
  })
})
