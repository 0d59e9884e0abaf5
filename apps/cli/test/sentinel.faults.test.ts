import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectClearError } from './support/clear-error.ts'
import { makeJobFolder } from './support/job-folder.ts'
import { redisJob, streamRows } from './support/jobs.ts'
import { Loads } from './support/loads.ts'
import { startSentinelGroup } from './support/sentinel-group.ts'
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

async function expectComplete(loads: Loads, port: number): Promise<string[]> {
  const outputs: string[] = []
  for (const load of loads.all) {
    const { exitCode, report, stderr } = await load.result()
    expect(exitCode, `${load.kind.name}: ${stderr}`).toBe(0)
    expect(report).toMatchObject({
      status: 'complete',
      guarantee: 'exactly-once',
      recordsRead: rowCount,
      recordsWritten: rowCount,
    })
    outputs.push(stderr)
  }
  await loads.expectWhole(port, rowCount)
  return outputs
}

describe('a load over Sentinel is whole, lists included,', () => {
  it('when its primary is killed and two replicas are there', async () => {
    await using group = await startSentinelGroup(2)
    await using loads = new Loads({ source, table, target: group.dataSource })
    await loads.flowing(group.primary.client)
    await group.primary.kill()
    const client = await group.failedOver()
    await expectComplete(loads, client.options.port ?? 0)
    client.disconnect()
  })

  it('when the new primary lacks writes that the old one acknowledged', async () => {
    await using group = await startSentinelGroup(1)
    await using loads = new Loads({ source, table, target: group.dataSource })
    await loads.flowing(group.primary.client)
    await group.cutReplicas()
    await sleep(700)
    await group.primary.kill()
    const client = await group.failedOver()
    const outputs = await expectComplete(loads, client.options.port ?? 0)
    expect(outputs.join('\n')).toContain('went back in time')
    client.disconnect()
  })

  it('when the old primary freezes, and wakes up later with what it had not seen', async () => {
    await using group = await startSentinelGroup(1)
    await using loads = new Loads({
      source,
      table,
      target: group.dataSource,
      writer: { timeout: 1500 },
    })
    await loads.flowing(group.primary.client)
    process.kill(group.primary.pid, 'SIGSTOP')
    const client = await group.failedOver()
    await sleep(1000)
    process.kill(group.primary.pid, 'SIGCONT')
    await expectComplete(loads, client.options.port ?? 0)
    client.disconnect()
  })

  it('when splits that were done are lost, though nothing of them is written any more', async () => {
    await using group = await startSentinelGroup(1)
    await using loads = new Loads({ source, table, target: group.dataSource })
    await loads.flowing(group.primary.client)
    await group.cutReplicas()
    // Nearly half of the table: some splits begin and end in this time.
    await sleep(1300)
    await group.primary.kill()
    const client = await group.failedOver()
    const outputs = await expectComplete(loads, client.options.port ?? 0)
    expect(outputs.join('\n')).toMatch(/went back in time: .* goes on again/)
    client.disconnect()
  })
})

describe('sentinels', () => {
  it('that know no such primary, or are not there, are named', async () => {
    await using group = await startSentinelGroup(0)
    const { nodes } = group.dataSource['sentinel'] as { nodes: unknown[] }
    const run = async (sentinel: object) => {
      const folder = makeJobFolder({ r: { type: 'redis', sentinel } })
      try {
        const job = redisJob({ reader: streamRows(['string', 'string'], [['k', 'v']]) })
        return await folder.run(job)
      } finally {
        folder.remove()
      }
    }
    expectClearError(await run({ name: 'other', nodes }), {
      exitCode: 3,
      code: 'TARGET_UNREACHABLE',
      mentions: ['no sentinel says where the primary other', /it knows no primary named other/],
    })
    expectClearError(await run({ name: 'shop', nodes: ['127.0.0.1:1'] }), {
      exitCode: 3,
      code: 'TARGET_UNREACHABLE',
      mentions: [/asked 127\.0\.0\.1:1.*ECONNREFUSED/],
    })
    // One that answers is enough.
    const { exitCode, stderr } = await run({ name: 'shop', nodes: ['127.0.0.1:1', ...nodes] })
    expect(exitCode, stderr).toBe(0)
    expect(await group.primary.client.get('k')).toBe('v')
  })
})
