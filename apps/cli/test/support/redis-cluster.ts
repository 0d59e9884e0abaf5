import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Cluster, Redis } from 'ioredis'
import { freePort } from './private-redis.ts'
import { beginMove, waitForEpochs } from './slot-moves.ts'
import { waitUntil } from './wait-until.ts'

/** One server of a cluster. */
export interface ClusterNode {
  readonly port: number
  /** Where it takes TLS; without TLS the same as `port`. */
  readonly tlsPort: number
  readonly pid: number
  /** Its id in the cluster. */
  readonly id: string
  /** A client of this server alone. */
  readonly client: Redis
  isAlive(): boolean
  kill(): Promise<void>
  /** Starts it again after it was killed: with its slots, and without data. */
  startAgain(): Promise<void>
}

/** A Redis Cluster of the test file's own. */
export interface RedisCluster extends AsyncDisposable {
  /** Those that served slots in the beginning. */
  readonly masters: readonly ClusterNode[]
  /** One per master, in the same order, or none. */
  readonly replicas: readonly ClusterNode[]
  /** A client that follows the slots. */
  readonly client: Cluster
  /** Data source that names these nodes, the first master without any. */
  dataSource(nodes?: readonly ClusterNode[]): Readonly<Record<string, unknown>>
  /** Begins to move a slot and moves so many of its keys; gives what ends the move. */
  beginMove(slot: number, keyCount: number, move: SlotMove): Promise<() => Promise<void>>
  /** Moves slots one by one, with the keys that are in them. */
  moveSlots(slots: readonly number[], from: ClusterNode, to: ClusterNode): Promise<void>
  /** Clients of those that are masters now. */
  currentMasters(): Promise<readonly Redis[]>
  /** All keys but checkpoints, of all masters. */
  keys(): Promise<string[]>
  /** Empties all masters. */
  clear(): Promise<void>
}

/** Where a slot comes from, and where it goes. */
export interface SlotMove {
  readonly from: ClusterNode
  readonly to: ClusterNode
}

/** How a cluster is started. */
export interface ClusterOptions {
  /** Whether each master has a replica. */
  readonly hasReplicas?: boolean
  /** Further options of every server. */
  readonly settings?: readonly string[]
  readonly password?: string
  /** Files of a key and a certificate: the nodes then announce ports that take TLS alone. */
  readonly tls?: { readonly key: string; readonly cert: string }
}

const masterCount = 3
const slotCount = 16_384
/** The port between nodes is this much higher. */
const busOffset = 10_000

/** Starts three masters, with a replica each where wanted, that keep nothing on disk. */
export async function startRedisCluster(options: ClusterOptions = {}): Promise<RedisCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-cluster-'))
  const children: ChildProcess[] = []
  const nodes: ClusterNode[] = []
  const stop = async () => {
    for (const { client } of nodes) client.disconnect()
    await Promise.all(children.map(kill))
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const count = options.hasReplicas === true ? 2 * masterCount : masterCount
    for (let at = 0; at < count; at += 1) nodes.push(await startNode(folder, options, children))
    await formCluster(nodes)
    return clusterOf(nodes, options, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

function clusterOf(
  nodes: readonly ClusterNode[],
  { password }: ClusterOptions,
  stop: () => Promise<void>,
): RedisCluster {
  const masters = nodes.slice(0, masterCount)
  const currentMasters = async () => {
    const alive = nodes.filter((node) => node.isAlive()).map((node) => node.client)
    const infos = await Promise.all(alive.map((node) => node.info('replication')))
    return alive.filter((_, at) => infos[at]?.includes('role:master'))
  }
  const client = new Cluster(
    nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
    { redisOptions: password === undefined ? {} : { password } },
  )
  client.on('error', () => {})
  return {
    masters,
    currentMasters,
    replicas: nodes.slice(masterCount),
    client,
    dataSource: (named = nodes.slice(0, 1)) => ({
      type: 'redis',
      cluster: named.map(({ port }) => ({ host: '127.0.0.1', port })),
      ...(password === undefined ? {} : { password }),
    }),
    beginMove: async (slot, keyCount, move) => await beginMove(slot, keyCount, move, masters),
    moveSlots: async (slots, from, to) => {
      await waitForEpochs(masters)
      for (const slot of slots) await (await beginMove(slot, 10, { from, to }, masters))()
    },
    keys: async () => {
      const lists = await Promise.all(
        (await currentMasters()).map(async (node) => await node.keys('*')),
      )
      return lists
        .flat()
        .filter((key) => !key.startsWith('millrace:{'))
        .sort()
    },
    clear: async () => {
      await Promise.all((await currentMasters()).map(emptied))
    },
    [Symbol.asyncDispose]: async () => {
      client.disconnect()
      await stop()
    },
  }
}

/** Empties a master. One that has just become a replica is emptied with its new master. */
async function emptied(node: Redis): Promise<void> {
  await node.flushall().catch((error: unknown) => {
    if (!(error instanceof Error && error.message.startsWith('READONLY'))) throw error
  })
}

async function startNode(
  folder: string,
  { settings = [], password, tls }: ClusterOptions,
  children: ChildProcess[],
): Promise<ClusterNode> {
  const port = await freeClusterPort()
  const login = password === undefined ? [] : ['--requirepass', password, '--masterauth', password]
  const tlsPort = tls === undefined ? port : await freeClusterPort()
  const secured = tls === undefined ? [] : tlsSettings(tls, tlsPort)
  const start = () => {
    const own = [...nodeSettings(port, folder), ...login, ...secured, ...settings]
    const started = spawn(serverBinary(), own, { stdio: 'ignore' })
    children.push(started)
    return started
  }
  let child = start()
  const client = new Redis({
    port,
    retryStrategy: () => 50,
    ...(password === undefined ? {} : { password }),
  })
  client.on('error', () => {})
  const id = String(await client.cluster('MYID'))
  return {
    port,
    tlsPort,
    get pid() {
      return child.pid ?? 0
    },
    id,
    client,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    kill: async () => await kill(child),
    startAgain: async () => {
      child = start()
      await waitUntil('the node is there again', async () =>
        (await client.cluster('INFO')).includes('cluster_state:ok'),
      )
    },
  }
}

/** On loopback, nothing on disk, quick to notice that a node is gone. */
function nodeSettings(port: number, folder: string): string[] {
  const own = { port, bind: '127.0.0.1', dir: folder, save: '', appendonly: 'no' }
  const ofCluster = {
    'cluster-enabled': 'yes',
    'cluster-config-file': `nodes-${port}.conf`,
    'cluster-node-timeout': 1500,
    'repl-diskless-sync-delay': 0,
  }
  return Object.entries({ ...own, ...ofCluster }).flatMap(([name, value]) => [
    `--${name}`,
    String(value),
  ])
}

/** Nodes announce the port of their own kind: TLS among themselves, too. */
function tlsSettings({ key, cert }: { key: string; cert: string }, tlsPort: number): string[] {
  const files = ['--tls-key-file', key, '--tls-cert-file', cert, '--tls-ca-cert-file', cert]
  return [
    '--tls-port',
    String(tlsPort),
    '--tls-auth-clients',
    'no',
    '--tls-cluster',
    'yes',
    ...files,
  ]
}

/** Introduces the nodes to each other, gives the masters their slots and the replicas their masters. */
async function formCluster(nodes: readonly ClusterNode[]): Promise<void> {
  const masters = nodes.slice(0, masterCount)
  for (const [at, { client }] of nodes.entries())
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', String(at + 1))
  for (const [at, { client }] of masters.entries()) {
    const from = Math.floor((at * slotCount) / masterCount)
    const to = Math.floor(((at + 1) * slotCount) / masterCount) - 1
    await client.call('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to))
  }
  const [first] = nodes as [ClusterNode]
  for (const { tlsPort } of nodes.slice(1))
    await first.client.call('CLUSTER', 'MEET', '127.0.0.1', tlsPort)
  await waitUntil('the cluster is complete', async () => {
    const infos = await Promise.all(nodes.map(({ client }) => client.cluster('INFO')))
    return infos.every(
      (info) =>
        info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${nodes.length}`),
    )
  })
  for (const [at, { client }] of nodes.slice(masterCount).entries())
    await client.call('CLUSTER', 'REPLICATE', (masters[at] as ClusterNode).id)
  await waitUntil('the replicas follow', async () => {
    const infos = await Promise.all(
      nodes.slice(masterCount).map(({ client }) => client.info('replication')),
    )
    const known = await Promise.all(nodes.map(({ client }) => client.cluster('NODES')))
    return (
      infos.every((info) => info.includes('master_link_status:up')) &&
      known.every(
        (text) => (String(text).match(/ (myself,)?slave /g) ?? []).length === infos.length,
      )
    )
  })
}

async function freeClusterPort(): Promise<number> {
  for (;;) {
    const port = await freePort()
    if (port + busOffset < 65_536) return port
  }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

function serverBinary(): string {
  for (const name of ['redis-server', 'valkey-server']) {
    if (spawnSync(name, ['--version']).status === 0) return name
  }
  throw new Error('found neither redis-server nor valkey-server on the PATH')
}
