import type { RejectedRow } from '@millrace/core/plugin'
import { expect, it } from 'vitest'
import { BatchFlow, type FlowBatch } from './batch-flow.ts'

class TestBatch implements FlowBatch {
  readonly encoded: { readonly byteLength: number }
  readonly outcome: Promise<readonly RejectedRow[]>
  isAbandoned = false
  settle: () => void = () => {}
  fail: (error: unknown) => void = () => {}

  constructor(byteLength = 1) {
    this.encoded = { byteLength }
    this.outcome = new Promise((resolve, reject) => {
      this.settle = () => resolve([])
      this.fail = reject
    })
  }
}

/** A flow that sends whatever comes, and what its driver was told. */
function makeFlow(settle: () => Promise<void> = async () => {}) {
  const told: string[] = []
  const flow: BatchFlow<TestBatch> = new BatchFlow<TestBatch>({
    pump: () => {
      while (flow.next !== undefined) flow.take()
    },
    settle,
    forget: () => void told.push('forget'),
    close: () => void told.push('close'),
  })
  return { flow, told }
}

const { signal } = new AbortController()

it('bounds the bytes under way, and goes on when they are settled', async () => {
  const { flow } = makeFlow()
  const batches = Array.from({ length: 4 }, () => new TestBatch(3 * 1024 * 1024))
  const outcomes = batches.map(async (batch) => await flow.submit(batch, signal))
  // The one that reaches the bound is the last.
  expect(flow.sent).toEqual(batches.slice(0, 3))
  expect(flow.next).toBeUndefined()
  flow.shift()
  expect(flow.next).toBe(batches[3])
  for (const batch of batches) batch.settle()
  expect(await Promise.all(outcomes)).toEqual([[], [], [], []])
})

it('sends nothing while there is trouble', async () => {
  let end: () => void = () => {}
  const { flow } = makeFlow(async () => await new Promise<void>((resolve) => (end = resolve)))
  const recovered = flow.recover()
  const batch = new TestBatch()
  const outcome = flow.submit(batch, signal)
  expect([flow.isTroubled, flow.isRecovering, flow.next]).toEqual([true, true, undefined])
  end()
  await recovered
  expect(flow.sent).toEqual([batch])
  batch.settle()
  expect(await outcome).toEqual([])
})

it('rejects all that wait and all that come once it has failed', async () => {
  const error = new Error('no further')
  const { flow, told } = makeFlow(async () => await Promise.reject(error))
  const outcome = flow.submit(new TestBatch(), signal)
  void flow.recover()
  await expect(outcome).rejects.toBe(error)
  await expect(flow.submit(new TestBatch(), signal)).rejects.toBe(error)
  expect(told).toEqual(['close'])
  expect(flow.signal.aborted).toBe(true)
})

it('starts over when nobody waits any longer', async () => {
  const { flow, told } = makeFlow()
  const [first, second] = [new AbortController(), new AbortController()]
  const gone = flow.submit(new TestBatch(), first.signal)
  const other = flow.submit(new TestBatch(), second.signal)
  const reason = new Error('stopped')
  first.abort(reason)
  await expect(gone).rejects.toBe(reason)
  // Somebody waits still.
  expect([told.length, flow.sent.length]).toEqual([0, 2])
  second.abort(reason)
  await expect(other).rejects.toBe(reason)
  expect(told).toContain('forget')
  expect(flow.sent).toEqual([])
  const batch = new TestBatch()
  const outcome = flow.submit(batch, signal)
  batch.settle()
  expect(await outcome).toEqual([])
  expect(flow.signal.aborted).toBe(false)
})
