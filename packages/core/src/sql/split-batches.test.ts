import { describe, expect, it } from 'vitest'
import type { Row } from '../record/cell.ts'
import { SplitBatches } from './split-batches.ts'

const schema = {
  table: 't',
  version: 1,
  key: [],
  fields: [{ name: 'n', type: 'string' as const, nullable: false, nativeType: 'text' }],
}
const positions = {
  hiddenCount: 2,
  positionOf: (row: Row) => ({ token: row.slice(1) as string[], label: 'x' }),
}

describe('SplitBatches', () => {
  it('gives the batch before a row that would pass the limits', () => {
    const batches = new SplitBatches(schema, { maxRows: 10, maxBytes: 5 }, undefined)
    expect(batches.add(['abc'], 3)).toBeUndefined()
    expect(batches.add(['abc'], 3)).toEqual({ schema, rows: [['abc']], byteSize: 3 })
    expect(batches.rowCount).toBe(1)
    expect(batches.take().rows).toEqual([['abc']])
    expect(batches.rowCount).toBe(0)
  })

  it('takes hidden cells out of rows and sizes, and the position from the last row', () => {
    const batches = new SplitBatches(schema, { maxRows: 2, maxBytes: 100 }, positions)
    expect(batches.add(['a', '1', 'é'], 4)).toBeUndefined()
    expect(batches.add(['bc', '2', null], 3)).toBeUndefined()
    expect(batches.add(['d', '3', 'ff'], 4)).toEqual({
      schema,
      rows: [['a'], ['bc']],
      byteSize: 3,
      position: { token: ['2', null], label: 'x' },
    })
    expect(batches.take()).toMatchObject({ rows: [['d']], byteSize: 1, position: { label: 'x' } })
  })
})
