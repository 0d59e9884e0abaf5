import { expect, test } from 'vitest'
import { JobCounters, type TableStatus } from '@millrace/core'
import { formatBusyTables, formatTableReport, formatTableStatus } from './tables.ts'

const records = { recordsRead: 0, recordsWritten: 0, recordsFiltered: 0, recordsDirty: 0 }

function counted(...tables: readonly (readonly [name: string, rows: number])[]) {
  const counters = new JobCounters()
  for (const [table, recordsRead] of tables) {
    const schema = { table, version: 1, fields: [], key: [] }
    const counts = { ...records, recordsRead, recordsWritten: recordsRead - 1, recordsDirty: 1 }
    counters.tables.add(schema, 'changes', { ...counts, bytesRead: 0, bytesWritten: 0 })
  }
  return counters.tables.all
}

test('the busiest tables of several are named, and none where there is one or nothing moves', () => {
  expect(formatBusyTables(counted(['a', 10], ['b\u0007', 3000]))).toEqual([
    '  busiest: b\\u0007 3,000/s (3,000 changes, dirty 1), a 10/s (10 changes, dirty 1)',
  ])
  const many = counted(...Array.from({ length: 9 }, (_, at) => [`t${at}`, at + 1] as const))
  expect(formatBusyTables(many)[0]?.split('/s')).toHaveLength(6)
  expect(formatBusyTables(counted(['a', 10]))).toEqual([])
  expect(formatBusyTables([])).toEqual([])
  const read = counted(['a', 10], ['b', 20]).map((one) => ({
    ...one,
    table: one.table,
    perSecond: 7,
    splits: one.table === 'a' ? { total: 4, done: 1 } : { total: 2, done: 2 },
  }))
  expect(formatBusyTables(read)).toEqual([
    '  busiest: a 7/s (10 changes, 1 of 4 splits done, dirty 1), b 7/s (20 changes, dirty 1)',
  ])
})

test('the closing summary names the tables with most rows', () => {
  expect(formatTableReport(counted(['a', 1], ['b', 2]))).toEqual([
    'By table:',
    '  b: 2 changes (1 written, 0 filtered, 1 dirty)',
    '  a: 1 changes (0 written, 0 filtered, 1 dirty)',
  ])
  const many = counted(...Array.from({ length: 30 }, (_, at) => [`t${at}`, at + 1] as const))
  expect(formatTableReport(many).at(-1)).toBe('  and 10 more')
  expect(formatTableReport(counted(['a', 1]))).toEqual([])
})

test('the status has a line for each table', () => {
  const table: TableStatus = {
    table: 'public.item',
    splits: { total: 3, done: 2 },
    estimatedRows: 9000,
    snapshot: { ...records, recordsRead: 6000, recordsDirty: 1 },
    changes: { ...records, recordsRead: 1200, recordsDirty: 2 },
    changesPerSecond: 40,
    stopped: null,
  }
  expect(formatTableStatus([table])).toEqual([
    'tables:',
    '  public.item: 2 of 3 splits done, 6,000 rows, 1,200 changes, 40 changes/s, dirty 3',
  ])
  const idle = { ...table, splits: { total: 0, done: 0 }, changesPerSecond: null }
  expect(formatTableStatus([idle])[1]).toBe('  public.item: 6,000 rows, 1,200 changes, dirty 3')
  const why = { since: '2026-01-01T00:00:00.000Z', position: '0/1A', reason: 'It was emptied.' }
  expect(formatTableStatus([{ ...idle, stopped: why }])[2]).toBe(
    '    stopped: the changes of public.item are left out since 2026-01-01T00:00:00.000Z, from 0/1A on: It was emptied. Remove its keys from the target, then have it read again: millrace resync <folder> --table public.item',
  )
  expect(formatTableStatus([])).toEqual([])
})
