import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Loads, type LoadOptions } from './support/loads.ts'
import { startPrivateRedis } from './support/private-redis.ts'
import { startProxy, type ProxyBehaviour, type RespProxy } from './support/resp-proxy.ts'
import { isLong, SeededRandom } from './support/seeded-random.ts'
import { makePostgresDatabase, type TestDatabase } from './support/test-database.ts'
import { fillTable, targetKinds } from './support/whole-table.ts'

const rowCount = 20_000
/** 100 MB: more than the command may ever hold of it. */
const wideRowCount = 100_000
const wideWidth = 1000
const maxMemoryMiB = 320
let source: TestDatabase

beforeAll(async () => {
  source = await makePostgresDatabase()
  await fillTable(source, 'kept', rowCount)
  await fillTable(source, 'wide', wideRowCount, wideWidth)
})
afterAll(async () => {
  await source?.[Symbol.asyncDispose]()
})

/** Runs loads through a proxy, compares what they left, and gives the most memory that one of them had, in MiB. */
async function loadThrough(
  options: Pick<LoadOptions, 'table' | 'kinds' | 'mbps' | 'writer'>,
  size: { readonly rowCount: number; readonly width?: number },
  behave: (reset: () => void) => ProxyBehaviour,
  judge: (proxy: RespProxy) => void = () => {},
  onFlowing: () => void = () => {},
): Promise<number> {
  await using server = await startPrivateRedis()
  await using proxy = await startProxy(server.port, behave)
  const target = { type: 'redis', host: '127.0.0.1', port: proxy.port }
  await using loads = new Loads({ source, target, ...options })
  let peakMiB = 0
  const watch = setInterval(() => {
    for (const { running } of loads.all) peakMiB = Math.max(peakMiB, memoryOf(running.child.pid))
  }, 100)
  try {
    await loads.flowing(server.client)
    onFlowing()
    for (const load of loads.all) {
      const { exitCode, report, stderr } = await load.result()
      expect(exitCode, `${load.kind.name}: ${stderr}`).toBe(0)
      expect(report).toMatchObject({
        status: 'complete',
        guarantee: 'exactly-once',
        recordsWritten: size.rowCount,
      })
    }
  } finally {
    clearInterval(watch)
  }
  judge(proxy)
  await loads.expectWhole(server.port, size.rowCount, size.width)
  return peakMiB
}

/** Resident memory of a process, in MiB; 0 when it has ended or the system does not tell. */
function memoryOf(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}

const rounds = Array.from({ length: isLong ? 5 : 1 }, (_, at) => at + 1)

describe.each(rounds)('round %i: a load is whole through a network that', () => {
  it('resets connections at any byte', async () => {
    const random = new SeededRandom('resets')
    let isCalm = true
    const peakMiB = await loadThrough(
      { table: 'kept', writer: { timeout: 3000 } },
      { rowCount },
      (reset) => {
        // Where in the stream of each direction the connection ends; some live for long.
        const isShort = random.between(1, 10) === 1
        const left = {
          client: random.between(100, isShort ? 2000 : 1_000_000),
          server: random.between(10, isShort ? 200 : 100_000),
        }
        const pass = (side: 'client' | 'server', bytes: Buffer, to: Socket) => {
          // A server that cannot be reached at the start ends a job at once.
          if (isCalm) return void to.write(bytes)
          to.write(bytes.subarray(0, Math.min(bytes.length, left[side])))
          left[side] -= bytes.length
          if (left[side] <= 0) setImmediate(reset)
        }
        return {
          fromClient: (bytes, _client, server) => pass('client', bytes, server),
          fromServer: (bytes, client) => pass('server', bytes, client),
        }
      },
      (proxy) => expect(proxy.resets).toBeGreaterThan(5),
      () => {
        isCalm = false
      },
    )
    expect(peakMiB).toBeLessThan(maxMemoryMiB)
  })

  it('delays every reply by 200 ms', async () => {
    const peakMiB = await loadThrough(
      { table: 'wide', kinds: targetKinds.slice(0, 1), mbps: 100, writer: { batchSize: 1000 } },
      { rowCount: wideRowCount, width: wideWidth },
      () => ({
        fromServer: (bytes, client) => {
          // Not one after the other: what comes later only has to arrive later.
          void sleep(200).then(() => client.write(bytes))
        },
      }),
    )
    expect(peakMiB).toBeLessThan(maxMemoryMiB)
  })

  it('cuts replies at every byte', async () => {
    const peakMiB = await loadThrough({ table: 'kept', mbps: 100 }, { rowCount }, () => ({
      async fromServer(bytes, client) {
        for (let at = 0; at < bytes.length; at += 1) {
          client.write(bytes.subarray(at, at + 1))
          // Another turn of the loop, another segment.
          await turn()
        }
      },
    }))
    expect(peakMiB).toBeLessThan(maxMemoryMiB)
  })
})
