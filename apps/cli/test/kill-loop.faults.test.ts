import { readFileSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { hookEnvironment } from './support/fault-hooks.ts'
import type { RunningCommand } from './support/job-folder.ts'
import { differences, loadJob, loadKinds, type LoadKind } from './support/load-kinds.ts'
import { makeLoadSource, type RowSource } from './support/load-source.ts'
import { makeMongoLoadSource } from './support/mongo-load-source.ts'
import { test } from './support/redis-test.ts'
import { isLong, SeededRandom } from './support/seeded-random.ts'
import { listingDifferences, placeWrongTypes, touchedKeys } from './support/wrong-types.ts'

const rowCount = isLong ? 300_000 : 60_000
const kills = 20
/** Half a minute for the whole table: that it is not loaded before the last kill. */
const recordsPerSecond = rowCount / 30

type Kind = RowSource['kind']
const sources = new Map<Kind, RowSource>()

beforeAll(async () => {
  for (const kind of ['mysql', 'postgresql'] as const)
    sources.set(kind, await makeLoadSource(kind, rowCount))
  sources.set('mongodb', await makeMongoLoadSource(rowCount))
})

afterAll(async () => {
  for (const source of sources.values()) await source[Symbol.asyncDispose]()
})

const all: readonly (readonly [LoadKind, Kind])[] = Object.values(loadKinds).flatMap((kind) =>
  (['postgresql', 'mysql', 'mongodb'] as const).map((source) => [kind, source] as const),
)
const some: typeof all = [
  [loadKinds.list, 'postgresql'],
  [loadKinds.string, 'mysql'],
  [loadKinds.fields, 'postgresql'],
  [loadKinds.list, 'mongodb'],
]

/** Waits until a command has read something. */
async function firstBatch(rowsReadFile: string, { child }: RunningCommand): Promise<void> {
  const before = statSync(rowsReadFile).size
  while (statSync(rowsReadFile).size === before && child.exitCode === null) await sleep(10)
}

function rowsRead(file: string): number {
  return readFileSync(file, 'utf8')
    .split('\n')
    .reduce((sum, line) => sum + Number(line), 0)
}

describe.concurrent(`${kills} times kill -9 and --resume`, () => {
  for (const [kind, sourceKind] of isLong ? all : some) {
    test(
      `${kind.name} from ${sourceKind}: nothing lost, nothing twice`,
      { timeout: 600_000 },
      async ({ target }) => {
        const source = sources.get(sourceKind) as RowSource
        const random = new SeededRandom(`kill loop of ${kind.name} from ${sourceKind}`)
        const folder = target.folder({ s: source.dataSource() })
        const wrong = await placeWrongTypes(target.client, kind, source)
        const job = loadJob(kind, source, { recordsPerSecond, errorLimit: rowCount })
        const rowsReadFile = folder.write('rows-read', '')
        const options = { flags: ['--resume'], env: hookEnvironment({ rowsReadFile }) }
        for (let count = 0; count < kills; count += 1) {
          const running = folder.startRun(job, options)
          // By turns from the start of the process and from its first batch, which a busy machine may never reach in time.
          if (count % 2 === 1) await firstBatch(rowsReadFile, running)
          await sleep(random.between(50, 2000))
          running.child.kill('SIGKILL')
          const { exitCode, stderr } = await running.ended
          // A run that ended by itself was not killed: exit 0 too soon, anything else a fault.
          expect(exitCode, stderr).toBe(null)
        }
        const { exitCode, stderr, report } = await folder.run(job, options)
        expect(exitCode, stderr).toBe(0)
        expect(report?.splits).toEqual({ total: 8, done: 8 })
        const isList = kind === loadKinds.list
        const left = isList ? wrong : new Set<string>()
        expect(await differences(target.client, kind, source, left)).toEqual([])
        const recordsDirty = isList
          ? (await source.rows()).filter(({ k }) => wrong.has(k)).length
          : 0
        expect(report?.total).toMatchObject({
          recordsRead: rowCount,
          recordsWritten: rowCount - recordsDirty,
          recordsFiltered: 0,
          recordsDirty,
        })
        const read = rowsRead(rowsReadFile)
        console.info(`${kind.name} from ${sourceKind}: ${read} rows read of ${rowCount}`)
        expect(read).toBeGreaterThan(rowCount)
        expect(read).toBeLessThanOrEqual(2 * rowCount)
        if (!isList) return
        expect(await touchedKeys(target.client, wrong)).toEqual([])
        const file = `${report?.job}.dirty.jsonl`
        expect(await listingDifferences(folder.readLines(file), wrong, source)).toEqual([])
      },
    )
  }
})
