import { expect, test } from 'vitest'
import { ChangesProgress } from './changes-progress.ts'
import { budgetWithRate, keptLagJson, keptLagOf } from './kept-lag.ts'
import { logBudgetText } from './log-budget.ts'

const gigabyte = 1024 ** 3
const log = { log: 'WAL', end: '0/1', budgetBytes: 10 * gigabyte, budgetLeftBytes: 8 * gigabyte }
const textOf = (...terms: Parameters<typeof budgetWithRate>) => {
  const budget = budgetWithRate(...terms)
  return budget && logBudgetText(budget)
}

test('what is kept of the lag is read back', () => {
  const progress = new ChangesProgress()
  expect(keptLagOf(keptLagJson(progress, 5))).toEqual({ atMs: 5 })
  const budget = { kind: 'size' as const, log: 'WAL', totalBytes: 10, leftBytes: 8 }
  progress.log = { end: '0/1', budget: { ...budget, bytesPerHour: 2, leftMs: 1 } }
  expect(keptLagOf(keptLagJson(progress, 5))).toEqual({ atMs: 5, leftBytes: 8, bytesPerHour: 2 })
  for (const json of [undefined, null, [], 'x', {}]) expect(keptLagOf(json)).toBeUndefined()
})

test('a budget that was asked once lasts as long as what a run has kept says', () => {
  const left = 'WAL budget 8.0 of 10.0 GB left'
  expect(textOf(log, undefined, { isHeld: true })).toBe(left)
  expect(textOf(log, { atMs: 0 }, { isHeld: true })).toBe(left)
  const kept = { atMs: 0, leftBytes: 9 * gigabyte, bytesPerHour: gigabyte }
  expect(textOf(log, kept, { isHeld: true })).toBe(`${left}, 1.0 GB/h, about 8 h`)
  // Nobody reads now: it has lost a gigabyte in half an hour.
  const idle = { isHeld: false, nowMs: 1_800_000 }
  expect(textOf(log, kept, idle)).toBe(`${left}, 2.0 GB/h, about 4 h`)
  expect(textOf(log, kept, { ...idle, nowMs: 1000 })).toBe(left)
  expect(textOf(log, { ...kept, leftBytes: 7 * gigabyte }, idle)).toBe(left)
  expect(textOf({ end: '0/1' }, kept, idle)).toBeUndefined()
})
