import { describe, expect } from 'vitest'
import { hookEnvironment } from './support/fault-hooks.ts'
import { differences, loadJob, loadKinds } from './support/load-kinds.ts'
import { makeLoadSource, rowsPerKey, type SourceKind } from './support/load-source.ts'
import { test } from './support/redis-test.ts'
import { listingDifferences, touchedKeys } from './support/wrong-types.ts'

const batchSize = 100
const { list, fields } = loadKinds

/** Tables and batches at which counting goes wrong first. */
const shapes: readonly {
  readonly what: string
  readonly rowCount: number
  readonly isKilled: boolean
}[] = [
  { what: 'an empty table', rowCount: 0, isKilled: false },
  { what: 'a table of one row', rowCount: 1, isKilled: true },
  { what: 'splits that end where a batch ends', rowCount: 8 * batchSize, isKilled: true },
  { what: 'splits of one row more than a batch', rowCount: 8 * (batchSize + 1), isKilled: true },
]

const dropAll = [{ stepType: 'dx_filter', parameter: { columnIndex: 0, paras: ['like', 'k.*'] } }]

describe.concurrent.each(['postgresql', 'mysql'] as const)('%s, killed and resumed', (kind) => {
  const fault = { place: 'after-reply', action: 'kill', atReach: 1 } as const

  for (const { what, rowCount, isKilled } of shapes) {
    test(what, async ({ target }) => {
      await using source = await makeLoadSource(kind, rowCount)
      const folder = target.folder({ s: source.dataSource() })
      const job = loadJob(list, source, { writer: { batchSize } })
      const first = await folder.run(job, { env: hookEnvironment({ fault }) })
      expect(first.exitCode, first.stderr).toBe(isKilled ? null : 0)
      const { exitCode, stderr, report } = await folder.run(job, { flags: ['--resume'] })
      expect(exitCode, stderr).toBe(0)
      expect(report?.total).toMatchObject({ recordsRead: rowCount, recordsWritten: rowCount })
      expect(await differences(target.client, list, source)).toEqual([])
    })
  }

  test('batches of dirty rows alone are listed once', async ({ target }) => {
    await using source = await makeLoadSource(kind, rowsPerKey)
    const folder = target.folder({ s: source.dataSource() })
    const wrong = new Set(['k0'])
    await target.client.set('k0', 'theirs')
    const job = loadJob(list, source, { errorLimit: rowsPerKey, writer: { batchSize: 3 } })
    for (const atReach of [1, 2, 3]) {
      const env = hookEnvironment({ fault: { ...fault, atReach } })
      const killed = await folder.run(job, { flags: ['--resume'], env })
      expect(killed.exitCode, killed.stderr).toBe(null)
    }
    const { exitCode, stderr, report } = await folder.run(job, { flags: ['--resume'] })
    expect(exitCode, stderr).toBe(0)
    expect(report?.total).toMatchObject({ recordsRead: rowsPerKey, recordsDirty: rowsPerKey })
    expect(await touchedKeys(target.client, wrong)).toEqual([])
    const lines = folder.readLines(`${report?.job}.dirty.jsonl`)
    expect(await listingDifferences(lines, wrong, source)).toEqual([])
  })

  test('batches of filtered rows alone are counted once', async ({ target }) => {
    await using source = await makeLoadSource(kind, 2000)
    const folder = target.folder({ s: source.dataSource() })
    const job = loadJob(list, source, { writer: { batchSize }, processors: dropAll })
    const killed = await folder.run(job, {
      env: hookEnvironment({ fault: { ...fault, atReach: 5 } }),
    })
    expect(killed.exitCode, killed.stderr).toBe(null)
    const { exitCode, stderr, report } = await folder.run(job, { flags: ['--resume'] })
    expect(exitCode, stderr).toBe(0)
    expect(report?.total).toMatchObject({ recordsRead: 2000, recordsFiltered: 2000 })
    expect(await target.isEmpty()).toBe(true)
  })

  test('rows that nobody can write are listed once, however often it was killed', async ({
    target,
  }) => {
    await using source = await makeLoadSource(kind, 2000)
    // A field without a name: refused before anything is sent, which is where they are listed.
    await nullEveryTenth(kind, source.database)
    const folder = target.folder({ s: source.dataSource() })
    const job = loadJob(fields, source, { errorLimit: 2000, writer: { batchSize } })
    for (const place of ['after-encode', 'after-send', 'after-reply'] as const) {
      const env = hookEnvironment({ fault: { place, action: 'kill', atReach: 2 } })
      const killed = await folder.run(job, { flags: ['--resume'], env })
      expect(killed.exitCode, killed.stderr).toBe(null)
    }
    const { exitCode, stderr, report } = await folder.run(job, { flags: ['--resume'] })
    expect(exitCode, stderr).toBe(0)
    expect(report?.total).toMatchObject({
      recordsRead: 2000,
      recordsWritten: 1800,
      recordsDirty: 200,
    })
    const lines = folder.readLines(`${report?.job}.dirty.jsonl`)
    const listed = lines.map(({ row }) => (row as { v: string }).v).sort()
    const dirty = (await source.rows()).filter(({ f }) => f === null).map(({ v }) => v)
    expect(listed).toEqual(dirty.sort())
  })
})

async function nullEveryTenth(
  kind: SourceKind,
  database: { execute(...statements: string[]): Promise<void> },
): Promise<void> {
  await database.execute(
    kind === 'mysql'
      ? 'ALTER TABLE t MODIFY f varchar(40) NULL'
      : 'ALTER TABLE t ALTER COLUMN f DROP NOT NULL',
    'UPDATE t SET f = NULL WHERE id % 10 = 3',
  )
}
