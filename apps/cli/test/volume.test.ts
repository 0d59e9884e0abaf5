import { describe, expect } from 'vitest'
import { watchFlushes } from './support/flushes.ts'
import { redisJob } from './support/jobs.ts'
import { startMongoSource } from './support/mongo-source.ts'
import { peakMemory } from './support/peak-memory.ts'
import { test } from './support/redis-test.ts'
import { dataKeyCount } from './support/data-keys.ts'

/** `count` rows of 1 KB per split, all to the one list `k`. */
function kilobyteRows(count: number) {
  const column = [
    { type: 'string', value: 'k' },
    { type: 'string', value: 'x'.repeat(1023) },
  ]
  return { stepType: 'stream', parameter: { column, sliceRecordCount: String(count) } }
}

const overwrite = { writeMode: { type: 'string', mode: 'set' } }

describe('case 29: memory', () => {
  test('stays flat however many rows pass', { timeout: 60_000 }, async ({ target }) => {
    const folder = target.folder()
    const job = redisJob({ reader: kilobyteRows(100_000), writer: overwrite })
    const running = folder.startRun(job)
    const peak = await peakMemory(running)
    const { exitCode, stderr } = await running.ended
    expect(exitCode, stderr).toBe(0)
    expect(folder.report()).toMatchObject({
      recordsRead: 100_000,
      recordsWritten: 100_000,
      bytesRead: 100_000 * 1024,
    })
    expect(peak).toBeGreaterThan(20 * 1024 * 1024)
    expect(peak).toBeLessThan(250 * 1024 * 1024)
  })

  test(
    'stays flat however many documents of MongoDB pass',
    { timeout: 120_000 },
    async ({ target }) => {
      await using mongo = await startMongoSource()
      const count = 200_000
      mongo.server.control.fill({ database: mongo.name, collection: 'docs' }, count)
      const folder = target.folder({ docs: mongo.dataSource })
      const column = [
        { name: 'town', type: 'string' },
        { name: 'all', type: 'combine' },
      ]
      const parameter = { datasource: 'docs', collectionName: 'docs', column }
      const job = redisJob({ reader: { stepType: 'mongodb', parameter }, writer: overwrite })
      const running = folder.startRun(job)
      const peak = await peakMemory(running)
      const { exitCode, stderr } = await running.ended
      expect(exitCode, stderr).toBe(0)
      const report = folder.report()
      expect(report).toMatchObject({ recordsRead: count, recordsWritten: count })
      expect(report?.bytesRead).toBeGreaterThan(30 * 1024 * 1024)
      expect(peak).toBeGreaterThan(20 * 1024 * 1024)
      expect(peak).toBeLessThan(250 * 1024 * 1024)
    },
  )

  test('batchSize 1 gives what batchSize 1000 gives', async ({ target }) => {
    const rows = Array.from({ length: 2500 }, (_, row) => [`k${row % 700}`, `v${row}`])
    const reader = {
      stepType: 'stream',
      parameter: { column: [{ type: 'string' }, { type: 'string' }], rows },
    }
    const rpush = { writeMode: { type: 'list', mode: 'rpush' } }
    const found: string[][][] = []
    const sizes: number[][] = []
    for (const batchSize of [1, 1000]) {
      await target.clear()
      const flushes = await watchFlushes(target.client)
      const { exitCode, stderr } = await target
        .folder()
        .run(redisJob({ reader, writer: { ...rpush, batchSize } }))
      expect(exitCode, stderr).toBe(0)
      sizes.push(await flushes())
      expect(await dataKeyCount(target.client)).toBe(700)
      const lists = Array.from({ length: 700 }, (_, key) => target.client.lrange(`k${key}`, 0, -1))
      found.push(await Promise.all(lists))
    }
    expect(found[0]).toEqual(found[1])
    expect(sizes).toEqual([Array.from({ length: 2500 }, () => 1), [1000, 1000, 500]])
  })
})

describe('case 35: throttle', () => {
  test('mbps holds for the whole job, whatever the channels', async ({ target }) => {
    const reader = kilobyteRows(1024)
    const speed = { throttle: true, mbps: '1', concurrent: 4 }
    const job = redisJob({ reader, writer: overwrite, setting: { speed } })
    const { exitCode, stderr, report } = await target.folder().run(job)
    expect(exitCode, stderr).toBe(0)
    expect(report?.recordsWritten).toBe(4096)
    expect(report?.bytesRead).toBe(4 * 1024 * 1024)
    // 4 MiB at 1 MiB a second, less the bucket of 100 ms: it cannot be faster than what was asked for.
    expect(report?.elapsedMs).toBeGreaterThan(3500)
  })

  test('has no effect when throttle is false', async ({ target }) => {
    const speed = { throttle: false, mbps: '1', concurrent: 1 }
    const job = redisJob({
      reader: kilobyteRows(20_000),
      writer: overwrite,
      setting: { speed },
    })
    const { exitCode, stderr, report } = await target.folder().run(job)
    expect(exitCode, stderr).toBe(0)
    // 20 MB at 1 MB a second would take 20 s.
    expect(report?.elapsedMs).toBeLessThan(19_000)
  })

  test('record limits the rows', async ({ target }) => {
    const speed = { throttle: true, record: 100, concurrent: 1 }
    const job = redisJob({ reader: kilobyteRows(150), writer: overwrite, setting: { speed } })
    const { exitCode, stderr, report } = await target.folder().run(job)
    expect(exitCode, stderr).toBe(0)
    expect(report?.elapsedMs).toBeGreaterThan(1300)
  })
})
