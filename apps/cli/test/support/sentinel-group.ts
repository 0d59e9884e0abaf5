import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { freePort, startPrivateRedis, type PrivateRedis } from './private-redis.ts'

/** A primary, its replicas and three sentinels, all of the test's own. */
export interface SentinelGroup extends AsyncDisposable {
  readonly name: string
  readonly primary: PrivateRedis
  readonly replicas: readonly PrivateRedis[]
  /** The group as a data source. */
  readonly dataSource: Readonly<Record<string, unknown>>
  /** From now on nothing that the primary acknowledges reaches its replicas. */
  cutReplicas(): Promise<void>
  /** Waits until the sentinels name another primary than the first one, and it says to be one. */
  failedOver(): Promise<Redis>
}

const name = 'shop'
const sentinelCount = 3
const waitMs = 40_000

/** Starts a group that fails over one second after its primary has gone. */
export async function startSentinelGroup(replicaCount = 1): Promise<SentinelGroup> {
  const primary = await startPrivateRedis(['--repl-diskless-sync-delay', '0'])
  const replicas = await Promise.all(
    Array.from({ length: replicaCount }, () =>
      startPrivateRedis(['--replicaof', '127.0.0.1', String(primary.port)]),
    ),
  )
  const folder = mkdtempSync(join(tmpdir(), 'millrace-sentinels-'))
  const sentinels: ChildProcess[] = []
  const ports: number[] = []
  for (let at = 0; at < sentinelCount; at += 1) {
    const port = await freePort()
    ports.push(port)
    sentinels.push(startSentinel(join(folder, `${at}.conf`), port, primary.port))
  }
  const clients = ports.map((port) => quiet(new Redis({ port })))
  const group: SentinelGroup = {
    name,
    primary,
    replicas,
    dataSource: {
      type: 'redis',
      sentinel: { name, nodes: ports.map((port) => ({ host: '127.0.0.1', port })) },
    },
    async cutReplicas() {
      // The primary has no password and refuses replicas that come with one.
      for (const { client } of replicas) await client.config('SET', 'masterauth', 'refused')
      await primary.client.call('CLIENT', 'KILL', 'TYPE', 'replica')
    },
    failedOver: async () => await newPrimary(clients, primary.port),
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.disconnect()
      await Promise.all(sentinels.map(kill))
      await Promise.all([primary, ...replicas].map((server) => server[Symbol.asyncDispose]()))
      rmSync(folder, { recursive: true, force: true })
    },
  }
  try {
    await Promise.all(replicas.map(untilSynced))
    await untilWatched(clients, replicaCount)
  } catch (error) {
    await group[Symbol.asyncDispose]()
    throw error
  }
  return group
}

function startSentinel(file: string, port: number, primaryPort: number): ChildProcess {
  writeFileSync(
    file,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `sentinel monitor ${name} 127.0.0.1 ${primaryPort} 2`,
      `sentinel down-after-milliseconds ${name} 1000`,
      `sentinel failover-timeout ${name} 5000`,
      '',
    ].join('\n'),
  )
  return spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' })
}

function quiet(client: Redis): Redis {
  client.on('error', () => {})
  return client
}

async function untilSynced({ client }: PrivateRedis): Promise<void> {
  await until('a replica has its first copy', async () => {
    return (await client.info('replication')).includes('master_link_status:up')
  })
}

/** Every sentinel knows the others and all replicas: before that it would not fail over. */
async function untilWatched(clients: readonly Redis[], replicaCount: number): Promise<void> {
  await until('the sentinels know each other', async () => {
    const known = await Promise.all(clients.map(async (client) => await masterOf(client)))
    return known.every(
      (master) =>
        master.get('num-slaves') === String(replicaCount) &&
        master.get('num-other-sentinels') === String(sentinelCount - 1),
    )
  })
}

async function newPrimary(clients: readonly Redis[], oldPort: number): Promise<Redis> {
  let client: Redis | undefined
  await until('the sentinels name a new primary', async () => {
    const known = await Promise.all(clients.map(async (sentinel) => await masterOf(sentinel)))
    const ports = new Set(known.map((master) => Number(master.get('port'))))
    const [port = oldPort] = ports
    if (ports.size !== 1 || port === oldPort) return false
    client ??= quiet(new Redis({ port }))
    const [role] = (await client.call('ROLE')) as [string]
    return role === 'master'
  })
  if (client === undefined) throw new Error('no new primary')
  return client
}

async function masterOf(client: Redis): Promise<Map<string, string>> {
  const pairs = (await client.call('SENTINEL', 'MASTER', name)) as string[]
  const master = new Map<string, string>()
  for (let at = 0; at + 1 < pairs.length; at += 2) master.set(pairs[at] ?? '', pairs[at + 1] ?? '')
  return master
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + waitMs
  while (Date.now() < deadlineMs) {
    if (await holds()) return
    await sleep(100)
  }
  throw new Error(`waited ${waitMs} ms in vain: ${what}`)
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
