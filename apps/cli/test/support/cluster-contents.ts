import type { ChainableCommander } from 'ioredis'
import type { RedisCluster } from './redis-cluster.ts'

/** Adds the command that reads a key. */
export type ClusterRead = (pipeline: ChainableCommander, key: string) => void

const keysAtOnce = 10_000

/**
 * All values but checkpoints by their key, from the masters as they are now: strings as they are, everything else as
 * JSON. A key that two masters hold is an error.
 */
export async function clusterContents(
  cluster: RedisCluster,
  read: ClusterRead,
): Promise<Map<string, string>> {
  const contents = new Map<string, string>()
  for (const node of await cluster.currentMasters()) {
    const keys = (await node.keys('*')).filter((key) => !key.startsWith('millrace:{'))
    for (let from = 0; from < keys.length; from += keysAtOnce) {
      const some = keys.slice(from, from + keysAtOnce)
      const pipeline = node.pipeline()
      for (const key of some) read(pipeline, key)
      const replies = (await pipeline.exec()) ?? []
      for (const [at, key] of some.entries()) {
        const [error, value] = replies[at] ?? [new Error('no reply')]
        if (error !== null) throw error
        if (contents.has(key)) throw new Error(`two masters hold ${key}`)
        contents.set(key, typeof value === 'string' ? value : JSON.stringify(value))
      }
    }
  }
  return contents
}
