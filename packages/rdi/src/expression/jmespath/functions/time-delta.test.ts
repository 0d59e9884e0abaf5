import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ExpressionFailure, RdiRecord, RdiValue } from '../../../model/expression.ts'
import { compileJmespath } from '../compile-jmespath.ts'

function evaluate(text: string, record: RdiRecord = {}): RdiValue | ExpressionFailure {
  return compileJmespath([text]).evaluate([record])[0]?.[0]
}

describe('time_delta', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: Date.parse('2026-03-01T12:00:00.500Z') })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it.each<[RdiValue, number, number]>([
    ['2026-03-01T12:00:00Z', 0, 0],
    ['2026-03-01T12:00:00.400000Z', 0, 0],
    ['2026-03-01 11:59:00', 0, 60],
    ['2026-03-01T14:00:00+02:00', 0, 0],
    ['2026-03-01T07:00:00.5-0500', 0, 0],
    ['2026-02-28', 1, 129_600],
    ['2026-03-02T12:00:00.500Z', -1, -86_400],
    ['2026-03-01T12:00:01Z', -1, -1],
    [1_772_366_400, 0, 0],
    [1_772_366_400n, 0, 0],
    [1_771_502_399.5, 10, 864_001],
  ])('%s', (time, days, seconds) => {
    expect(evaluate('time_delta_days(time)', { time })).toBe(days)
    expect(evaluate('time_delta_seconds(time)', { time })).toBe(seconds)
  })

  it.each(['', 'today', '2026-02-30', '2026-01-01T25:00:00', '2026-13-01', 1e300])(
    '%s is no time',
    (time) => {
      const failure = evaluate('time_delta_seconds(time)', { time }) as ExpressionFailure
      expect(failure.message).toContain('an ISO date and time or Unix seconds')
    },
  )
})
