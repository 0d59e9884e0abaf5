import { afterAll, beforeAll, describe, expect } from 'vitest'
import {
  failpoints,
  hookEnvironment,
  type FaultAction,
  type FaultOrder,
} from './support/fault-hooks.ts'
import { differences, loadJob, loadKinds, type LoadKind } from './support/load-kinds.ts'
import { makeLoadSource, type LoadSource, type SourceKind } from './support/load-source.ts'
import { test } from './support/redis-test.ts'
import { SeededRandom } from './support/seeded-random.ts'
import { listingDifferences, placeWrongTypes, touchedKeys } from './support/wrong-types.ts'

const rowCount = 12_000
/** Small, so that a split of 1,500 rows has many. */
const batchSize = 100
const sources = new Map<SourceKind, LoadSource>()

beforeAll(async () => {
  for (const kind of ['mysql', 'postgresql'] as const)
    sources.set(kind, await makeLoadSource(kind, rowCount))
})

afterAll(async () => {
  for (const source of sources.values()) await source[Symbol.asyncDispose]()
})

interface Case {
  readonly kind: LoadKind
  readonly sourceKind: SourceKind
  readonly fault: FaultOrder
}

/** Exit code of a run to which this has happened. */
const exitCodes = { throw: 1, kill: null, hang: 0 } as const

/** Every place in every way of writing; the sources take turns. */
function casesOf(action: FaultAction): Case[] {
  const random = new SeededRandom(`failpoints, ${action}`)
  const kinds = Object.values(loadKinds)
  return failpoints.flatMap((place, placeNumber) =>
    kinds
      // A string replaces whatever its key holds: there is nothing to repair.
      .filter((kind) => place !== 'before-repair' || kind !== loadKinds.string)
      .map((kind, kindNumber) => {
        // The first repairs of a hash are all there are: afterwards its key is of the right type.
        const last = place === 'before-repair' ? 2 : 40
        const sourceKind = (placeNumber + kindNumber) % 2 === 0 ? 'postgresql' : 'mysql'
        return { kind, sourceKind, fault: { place, action, atReach: random.between(1, last) } }
      }),
  )
}

describe.concurrent.each(['throw', 'kill', 'hang'] as const)('a run that meets %s', (action) => {
  for (const { kind, sourceKind, fault } of casesOf(action)) {
    const { place, atReach } = fault
    test(`${place}, reach ${atReach}: ${kind.name} from ${sourceKind}`, async ({ target }) => {
      const source = sources.get(sourceKind) as LoadSource
      const folder = target.folder({ s: source.dataSource() })
      const wrong = await placeWrongTypes(target.client, kind, source)
      const job = loadJob(kind, source, { errorLimit: rowCount, writer: { batchSize } })
      const first = await folder.run(job, { env: hookEnvironment({ fault }) })
      expect(first.stderr).toContain(`failpoint ${place}:${action}:${atReach} was reached`)
      expect(first.exitCode, first.stderr).toBe(exitCodes[action])
      const second = await folder.run(job, { flags: ['--resume'] })
      expect(second.exitCode, second.stderr).toBe(0)
      const isList = kind === loadKinds.list
      const left = isList ? wrong : new Set<string>()
      expect(await differences(target.client, kind, source, left)).toEqual([])
      const recordsDirty = isList ? (await source.rows()).filter(({ k }) => wrong.has(k)).length : 0
      const recordsWritten = rowCount - recordsDirty
      expect(second.report?.total).toMatchObject({
        recordsRead: rowCount,
        recordsWritten,
        recordsDirty,
      })
      if (!isList) return
      expect(await touchedKeys(target.client, wrong)).toEqual([])
      const lines = folder.readLines(`${second.report?.job}.dirty.jsonl`)
      expect(await listingDifferences(lines, wrong, source)).toEqual([])
    })
  }
})
