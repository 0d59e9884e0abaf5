import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RetryClock } from './retry-clock.ts'

const lines: string[] = []
const logger = { debug: () => {}, info: () => {}, warn: (line: string) => lines.push(line) }
const clockOf = (retryTimeoutMs: number) =>
  new RetryClock({ retryTimeoutMs, target: 'cache:6379', logger })

/** Fails again and again for so long; gives the pauses. */
function fail(clock: RetryClock, forMs: number): number[] {
  const pauses: number[] = []
  for (const endMs = performance.now() + forMs; performance.now() < endMs;) {
    const pauseMs = clock.nextPauseMs(new Error('LOADING wait'))
    pauses.push(pauseMs)
    vi.advanceTimersByTime(pauseMs)
  }
  return pauses
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout'] })
  lines.length = 0
})
afterEach(() => vi.useRealTimers())

describe('trouble with the target', () => {
  it('ends the job after the time that it may last', () => {
    expect(() => fail(clockOf(300_000), 301_000)).toThrow('did not take a batch for 300000 ms')
    expect(lines).toHaveLength(4)
  })

  it('lasts as long as the job where that is asked for, is tried at least every 2 s and said once a minute', () => {
    const clock = clockOf(Infinity)
    const pauses = fail(clock, 86_400_000)
    expect(Math.max(...pauses)).toBeLessThanOrEqual(2000)
    expect(lines.length).toBeGreaterThan(1430)
    expect(lines.length).toBeLessThan(1441)
    expect(lines[0]).toBe(
      'Redis at cache:6379 has taken nothing for 1 min; it is tried again until the job is stopped. The last answer was: LOADING wait',
    )
    clock.reset()
    lines.length = 0
    expect(fail(clock, 30_000)[0]).toBeLessThanOrEqual(50)
    expect(lines).toEqual([])
  })
})
