import type { RedisCluster } from './redis-cluster.ts'
import { waitUntil } from './wait-until.ts'

/** Waits until a cluster has so many keys. */
export async function waitForKeys(cluster: RedisCluster, count: number): Promise<void> {
  await waitUntil(`there are ${count} keys`, async () => {
    const sizes = await Promise.all(
      (await cluster.currentMasters()).map(async (node) => await node.dbsize()),
    )
    return sizes.reduce((sum, size) => sum + size, 0) >= count
  })
}

/** Moves slots of the first master to the others and back until a run has ended; gives how many moves there were. */
export async function moveUntil(cluster: RedisCluster, ended: Promise<unknown>): Promise<number> {
  const [first, second, third] = cluster.masters
  if (first === undefined || second === undefined || third === undefined) throw new Error('masters')
  let isOver = false
  void ended.then(() => (isOver = true))
  let moved = 0
  for (let round = 0; !isOver; round += 1) {
    const slots = Array.from({ length: 40 }, (_, at) => round * 40 + at)
    for (const [from, to] of [
      [first, second],
      [second, third],
      [third, first],
    ] as const) {
      await cluster.moveSlots(slots, from, to)
      moved += slots.length
    }
  }
  return moved
}
