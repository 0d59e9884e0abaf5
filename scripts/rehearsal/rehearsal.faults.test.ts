import { availableParallelism, loadavg } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Rehearsal, rehearsalChecks } from './rehearsal.mjs'

/** On a machine that does other things, too. */
const preparationMs = 600_000
const checkMs = 300_000
/** What a rehearsal may take from its beginning to its last check, on a machine of its own. */
const limitMs = 300_000
let rehearsal: Rehearsal
let start = 0

beforeAll(async () => {
  start = performance.now()
  rehearsal = await Rehearsal.prepare(() => {})
}, preparationMs)

afterAll(() => rehearsal.dispose())

test.each(rehearsalChecks.map((check) => [check.title, check] as const))(
  '%s',
  async (_, check) => {
    expect(await check.run(rehearsal)).toEqual([])
  },
  checkMs,
)

test('all of it takes less than five minutes', () => {
  // With others waiting for the same processors it takes as much longer as there are of them.
  const [, load = 0] = loadavg()
  const share = Math.max(1, load / availableParallelism())
  expect((performance.now() - start) / share).toBeLessThan(limitMs)
})
