import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis, type RedisOptions } from 'ioredis'

/** A Redis of the test's own, on a free port, without persistence. */
export interface PrivateRedis extends AsyncDisposable {
  readonly port: number
  readonly folder: string
  /** Stops and continues the process, as an overloaded machine would. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void
}

/** Starts a Redis with the given settings (`--requirepass x`). */
export async function startRedis(
  settings: readonly string[] = [],
  probe: Omit<RedisOptions, 'replyMapping'> = {},
): Promise<PrivateRedis> {
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'millrace-redis-'))
  const child = spawn(
    'redis-server',
    [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--save',
      '',
      '--appendonly',
      'no',
      ...settings,
    ],
    { stdio: 'ignore' },
  )
  const stop = async () => {
    await stopProcess(child)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await waitUntilReady({ port, ...probe })
  } catch (error) {
    await stop()
    throw error
  }
  return {
    port,
    folder,
    signal: (name) => {
      child.kill(name)
    },
    [Symbol.asyncDispose]: stop,
  }
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

async function waitUntilReady(options: Omit<RedisOptions, 'replyMapping'>): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    const client = new Redis({
      ...options,
      lazyConnect: true,
      retryStrategy: () => null,
      enableReadyCheck: false,
    })
    client.on('error', () => {})
    try {
      await client.connect()
      await client.ping()
      return
    } catch (error) {
      if (error instanceof Error && /NOAUTH/.test(error.message)) return
      if (attempt === 100) throw error
      await sleep(50)
    } finally {
      client.disconnect()
    }
  }
}

/** A port of loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
