import { describe, expect, vi } from 'vitest'
import { contentDifferences } from './support/change-contents.ts'
import { openChangeLog, type LoggedChange } from './support/change-log.ts'
import { changePipelineFolder } from './support/change-pipeline.ts'
import {
  readMessages,
  streamDifferences,
  type ChangeMessage,
} from './support/change-stream-order.ts'
import {
  changeTables,
  createChangeTables,
  fillChangeTables,
  keyWidths,
} from './support/change-tables.ts'
import { runChangeWorkload } from './support/change-workload.ts'
import type { SourceKind } from './support/load-source.ts'
import { test } from './support/redis-test.ts'
import { SeededRandom } from './support/seeded-random.ts'
import { makeChangeDatabase, type TestDatabase } from './support/test-database.ts'

const kinds = ['postgresql', 'mysql'] as const
/** The tables are large, and other tests run at its side. */
vi.setConfig({ testTimeout: 120_000 })

async function writtenLog(kind: SourceKind, database: TestDatabase): Promise<LoggedChange[]> {
  const { seed } = new SeededRandom(`changes of ${kind}`)
  await createChangeTables(kind, database)
  await using log = await openChangeLog(kind, database)
  await fillChangeTables(database, seed)
  const summary = await runChangeWorkload(kind, database.url, {
    seed,
    changesPerSecond: 4000,
    durationMs: 3000,
  })
  console.info(kind, summary)
  expect(summary.commits).toBeGreaterThan(50)
  return await log.read(keyWidths)
}

/** Key and version of every row, as the log leaves them. */
function replayed(log: readonly LoggedChange[]): string[] {
  const rows = new Map<string, string>()
  for (const { table, operation, key, oldKey = key, version } of log) {
    rows.delete(`${table} ${oldKey}`)
    if (operation !== 'd') rows.set(`${table} ${key}`, String(version))
  }
  return [...rows].map(([name, version]) => `${name} v${version}`).sort()
}

async function stored(database: TestDatabase): Promise<string[]> {
  const rows: string[] = []
  for (const { name, key } of Object.values(changeTables))
    for (const row of await database.query(`SELECT ${key.join(', ')}, version FROM ${name}`))
      rows.push(`${name} ${key.map((column) => row[column]).join(':')} v${String(row['version'])}`)
  return rows.sort()
}

/** The stream of a pipeline that reads its snapshot at a place of the log and makes no mistake. */
function perfectStream(log: readonly LoggedChange[], begin: number): ChangeMessage[] {
  const reads = replayed(log.slice(0, begin)).map((text) => {
    const [table = '', key = '', version = ''] = text.split(' ')
    return { table, operation: 'r', key, version: version.slice(1) }
  })
  return [...reads, ...log.slice(begin)]
}

describe.each(kinds)('what proves that changes of %s arrive', (kind) => {
  test('agrees with the tables, and finds each kind of mistake', async () => {
    await using database = await makeChangeDatabase(kind)
    const log = await writtenLog(kind, database)
    expect(replayed(log)).toEqual(await stored(database))
    for (const operation of ['c', 'u', 'd'])
      expect(log.filter((change) => change.operation === operation).length).toBeGreaterThan(20)
    expect(log.some(({ oldKey }) => oldKey !== undefined)).toBe(true)
    const begin = log.length - 1500
    const right = perfectStream(log, begin)
    expect(streamDifferences(right, log)).toEqual([])
    const change = right.length - 700
    const read = 700
    const wrong: Record<string, ChangeMessage[]> = {
      'a change lost': right.toSpliced(change, 1),
      'a change twice': right.toSpliced(change, 0, right[change] as ChangeMessage),
      'two changes in another order': right.toSpliced(
        change,
        2,
        right[change + 1] as ChangeMessage,
        right[change] as ChangeMessage,
      ),
      'the last change lost': right.slice(0, -1),
      'a row of the snapshot lost': right.toSpliced(read, 1),
      'a row of the snapshot twice': right.toSpliced(read, 0, right[read] as ChangeMessage),
      'a gap behind the snapshot': right.toSpliced(right.length - 1500, 200),
      'a snapshot of a later instant': [
        ...perfectStream(log, begin + 200).filter(({ operation }) => operation === 'r'),
        ...log.slice(begin),
      ],
    }
    for (const [mistake, messages] of Object.entries(wrong))
      expect(streamDifferences(messages, log), mistake).not.toEqual([])
  })
  test('finds what is not in Redis as it is in the tables', async ({ target }) => {
    await using database = await makeChangeDatabase(kind)
    await createChangeTables(kind, database)
    await using log = await openChangeLog(kind, database)
    await fillChangeTables(database, 1)
    const pipeline = changePipelineFolder(target, kind, database)
    const { exitCode, stderr } = await pipeline.run()
    expect(exitCode, stderr).toBe(0)
    const { client } = target
    expect(await contentDifferences(client, database)).toEqual([])
    expect(streamDifferences(await readMessages(client), await log.read(keyWidths))).toEqual([])
    await client.hset('customer:id:7', 'name', 'Eve')
    await client.hdel('document:id:3', 'body')
    await client.set('seat:2', '')
    await client.srem('label:red', ...(await client.srandmember('label:red', 1)))
    await client.zincrby('customers', 1, '9')
    await client.hset('line:order_id:0:line_no:1', 'version', '0')
    await client.del('line:order_id:1:line_no:1')
    const found = await contentDifferences(client, database)
    expect(new Set(found.map((line) => /^[^ ]+/.exec(line)?.[0]))).toEqual(
      new Set([
        'customer:id:7',
        'customers',
        'document:id:3',
        'label:red',
        'line:order_id:0:line_no:1',
        'line:order_id:1:line_no:1',
        'seat:2',
      ]),
    )
  })
})
