import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { hookEnvironment } from './support/fault-hooks.ts'
import type { RunningCommand } from './support/job-folder.ts'
import type { SourceKind } from './support/load-source.ts'
import type { PipelineFolder } from './support/pipeline-folder.ts'
import {
  filteredCount,
  loadDifferences,
  loadPipelineFolder,
  loadRowCount,
  makePipelineSource,
} from './support/pipeline-load.ts'
import { startPrivateRedis } from './support/private-redis.ts'
import { test, type RedisTarget } from './support/redis-test.ts'
import { SeededRandom } from './support/seeded-random.ts'
import type { TestDatabase } from './support/test-database.ts'

const kills = 10
const kinds = ['postgresql', 'mysql'] as const
const sources = new Map<SourceKind, TestDatabase>()

beforeAll(async () => {
  for (const kind of kinds) sources.set(kind, await makePipelineSource(kind))
})

afterAll(async () => {
  for (const source of sources.values()) await source[Symbol.asyncDispose]()
})

function folderOf(target: RedisTarget, kind: SourceKind): PipelineFolder {
  return loadPipelineFolder(target, kind, sources.get(kind) as TestDatabase)
}

function rowsRead(file: string): number {
  return readFileSync(file, 'utf8')
    .split('\n')
    .reduce((sum, line) => sum + Number(line), 0)
}

const wholeLoad = {
  // Of the table without a unique key; what is written of it twice are hashes.
  guarantee: 'at-least-once',
  guaranteeNote: expect.stringContaining('which leaves the same data'),
  total: {
    recordsRead: loadRowCount,
    recordsWritten: loadRowCount - filteredCount,
    recordsFiltered: filteredCount,
    recordsDirty: 0,
  },
}

describe.concurrent('a snapshot of several tables is whole, with every message once', () => {
  for (const kind of kinds) {
    test(`after ${kills} times kill -9, from ${kind}`, async ({ target }) => {
      const random = new SeededRandom(`kill loop of a pipeline from ${kind}`)
      const pipeline = folderOf(target, kind)
      const rowsReadFile = pipeline.folder.write('rows-read', '')
      const env = hookEnvironment({ rowsReadFile })
      const counts: number[] = []
      for (let count = 0; count < kills; count += 1) {
        const running = pipeline.start([], { env })
        // By turns from the start of the process and from its first batch, which a busy machine may never reach in time.
        if (count % 2 === 1) await rowsFlow(rowsReadFile, running)
        await sleep(random.between(50, 1500))
        running.child.kill('SIGKILL')
        const { exitCode, stderr } = await running.ended
        if (exitCode !== null) expect(exitCode, stderr).toBe(0)
        counts.push(rowsRead(rowsReadFile))
      }
      const { exitCode, stderr, report } = await pipeline.run([], { env })
      expect(exitCode, stderr).toBe(0)
      expect(await loadDifferences(target.client)).toEqual([])
      console.info(`${kind}: rows read after each kill: ${counts.join(', ')}`)
      expect(report).toMatchObject(wholeLoad)
      // More than there are tables: the large one was cut.
      expect(report?.splits.total).toBeGreaterThan(3)
      expect(counts.some((read) => read > 0 && read < loadRowCount)).toBe(true)
      expect(rowsRead(rowsReadFile)).toBeLessThanOrEqual(2 * loadRowCount)
    })
  }

  test('though Redis is frozen for some seconds', async ({ target }) => {
    await using server = await startPrivateRedis(['--databases', '256'])
    const frozen = { ...target, server, client: server.client, url: server.url }
    const pipeline = folderOf(frozen, 'postgresql')
    const rowsReadFile = pipeline.folder.write('rows-read', '')
    const running = pipeline.start([], { env: hookEnvironment({ rowsReadFile }) })
    await rowsFlow(rowsReadFile, running)
    process.kill(server.pid, 'SIGSTOP')
    await sleep(8000)
    process.kill(server.pid, 'SIGCONT')
    const { exitCode, stderr } = await running.ended
    expect(exitCode, stderr).toBe(0)
    expect(pipeline.folder.report()).toMatchObject(wholeLoad)
    expect(await loadDifferences(server.client)).toEqual([])
  })
})

describe('a run after another', () => {
  test('of a pipeline that was changed is refused with the difference', async ({ target }) => {
    const pipeline = folderOf(target, 'postgresql')
    await killFlowing(pipeline)
    const job = pipeline.folder.read('p/jobs/orders.yaml')
    pipeline.folder.write('p/jobs/orders.yaml', job.replace('upper(customer)', 'customer'))
    const unfinished = await pipeline.run()
    expect(unfinished.exitCode, unfinished.stderr).toBe(2)
    expect(unfinished.stderr).toMatch(
      /is not the one whose run.*is to be resumed:\n.*orders.*: customer, was upper\(customer\)/,
    )
    expect(unfinished.stderr).toContain('--restart')
    pipeline.folder.write('p/jobs/orders.yaml', job)
    const finished = await pipeline.run()
    expect(finished.exitCode, finished.stderr).toBe(0)
    expect(await loadDifferences(target.client)).toEqual([])
    const config = pipeline.folder.read('p/config.yaml')
    pipeline.folder.write(
      'p/config.yaml',
      config.replace('public.players: {}', 'public.players: { columns: [id] }'),
    )
    const changed = await pipeline.run()
    expect(changed.exitCode, changed.stderr).toBe(2)
    expect(changed.stderr).toMatch(
      /is complete since .*, and was of another definition:\n(.*\n)*.*players/,
    )
    expect(changed.stderr).toContain('--restart')
    expect(await loadDifferences(target.client)).toEqual([])
  })

  test('asks before messages of a table without a unique key are repeated', async ({ target }) => {
    const pipeline = folderOf(target, 'postgresql')
    pipeline.job('parts', {
      source: { table: 'parts' },
      output: [{ uses: 'redis.write', with: { data_type: 'stream' } }],
    })
    await killFlowing(pipeline)
    const { exitCode, stderr } = await pipeline.run()
    expect(exitCode, stderr).toBe(2)
    expect(stderr).toContain('public.parts has no unique key to go on by')
    expect(stderr).toContain('--allow-duplicates')
  })
})

/** Waits until a command has read so many rows. */
async function rowsFlow(
  rowsReadFile: string,
  { child }: RunningCommand,
  rowCount = 1,
): Promise<void> {
  const wanted = rowsRead(rowsReadFile) + rowCount
  while (rowsRead(rowsReadFile) < wanted && child.exitCode === null) await sleep(10)
}

async function killFlowing(pipeline: PipelineFolder): Promise<void> {
  const rowsReadFile = pipeline.folder.write('rows-read', '')
  const running = pipeline.start([], { env: hookEnvironment({ rowsReadFile }) })
  await rowsFlow(rowsReadFile, running, 2000)
  running.child.kill('SIGKILL')
  const { exitCode, stderr } = await running.ended
  expect(exitCode, stderr).toBe(null)
}
