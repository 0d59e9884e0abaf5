import type { ClusterNode, SlotMove } from './redis-cluster.ts'
import { waitUntil } from './wait-until.ts'

/**
 * Begins to move a slot: so many of its keys go at once, the others when the function that is given back is called.
 */
export async function beginMove(
  slot: number,
  keyCount: number,
  { from, to }: SlotMove,
  masters: readonly ClusterNode[],
): Promise<() => Promise<void>> {
  const name = String(slot)
  await waitUntil(`slot ${name} can be moved`, async () => {
    try {
      await from.client.call('CLUSTER', 'SETSLOT', name, 'MIGRATING', to.id)
      await to.client.call('CLUSTER', 'SETSLOT', name, 'IMPORTING', from.id)
      return true
    } catch {
      // A message of before the last move came late, and a node believed it: the slot is given to its owner once more.
      await from.client.call('CLUSTER', 'SETSLOT', name, 'NODE', from.id)
      for (const node of masters) if (node !== from) await leaveSlot(name, node, from)
      await from.client.call('CLUSTER', 'BUMPEPOCH')
      return false
    }
  })
  await moveKeys(name, keyCount, from, to)
  return async () => {
    while ((await moveKeys(name, 10, from, to)) > 0);
    await to.client.call('CLUSTER', 'SETSLOT', name, 'NODE', to.id)
    await leaveSlot(name, from, to)
    for (const node of masters) if (node !== from && node !== to) await leaveSlot(name, node, to)
  }
}

/** Moves some keys of a slot; gives how many there were. */
async function moveKeys(
  slot: string,
  count: number,
  { client }: ClusterNode,
  to: ClusterNode,
): Promise<number> {
  const keys = (await client.call('CLUSTER', 'GETKEYSINSLOT', slot, count)) as string[]
  const place = ['127.0.0.1', String(to.port), '', '0', '5000', 'REPLACE']
  const { password } = client.options
  const login = typeof password === 'string' ? ['AUTH', password] : []
  if (keys.length > 0) await client.call('MIGRATE', ...place, ...login, 'KEYS', ...keys)
  return keys.length
}

/** Tells a node that a slot is another's. */
async function leaveSlot(slot: string, node: ClusterNode, owner: ClusterNode): Promise<void> {
  await waitUntil(`slot ${slot} is left`, async () => {
    try {
      await node.client.call('CLUSTER', 'SETSLOT', slot, 'NODE', owner.id)
      return true
    } catch (error) {
      // A late message made the node forget that the slot was moving, and it took a key.
      if (!String(error).includes('still hold keys')) throw error
      while ((await moveKeys(slot, 10, node, owner)) > 0);
      return false
    }
  })
}

/**
 * Waits until all masters know the last move. A node that takes a slot gives itself the next epoch that it knows of: two that
 * did so at the same time would be told apart by an epoch that undoes a move.
 */
export async function waitForEpochs(masters: readonly ClusterNode[]): Promise<void> {
  await waitUntil('the masters agree on their epochs', async () => {
    const infos = await Promise.all(masters.map(({ client }) => client.cluster('INFO')))
    const valueOf = (info: string, name: string) => new RegExp(`${name}:(\\d+)`).exec(info)?.[1]
    const known = new Set(infos.map((info) => valueOf(info, 'cluster_current_epoch')))
    const own = new Set(infos.map((info) => valueOf(info, 'cluster_my_epoch')))
    return known.size === 1 && own.size === masters.length
  })
}
