import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import type { Redis } from 'ioredis'

/** Database, client, command and first argument of a line that `MONITOR` gives. */
const monitored = /^\+[\d.]+ \[(\d+) ([^\]]+)\] "([^"]*)"(?: "((?:[^"\\]|\\.)*)")?/

/**
 * Watches a server from now on; what is given back tells how many commands about rows each transaction had that was applied to the
 * client's database, those that only kept the checkpoint left out. By a socket of its own: the driver takes commands of others that
 * come along with the answer to `MONITOR` for answers.
 */
export async function watchFlushes(client: Redis): Promise<() => Promise<number[]>> {
  const { host, port, db } = client.options
  const database = String(db ?? 0)
  const socket = connect(port ?? 0, host)
  const lines = createInterface({ input: socket })
  const open = new Map<string, number>()
  const flushes: number[] = []
  const marker = randomUUID()
  const isOver = new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      const [, found, source = '', name = '', key = ''] = monitored.exec(line) ?? []
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
  socket.write('MONITOR\r\n')
  const [answer] = (await once(lines, 'line')) as [string]
  if (answer !== '+OK') throw new Error(`MONITOR was answered with ${answer}`)
  return async () => {
    await client.echo(marker)
    await isOver
    socket.destroy()
    return flushes
  }
}
