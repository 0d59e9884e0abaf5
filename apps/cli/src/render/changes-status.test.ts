import { expect, test } from 'vitest'
import type { ChangesStatus } from '@millrace/core'
import { formatChangesStatus } from './changes-status.ts'

const gigabyte = 1024 ** 3
const status: ChangesStatus = {
  position: '0/1A',
  committedAt: null,
  recordsRead: 1,
  recordsWritten: 1,
  recordsFiltered: 0,
  recordsDirty: 0,
  lagMs: 12,
  log: { log: 'WAL', end: '0/2B', lagBytes: 2048 },
  budget: {
    kind: 'size',
    log: 'WAL',
    totalBytes: 10 * gigabyte,
    leftBytes: 6 * gigabyte,
    bytesPerHour: 1.2 * gigabyte,
    leftMs: 5 * 3_600_000,
  },
  logProblem: null,
  durability: null,
}

test('the status of changes has the lag in bytes and time, and how long the log lasts', () => {
  expect(formatChangesStatus(status).at(-1)).toBe(
    '  lag 2.00KB, 12 ms; the WAL ends at 0/2B, WAL budget 6.0 of 10.0 GB left, 1.2 GB/h, about 5 h',
  )
  const idle = { ...status, lagMs: null, budget: null }
  expect(formatChangesStatus(idle).at(-1)).toBe('  lag 2.00KB; the WAL ends at 0/2B')
  expect(formatChangesStatus({ ...idle, log: { end: '5' } }).at(-1)).toBe(
    '  lag unknown; the log ends at 5',
  )
})
