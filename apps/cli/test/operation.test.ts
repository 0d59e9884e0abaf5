import { describe, expect, vi } from 'vitest'
import type { JobStatus } from '@millrace/core'
import { pipelineFolder, type PipelineFolder } from './support/pipeline-folder.ts'
import { test, type RedisTarget } from './support/redis-test.ts'
import { makeChangeDatabase, type TestDatabase } from './support/test-database.ts'

const kinds = ['postgresql', 'mysql'] as const
const waitOptions = { timeout: 15_000, interval: 50 }
const rowCount = 20

async function makeItems(database: TestDatabase): Promise<void> {
  const rows = Array.from({ length: rowCount }, (_, at) => `(${at}, 'row ${at}')`)
  await database.execute(
    'CREATE TABLE item (id int PRIMARY KEY, name varchar(40))',
    `INSERT INTO item VALUES ${rows.join(', ')}`,
  )
}

function itemPipeline(
  target: RedisTarget,
  kind: (typeof kinds)[number],
  database: TestDatabase,
): PipelineFolder {
  const namespace = kind === 'mysql' ? database.name : 'public'
  return pipelineFolder(target, kind, database, { tables: { [`${namespace}.item`]: {} } })
}

/** A run that follows changes, and the address of its metrics. */
async function followWithMetrics(pipeline: PipelineFolder) {
  const running = pipeline.follow(['--metrics', '127.0.0.1:0', '--progress', 'json'])
  let stderr = ''
  running.child.stderr.on('data', (text: string) => (stderr += text))
  const url = await vi.waitFor(() => {
    const found = /metrics: (http:\S+)\/metrics/.exec(stderr)?.[1]
    if (found === undefined) throw new Error(`there is no address in: ${stderr}`)
    return found
  }, waitOptions)
  return { running, url }
}

async function statusOf(pipeline: PipelineFolder): Promise<JobStatus> {
  const { stdout, stderr } = await pipeline.folder.millrace(['status', 'p', '--json'])
  const { jobs } = JSON.parse(stdout || '{"jobs":[]}') as { readonly jobs: readonly JobStatus[] }
  if (jobs[0] === undefined) throw new Error(stderr)
  return jobs[0]
}

/** The value of a metric: the first line that begins so. */
function valueOf(metrics: string, name: string): number | undefined {
  const line = metrics.split('\n').find((one) => one.startsWith(name))
  return line === undefined ? undefined : Number(line.split(' ').at(-1))
}

describe.concurrent.each(kinds)('a running pipeline from %s', (kind) => {
  test('shows its numbers as metrics and as a status, and stops where it stands', async ({
    target,
  }) => {
    await using database = await makeChangeDatabase(kind)
    await makeItems(database)
    const pipeline = itemPipeline(target, kind, database)
    const { running, url } = await followWithMetrics(pipeline)
    const read = async (path: string) => await (await fetch(`${url}${path}`)).text()
    await vi.waitFor(async () => {
      expect(valueOf(await read('/metrics'), 'millrace_following')).toBe(1)
    }, waitOptions)
    await database.execute(
      "INSERT INTO item VALUES (100, 'new')",
      "UPDATE item SET name = 'changed' WHERE id = 1",
      'DELETE FROM item WHERE id = 2',
    )
    await vi.waitFor(async () => {
      expect(valueOf(await read('/metrics'), 'millrace_changes_total')).toBe(3)
    }, waitOptions)
    const metrics = await read('/metrics')
    const table = kind === 'mysql' ? `${database.name}.item` : 'public.item'
    const rows = (phase: string) =>
      metrics
        .split('\n')
        .filter((line) => line.startsWith('millrace_rows_total') && line.includes(`"${phase}"`))
        .filter((line) => line.includes('"written"') && line.includes(`"${table}"`))
        .map((line) => Number(line.split(' ').at(-1)))
    expect(rows('snapshot'), metrics).toEqual([rowCount])
    expect(rows('changes')).toEqual([3])
    expect(valueOf(metrics, 'millrace_changes_commit_to_target_seconds_count')).toBeGreaterThan(0)
    expect(valueOf(metrics, 'millrace_changes_lag_seconds')).toBeLessThan(15)
    expect(valueOf(metrics, 'millrace_changes_committed_timestamp_seconds')).toBeGreaterThan(1e9)
    expect(await read('/healthz')).toBe('ok\n')

    await vi.waitFor(async () => {
      expect((await statusOf(pipeline)).tables).toMatchObject([
        {
          table,
          snapshot: { recordsRead: rowCount },
          changes: { recordsRead: 3, recordsDirty: 0 },
        },
      ])
    }, waitOptions)
    const status = await statusOf(pipeline)
    expect(status).toMatchObject({
      state: 'running',
      owner: { pid: running.child.pid },
      splits: [{ state: 'done', table, recordsWritten: rowCount }],
      changes: { recordsDirty: 0, logProblem: null, durability: 'memory' },
    })
    expect(Date.now() - Date.parse(status.changes?.committedAt ?? '')).toBeLessThan(60_000)
    expect(status.changes?.log?.lagBytes).toBeGreaterThanOrEqual(0)
    expect(status.changes?.lagMs).toBeGreaterThanOrEqual(0)
    const text = await pipeline.folder.millrace(['status', 'p'])
    expect(text.stdout).toContain(`  ${table}: 1 of 1 splits done, ${rowCount} rows, 3 changes, `)
    // The log of the server goes on with what others write.
    const position = kind === 'mysql' ? /changes: up to \S+:\d+,/ : /changes: up to \w+\/\w+,/
    expect(status.changes?.position).toMatch(kind === 'mysql' ? /:\d+$/ : /^\w+\/\w+$/)
    expect(text.stdout).toMatch(position)
    expect(text.stdout).toMatch(/lag \d+(\.\d+)?[KM]?B, [\d.]+ ?m?s; the \w+ ends at /)

    running.child.kill('SIGTERM')
    const stopped = await running.ended
    expect(stopped.exitCode, stopped.stderr).toBe(143)
    const after = await statusOf(pipeline)
    expect(after).toMatchObject({
      owner: null,
      counts: { recordsRead: rowCount + 3 },
      changes: { recordsRead: 3, recordsWritten: 3, lagMs: null },
    })
    await expect(fetch(`${url}/metrics`)).rejects.toThrow()
    const idle = await pipeline.catchUp()
    expect(idle.report, idle.stderr).toMatchObject({ status: 'complete', recordsRead: 0 })
  })
})

test('a status says that the source cannot be reached', async ({ target }) => {
  await using database = await makeChangeDatabase('postgresql')
  await makeItems(database)
  const pipeline = itemPipeline(target, 'postgresql', database)
  const { exitCode, stderr } = await pipeline.catchUp()
  expect(exitCode, stderr).toBe(0)
  const config = pipeline.folder.read('p/config.yaml')
  const status = await statusOf(pipeline)
  // The name of a job has digits of its source: it is named here, so that it stays the same job.
  pipeline.folder.write('p/config.yaml', config.replace(/port: \d+/, 'port: 1'))
  const { stdout } = await pipeline.folder.millrace(['status', 'p', '--name', status.job])
  expect(stdout).toContain(`${status.job}: follows changes since`)
  expect(stdout).toMatch(/lag unknown: .+/)
})

test('a port that is taken ends the run before it begins', async ({ target }) => {
  await using database = await makeChangeDatabase('postgresql')
  await makeItems(database)
  const pipeline = itemPipeline(target, 'postgresql', database)
  const { running, url } = await followWithMetrics(pipeline)
  const { host } = new URL(url)
  const second = await pipeline.folder.millrace(['run', 'p', '--metrics', host])
  expect(second.exitCode).toBe(2)
  expect(second.stderr).toContain('--metrics cannot listen')
  expect((await pipeline.folder.millrace(['run', 'p', '--metrics', 'x'])).exitCode).toBe(2)
  running.child.kill('SIGTERM')
  await running.ended
})
