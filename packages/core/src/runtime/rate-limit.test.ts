import { expect, test } from 'vitest'
import { RateLimit } from './rate-limit.ts'

test.each([10, 1_000, 50_000])(
  'keeps the rate over 10 s with batches of %i bytes',
  (batchBytes) => {
    let nowMs = 0
    const limit = new RateLimit(100_000, () => nowMs)
    let taken = 0
    while (nowMs < 10_000) {
      taken += batchBytes
      nowMs += limit.charge(batchBytes)
    }
    const rate = taken / (nowMs / 1000)
    expect(rate).toBeGreaterThan(95_000)
    expect(rate).toBeLessThan(105_000)
  },
)

test('keeps no more than 100 ms of unused allowance', () => {
  let nowMs = 0
  const limit = new RateLimit(1_000, () => nowMs)
  nowMs = 60_000
  expect(limit.charge(100)).toBe(0)
  expect(limit.charge(100)).toBe(100)
})

test('several channels share one rate', async () => {
  let nowMs = 0
  const limit = new RateLimit(1_000, () => nowMs)
  const waits = [limit.charge(500), limit.charge(500), limit.charge(500)]
  expect(waits).toEqual([500, 1000, 1500])
  nowMs = 1_500
  expect(limit.charge(0)).toBe(0)
})
