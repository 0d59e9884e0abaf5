import { describe, expect, it } from 'vitest'
import type { RecordBatch, TableSchema } from '@millrace/core/record'
import type { ReadOptions } from '@millrace/core/plugin'
import { memoryReader, testContext, type MemoryChange } from '../src/index.ts'

const tableOf = (table: string): TableSchema => ({
  table,
  namespace: 'public',
  version: 1,
  fields: ['id', 'v'].map((name) => ({ name, type: 'string', nullable: true, nativeType: 'text' })),
  key: [0],
})
const schemas = [tableOf('orders'), tableOf('lines')]
const changes: readonly MemoryChange[] = [
  { operation: 'c', row: ['1', 'a'], transaction: 7, committedAtMs: 1000 },
  { operation: 'u', row: ['1', 'b'], before: ['1', 'a'], transaction: 7, committedAtMs: 1000 },
  { operation: 'u', row: ['1', undefined], transaction: 8, committedAtMs: 2000 },
  { dataset: 1, operation: 'c', row: ['9', 'x'], transaction: 8, committedAtMs: 2000 },
  { operation: 'd', row: ['1', 'b'], transaction: 9, committedAtMs: 3000 },
]

async function batchesOf(options: Partial<ReadOptions>, rows: string[][] = []) {
  const datasets = schemas.map((schema, index) => ({ schema, rows: index === 0 ? rows : [] }))
  const { plugin } = memoryReader(datasets, { changes })
  const signal = new AbortController().signal
  await using session = await plugin.open({}, testContext().context, { signal })
  const { splits } = await session.split(4, { signal })
  const batches: RecordBatch[] = []
  for (const split of splits) {
    const bounds = { signal, maxRows: 100, maxBytes: 1000, maxDelayMs: 100, positions: true }
    const read = session.read(split, { ...bounds, ...options })
    for await (const batch of read) batches.push(batch)
  }
  return { splits, batches }
}

describe('changes of the reader in memory', () => {
  it('come in order, a batch of one table each, several transactions in one', async () => {
    const { splits, batches } = await batchesOf({})
    expect(splits.map(({ id, resumable }) => [id, resumable])).toEqual([['(changes):0', true]])
    expect(batches.map(({ schema, rows }) => [schema.table, rows.length])).toEqual([
      ['orders', 3],
      ['lines', 1],
      ['orders', 1],
    ])
    expect(batches[0]?.changes).toEqual({
      operations: ['c', 'u', 'u'],
      before: [null, ['1', 'a'], null],
      transactions: [7, 7, 8],
      committedAtMs: [1000, 1000, 2000],
    })
    expect(batches.map(({ position }) => position?.token)).toEqual([3, 4, 5])
    expect(batches[2]).toMatchObject({ rows: [['1', 'b']], changes: { operations: ['d'] } })
  })

  it('keep the limits inside a transaction, and go on from there', async () => {
    const { batches } = await batchesOf({ maxRows: 1 })
    expect(batches.map(({ changes: one }) => one?.transactions)).toEqual([[7], [7], [8], [8], [9]])
    const from = batches[0]?.position
    if (from === undefined) throw new Error('a change has a position')
    const rest = await batchesOf({ from })
    expect(rest.batches.map(({ changes: one }) => one?.transactions)).toEqual([[7, 8], [8], [9]])
  })

  it('follow the rows of the tables', async () => {
    const { splits, batches } = await batchesOf({}, [['0', 'z']])
    expect(splits.map(({ table }) => table)).toEqual(['public.orders', '(changes)'])
    expect(batches[0]).toMatchObject({ rows: [['0', 'z']], position: { token: 1 } })
    expect(batches[0]?.changes).toBeUndefined()
  })
})
