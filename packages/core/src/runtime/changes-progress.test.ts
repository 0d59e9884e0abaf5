import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Position, RecordBatch } from '../record/record-batch.ts'
import { ChangesProgress, type SettledChanges } from './changes-progress.ts'
import { JobCounters } from './job-counters.ts'
import { runHealth } from './run-health.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'], now: 1_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

const schema = { table: 't', version: 1, fields: [], key: [] }

function batch(
  label: string,
  committedAtMs: readonly number[],
): RecordBatch & { position: Position } {
  const operations = committedAtMs.map(() => 'c' as const)
  const transactions = committedAtMs.map((_, index) => index)
  const before = committedAtMs.map(() => null)
  return {
    schema,
    rows: committedAtMs.map(() => []),
    byteSize: 0,
    position: { token: label, label },
    changes: { operations, before, transactions, committedAtMs },
  }
}

test('tells position, lag and count of what is settled, in order', () => {
  const heard: SettledChanges[] = []
  const progress = new ChangesProgress((changes) => heard.push(changes))
  progress.begin({ token: 0, label: 'start' })
  expect(progress.position).toBe('start')
  expect(progress.lagMs).toBeUndefined()
  const one = batch('one', [999_900, 999_950])
  const two = batch('two', [999_980])
  progress.took(one)
  progress.took(two)
  vi.advanceTimersByTime(20)
  expect(progress.lagMs).toBe(120)
  progress.settled(one.position)
  expect(progress).toMatchObject({ position: 'one', count: 2, committedAtMs: 999_950 })
  expect(progress.lagMs).toBe(70)
  progress.settled(two.position)
  expect(progress).toMatchObject({ position: 'two', count: 3, lagMs: 40 })
  expect(heard).toEqual([
    { count: 2, lagMs: 120 },
    { count: 1, lagMs: 40 },
  ])
})

test('has no lag once the source says that there is nothing further, nor one of a clock that is ahead', () => {
  const progress = new ChangesProgress()
  const late = batch('late', [1])
  const heartbeat = batch('heartbeat', [])
  progress.took(late)
  progress.settled(late.position)
  expect(progress.lagMs).toBe(999_999)
  progress.took(heartbeat)
  progress.settled(heartbeat.position)
  expect(progress).toMatchObject({ lagMs: 0, position: 'heartbeat', count: 1 })
  const ahead = batch('ahead', [1_000_500])
  progress.took(ahead)
  progress.settled(ahead.position)
  expect(progress.lagMs).toBe(0)
})

test('forgets batches of a pass that was given up', () => {
  const progress = new ChangesProgress()
  progress.took(batch('lost', [5]))
  progress.begin({ token: 1, label: 'again' })
  expect(progress.lagMs).toBeUndefined()
})

test('a run is healthy while changes, heartbeats or answers come', () => {
  const counters = new JobCounters()
  counters.job = 'shop'
  expect(runHealth(counters).isHealthy).toBe(true)
  counters.phase = 'changes'
  counters.changes.begin({ token: 0, label: 'start' })
  vi.advanceTimersByTime(59_000)
  counters.changes.took(batch('heartbeat', []))
  vi.advanceTimersByTime(59_000)
  expect(runHealth(counters).isHealthy).toBe(true)
  vi.advanceTimersByTime(2000)
  expect(runHealth(counters)).toEqual({
    isHealthy: false,
    reasons: ['shop: no batch, heartbeat or settlement for 61 s'],
  })
})

test('a run is not healthy while source or target stay away for long, or once it has failed', () => {
  const counters = new JobCounters()
  counters.job = 'shop'
  counters.sent()
  vi.advanceTimersByTime(61_000)
  expect(runHealth(counters).reasons).toEqual(['shop: the target has not answered for 61 s'])
  counters.answered()
  counters.retrying = { sinceMs: performance.now(), reason: 'connection lost' }
  vi.advanceTimersByTime(30_000)
  expect(runHealth(counters).isHealthy).toBe(true)
  vi.advanceTimersByTime(31_000)
  expect(runHealth(counters).reasons[0]).toContain('61 s: connection lost')
  counters.retrying = undefined
  counters.failure = 'the end'
  const pipeline = new JobCounters()
  pipeline.follow([new JobCounters(), counters])
  expect(runHealth(pipeline).reasons).toEqual(['shop: has failed: the end'])
})
