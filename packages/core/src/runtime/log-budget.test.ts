import { expect, test } from 'vitest'
import { LogBudgetMeter, logBudgetText } from './log-budget.ts'

const gigabyte = 1024 ** 3
const minuteMs = 60_000

function meterOf(totalGigabytes: number) {
  const meter = new LogBudgetMeter()
  const warnings: string[] = []
  const next = (leftGigabytes: number, atMs: number) =>
    meter.next(
      {
        log: 'WAL',
        end: 'x',
        budgetBytes: totalGigabytes * gigabyte,
        budgetLeftBytes: leftGigabytes * gigabyte,
      },
      (message) => warnings.push(message),
      atMs,
    )
  return { next, warnings }
}

test('says how long the log lasts at the rate of the last minutes', () => {
  const { next } = meterOf(10)
  next(8.2, 0)
  const budget = next(8, 10 * minuteMs)
  expect(budget && logBudgetText(budget)).toBe(
    'WAL budget 8.0 of 10.0 GB left, 1.2 GB/h, about 7 h',
  )
})

test('forgets rates that are long past', () => {
  const { next } = meterOf(10)
  next(9, 0)
  next(8, minuteMs)
  next(8, 12 * minuteMs)
  const budget = next(8, 20 * minuteMs)
  expect(budget && logBudgetText(budget)).toBe('WAL budget 8.0 of 10.0 GB left')
})

test('shows no end that is days away, minutes where they count, and no rate of one moment', () => {
  const far = meterOf(1000)
  far.next(900, 0)
  const budget = far.next(899, 10 * minuteMs)
  expect(budget && logBudgetText(budget)).toBe('WAL budget 899.0 of 1000.0 GB left')
  const near = meterOf(1)
  near.next(0.6, 0)
  expect(near.next(0.5, 1000)?.leftMs).toBeUndefined()
  const soon = near.next(0.4, minuteMs)
  expect(soon && logBudgetText(soon)).toBe('WAL budget 0.4 of 1.0 GB left, 12.0 GB/h, about 2 min')
})

test('warns once at a half and once at a fifth, and again after it had recovered', () => {
  const { next, warnings } = meterOf(10)
  for (const [index, left] of [8, 5, 4.9, 3, 2, 1.9, 0.1].entries()) next(left, index)
  expect(warnings).toHaveLength(2)
  expect(warnings[0]).toContain('5.0 of 10.0 GB')
  expect(warnings[1]).toContain('2.0 of 10.0 GB')
  next(9, 10)
  next(4, 11)
  expect(warnings).toHaveLength(3)
})

test('says how long the log is kept, and warns of its end, where time is the limit', () => {
  const warnings: string[] = []
  const meter = new LogBudgetMeter()
  const dayMs = 24 * 60 * minuteMs
  const textOf = (keptMs: number, keptLeftMs: number) => {
    const status = { log: 'binlog', end: 'x', keptMs, keptLeftMs }
    const budget = meter.next(status, (message) => warnings.push(message))
    return budget && logBudgetText(budget)
  }
  expect(textOf(7 * dayMs, 5.5 * dayMs)).toBe('binlog budget 5.5 of 7.0 days left')
  expect(textOf(7 * dayMs, dayMs)).toBe('binlog budget 1.0 of 7.0 days left')
  expect(warnings).toEqual([expect.stringContaining('binlog budget 1.0 of 7.0 days left')])
  expect(textOf(dayMs, dayMs)).toBe('binlog budget 24.0 of 24.0 h left')
  expect(textOf(60 * minuteMs, 0)).toBe('binlog budget 0.0 of 60.0 min left')
  expect(warnings).toHaveLength(2)
})

test('is silent where the source sets no limit', () => {
  const warnings: string[] = []
  const meter = new LogBudgetMeter()
  expect(meter.next({ end: 'x', lagBytes: 5 }, (text) => warnings.push(text))).toBeUndefined()
  expect(warnings).toEqual([])
})
