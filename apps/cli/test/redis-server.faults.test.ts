import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Loads } from './support/loads.ts'
import { startPrivateRedis, type PrivateRedis } from './support/private-redis.ts'
import { expectClearError } from './support/clear-error.ts'
import { makePostgresDatabase, type TestDatabase } from './support/test-database.ts'
import { fillTable } from './support/whole-table.ts'

const rowCount = 30_000
const table = 'kept'
let source: TestDatabase

beforeAll(async () => {
  source = await makePostgresDatabase()
  await fillTable(source, table, rowCount)
})
afterAll(async () => {
  await source?.[Symbol.asyncDispose]()
})

/** Runs a list, a string and a hash load, and does something to the server when all of them are flowing. */
async function loadDuring(
  options: { readonly server?: readonly string[]; readonly writer?: Record<string, unknown> },
  fault: (server: PrivateRedis) => Promise<void>,
  judge: (loads: Loads, server: PrivateRedis) => Promise<void>,
): Promise<void> {
  await using server = await startPrivateRedis(options.server)
  await using loads = new Loads({
    source,
    table,
    target: { type: 'redis', host: '127.0.0.1', port: server.port },
    ...(options.writer === undefined ? {} : { writer: options.writer }),
  })
  await loads.flowing(server.client)
  await fault(server)
  await judge(loads, server)
}

async function expectComplete(loads: Loads, server: PrivateRedis): Promise<void> {
  for (const load of loads.all) {
    const { exitCode, report, stderr } = await load.result()
    expect(exitCode, `${load.kind.name}: ${stderr}`).toBe(0)
    expect(report).toMatchObject({
      status: 'complete',
      guarantee: 'exactly-once',
      recordsRead: rowCount,
      recordsWritten: rowCount,
      recordsDirty: 0,
    })
  }
  await loads.expectWhole(server.port, rowCount)
}

describe('a load is whole, lists included, though the server', () => {
  it('freezes for 10 s and applies late what the job gave up', async () => {
    await loadDuring(
      { writer: { timeout: 1500 } },
      async ({ pid }) => {
        process.kill(pid, 'SIGSTOP')
        await sleep(10_000)
        process.kill(pid, 'SIGCONT')
      },
      expectComplete,
    )
  })

  it('ends every connection once a second', async () => {
    await loadDuring(
      {},
      async ({ client }) => {
        for (let round = 0; round < 5; round += 1) {
          await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
          await sleep(1000)
        }
      },
      expectComplete,
    )
  })

  it('has no memory left for 5 s', async () => {
    await loadDuring(
      {},
      async ({ client }) => {
        const used = Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1])
        await client.config('SET', 'maxmemory-policy', 'noeviction')
        await client.config('SET', 'maxmemory', String(used + 65_536))
        await sleep(5000)
        expect(await client.info('errorstats')).toContain('errorstat_OOM')
        await client.config('SET', 'maxmemory', '0')
      },
      expectComplete,
    )
  })

  it('is read-only for 5 s, as a replica', async () => {
    await loadDuring(
      {},
      async ({ client }) => {
        await client.call('REPLICAOF', '127.0.0.1', '1')
        await sleep(5000)
        expect(await client.info('errorstats')).toContain('errorstat_READONLY')
        await client.call('REPLICAOF', 'NO', 'ONE')
      },
      expectComplete,
    )
  })

  it('comes back from a snapshot taken a second before it was killed', async () => {
    await loadDuring(
      {},
      async (server) => {
        await server.client.call('SAVE')
        await sleep(1000)
        await server.restart()
      },
      async (loads, server) => {
        await expectComplete(loads, server)
        const outputs = await Promise.all(
          loads.all.map(async (load) => (await load.result()).stderr),
        )
        for (const output of outputs) expect(output).toContain('went back in time')
      },
    )
  })
})

describe('what is lost is never reported as success:', () => {
  const lost = { exitCode: 3, code: 'TARGET_FAILED', mentions: [/flushed|without its data/] }

  it('a server that restarts without its data', async () => {
    await loadDuring(
      {},
      async (server) => await server.restart(),
      async (loads) => {
        for (const load of loads.all) expectClearError(await load.result(), lost)
      },
    )
  })

  it('FLUSHALL in the middle', async () => {
    await loadDuring(
      {},
      async ({ client }) => void (await client.flushall()),
      async (loads) => {
        for (const load of loads.all) expectClearError(await load.result(), lost)
      },
    )
  })

  it('a right that is taken away: the command is named', async () => {
    await loadDuring(
      {},
      async ({ client }) => {
        for (const command of ['hset', 'set', 'rpush'])
          await client.call('ACL', 'SETUSER', 'default', `-${command}`)
      },
      async (loads) => {
        const endedMs = performance.now()
        for (const load of loads.all) {
          // The checkpoint itself is written with HSET.
          const command = { list: 'RPUSH', string: 'SET', hash: 'HSET' }[load.kind.name]
          expectClearError(await load.result(), {
            exitCode: 3,
            code: 'TARGET_NOT_PERMITTED',
            mentions: [new RegExp(`does not permit (${command}|HSET)`)],
          })
        }
        // Not the 60 s for which passing faults are waited for.
        expect(performance.now() - endedMs).toBeLessThan(10_000)
      },
    )
  })
})
