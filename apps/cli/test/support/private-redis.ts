import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'

/** A Redis of the test file's own: nobody else's keys are in it, so it may be emptied and killed. */
export interface PrivateRedis extends AsyncDisposable {
  readonly port: number
  readonly url: string
  readonly pid: number
  /** A client of database 0. */
  readonly client: Redis
  /** Empties every database. */
  clear(): Promise<void>
  /** Whether any database holds a key. */
  isEmpty(): Promise<boolean>
  kill(): Promise<void>
  /** Kills it and starts it again on the same port and folder. */
  restart(): Promise<void>
}

const startTimeoutMs = 10_000

/**
 * Starts a Redis or Valkey on a free port of loopback that keeps nothing on disk.
 *
 * @param options - further command line options of the server, such as `['--requirepass', 'x']`
 * @throws Error when no server binary is on the PATH or it does not answer in time
 */
export async function startPrivateRedis(
  options: readonly string[] = [],
  password?: string,
): Promise<PrivateRedis> {
  const command = serverBinary()
  const folder = mkdtempSync(join(tmpdir(), 'millrace-redis-'))
  const port = await freePort()
  const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const start = () => spawn(command, [...fixed, '--dir', folder, ...options], { stdio: 'ignore' })
  let child = start()
  const client = new Redis({
    port,
    lazyConnect: true,
    retryStrategy: () => 50,
    ...(password === undefined ? {} : { password }),
  })
  // Refused until the server listens, and again once a test has killed it.
  client.on('error', () => {})
  await waitUntilAnswering(client, child)
  return {
    port,
    url: `redis://127.0.0.1:${port}/0`,
    get pid() {
      return child.pid ?? 0
    },
    client,
    async clear() {
      await client.flushall()
    },
    async isEmpty() {
      return !(await client.info('keyspace')).includes('db')
    },
    kill: () => kill(child),
    async restart() {
      await kill(child)
      child = start()
      await waitUntilAnswering(client, child)
    },
    async [Symbol.asyncDispose]() {
      client.disconnect()
      await kill(child)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function waitUntilAnswering(client: Redis, child: ChildProcess): Promise<void> {
  const deadlineMs = Date.now() + startTimeoutMs
  const answered = client.ping().then(() => true)
  while (Date.now() < deadlineMs) {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`)
    if (await Promise.race([answered, sleep(50, false)])) return
  }
  await kill(child)
  throw new Error(`redis-server did not answer within ${startTimeoutMs} ms`)
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

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
