import { expect, it } from 'vitest'
import { begin, changesUntilNow, openFollower, startFollowedServer } from './followed-source.ts'

it('changes are asked for in replies of no more than a batch may have', async () => {
  await using source = await startFollowedServer()
  await source.db.createCollection('items')
  await using session = openFollower(source, ['items'])
  const from = await begin(session)
  const ids = Array.from({ length: 100 }, (_, _id) => ({ _id: _id as never }))
  await source.db.collection('items').insertMany(ids)
  const { control } = source.server
  for (const [maxRows, least] of [
    [10, 9],
    [1000, 0],
  ] as const) {
    control.resetCommandCounts()
    const batches = await changesUntilNow(session, from, { maxRows })
    expect(batches.flatMap(({ rows }) => rows)).toHaveLength(100)
    const replies = control.commandCounts()['getMore'] ?? 0
    expect(replies).toBeGreaterThanOrEqual(least)
    expect(replies).toBeLessThan(least + 6)
  }
})
