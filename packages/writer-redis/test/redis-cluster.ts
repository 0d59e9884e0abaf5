import { setTimeout as sleep } from 'node:timers/promises'
import { Cluster, Redis } from 'ioredis'
import { freePort, startRedis, type PrivateRedis } from './redis-server.ts'

/** A cluster of three masters of the test's own. */
export interface PrivateCluster extends AsyncDisposable {
  /** Clients of the masters. */
  readonly nodes: readonly Redis[]
  /** A client that follows the slots. */
  readonly client: Cluster
  readonly hosts: readonly { readonly host: string; readonly port: number }[]
}

const slotRanges = [
  [0, 5460],
  [5461, 10_922],
  [10_923, 16_383],
] as const

/** Starts the masters, gives them their slots and introduces them to each other. */
export async function startCluster(password: string): Promise<PrivateCluster> {
  const servers: PrivateRedis[] = []
  const nodes: Redis[] = []
  const stop = async () => {
    for (const node of nodes) node.disconnect()
    await Promise.all(servers.map(async (server) => await server[Symbol.asyncDispose]()))
  }
  try {
    const busPorts: string[] = []
    for (const [at, range] of slotRanges.entries()) {
      const busPort = String(await freePort())
      const own = ['--cluster-enabled', 'yes', '--cluster-port', busPort]
      const server = await startRedis([...own, '--requirepass', password], { password })
      const node = new Redis({ port: server.port, password })
      servers.push(server)
      nodes.push(node)
      busPorts.push(busPort)
      await node.call('CLUSTER', 'SET-CONFIG-EPOCH', String(at + 1))
      await node.call('CLUSTER', 'ADDSLOTSRANGE', ...range.map(String))
    }
    const hosts = servers.map(({ port }) => ({ host: '127.0.0.1', port }))
    for (const [at, { host, port }] of hosts.entries())
      await nodes[0]?.call('CLUSTER', 'MEET', host, String(port), busPorts[at] ?? '')
    await waitUntilComplete(nodes)
    const client = new Cluster([...hosts], { redisOptions: { password } })
    return {
      nodes,
      client,
      hosts,
      [Symbol.asyncDispose]: async () => {
        client.disconnect()
        await stop()
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function waitUntilComplete(nodes: readonly Redis[]): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    const infos = await Promise.all(nodes.map(async (node) => String(await node.cluster('INFO'))))
    const isComplete = infos.every(
      (info) => info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3'),
    )
    if (isComplete) return
    if (attempt === 400) throw new Error('the cluster is not complete')
    await sleep(50)
  }
}
