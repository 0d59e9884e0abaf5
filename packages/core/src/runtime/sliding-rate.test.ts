import { expect, test } from 'vitest'
import { SlidingRate } from './sliding-rate.ts'

test('measures what came over the last seconds', () => {
  const rate = new SlidingRate()
  expect(rate.perSecond(100_000)).toBe(0)
  for (let atMs = 100_000; atMs < 120_000; atMs += 100) rate.add(50, atMs)
  expect(rate.perSecond(120_000)).toBeCloseTo(500, 5)
  expect(rate.perSecond(122_500)).toBeLessThan(300)
  expect(rate.perSecond(126_000)).toBe(0)
})

test('does not call a first burst a rate of thousands', () => {
  const rate = new SlidingRate()
  rate.add(10, 5_000_010)
  expect(rate.perSecond(5_000_011)).toBe(10)
})
