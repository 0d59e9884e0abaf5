import { describe, expect, it } from 'vitest'
import type { JobPlan } from '../job/job-plan.ts'
import { guaranteeOf } from './guarantee.ts'

function planOf(isIdempotent: boolean): JobPlan {
  const plugin = { guarantee: () => ({ isIdempotent }) }
  return { writer: { plugin, config: {} } } as unknown as JobPlan
}

const best = { isAtomic: true, keepsProgress: true, isOrdered: true }

describe('the guarantee of a job', () => {
  it.each([true, false])(
    'is exactly once with a checkpoint beside the rows (idempotent: %s)',
    (is) => {
      expect(guaranteeOf(planOf(is), best).kind).toBe('exactly-once')
    },
  )

  it.each([
    [true, /a second time, which leaves the same data$/],
    [false, /a second time$/],
  ])('is at least once where changes may be in the snapshot (idempotent: %s)', (is, note) => {
    const guarantee = guaranteeOf(planOf(is), { ...best, overlapsChanges: true })
    expect(guarantee).toEqual({
      kind: 'at-least-once',
      note: expect.stringMatching(note) as string,
    })
  })
})
