import type { Redis } from 'ioredis'

/** The keys that a job's rows made, in order: its checkpoint, which stands beside them, is left out. */
export async function dataKeys(client: Redis): Promise<string[]> {
  const keys = await client.keys('*')
  return keys.filter((key) => !isCheckpoint(key)).sort()
}

/** How many keys a job's rows made. */
export async function dataKeyCount(client: Redis): Promise<number> {
  const [count, checkpoints] = await Promise.all([client.dbsize(), client.keys('millrace:{*')])
  return count - checkpoints.length
}

function isCheckpoint(key: string): boolean {
  return key.startsWith('millrace:{')
}
