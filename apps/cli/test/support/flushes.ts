import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'

/**
 * Watches a server from now on; what is given back tells how many commands about rows each transaction had that was applied to the
 * client's database, those that only kept the checkpoint left out.
 */
export async function watchFlushes(client: Redis): Promise<() => Promise<number[]>> {
  const database = String(client.options.db ?? 0)
  const monitor = await client.monitor()
  const open = new Map<string, number>()
  const flushes: number[] = []
  const marker = randomUUID()
  const isOver = new Promise<void>((resolve) => {
    monitor.on('monitor', (_, args: string[], source: string, found: string) => {
      const [name = '', key = ''] = args
      if (key === marker) resolve()
      if (found !== database) return
      const count = open.get(source)
      if (name.toLowerCase() === 'multi') open.set(source, 0)
      else if (name.toLowerCase() === 'exec') {
        open.delete(source)
        if (count !== undefined && count > 0) flushes.push(count)
      } else if (count !== undefined && !key.startsWith('millrace:')) open.set(source, count + 1)
    })
  })
  return async () => {
    await client.echo(marker)
    await isOver
    monitor.disconnect()
    return flushes
  }
}
