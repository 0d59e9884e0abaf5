import { afterAll, beforeAll, expect, test } from 'vitest'
import { Rehearsal, rehearsalChecks } from './rehearsal.mjs'

/** On a machine that does other things, too. */
const preparationMs = 600_000
const checkMs = 300_000
let rehearsal: Rehearsal

beforeAll(async () => {
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
