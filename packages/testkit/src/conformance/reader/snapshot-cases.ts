import assert from 'node:assert/strict'
import { qualifiedName } from '@millrace/core/record'
import { conformanceCase, type ConformanceCase } from '../conformance-case.ts'
import { lacking, methodOf } from '../optional-part.ts'
import { never } from '../test-context.ts'
import { rowsInOrder } from './document-form.ts'
import {
  changesUntilNow,
  creations,
  followedTables,
  followTables,
  tableIndex,
  withoutFollow,
  type FollowScene,
} from './follow-scene.ts'
import type { SourceChange } from './followed-source.ts'
import { changeName, foundChanges, TableRows, type FoundChange } from './found-changes.ts'
import type { ReadPart } from './read-rows.ts'
import type { ReaderHarness } from './reader-harness.ts'

/** Transactions at random, the same in every run, over keys that are created, changed and deleted again and again. */
function* randomTransactions(model: TableRows): Generator<readonly SourceChange[], never> {
  let seed = 7
  const below = (limit: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((seed / 2_147_483_648) * limit)
  }
  for (let round = 0; ; round += 1) {
    const changes: SourceChange[] = []
    for (let count = below(4); count >= 0; count -= 1) {
      const table = below(2)
      const [key, text] = [below(20), `round ${round} ${count}`]
      const row = table === 0 ? [key, text, null] : [text, key]
      const old = model.get(table, row)
      const operation = old === undefined ? 'c' : below(3) === 0 ? 'd' : 'u'
      const change = { table, operation, row: operation === 'd' ? (old ?? row) : row } as const
      model.apply(change)
      changes.push(change)
    }
    yield changes
  }
}

function rowsOf({ datasets, schemas }: FollowScene, parts: readonly ReadPart[]): TableRows {
  const rows = new TableRows(datasets, false)
  for (const batch of parts.flatMap(({ batches }) => batches)) {
    const table = tableIndex(schemas, batch.schema)
    const expected = datasets[table]?.schema ?? batch.schema
    for (const row of rowsInOrder(batch, expected)) rows.put(table, row)
  }
  return rows
}

/** Makes changes to rows that were read, and fails at one that cannot follow on them. */
function applyStrictly(
  { datasets }: FollowScene,
  rows: TableRows,
  changes: readonly FoundChange[],
): void {
  for (const change of changes) {
    const isThere = rows.get(change.table, change.row) !== undefined
    const isNew = change.operation === 'c'
    const found = `the rows that were read ${isThere ? 'have seen' : 'have not seen'} what ${changeName(datasets, change)} is behind of`
    assert.ok(isNew !== isThere, found)
    rows.apply(change)
  }
}

/** Cases about where rows that are read and changes meet. */
export const readerSnapshotCases: readonly ConformanceCase<ReaderHarness>[] = [
  conformanceCase({
    promise: 'snapshot and changes',
    name: 'they meet exactly at followFrom, while others write: nothing is lost, nothing comes twice',
    skipReason: withoutFollow,
    run: (harness) =>
      followTables(harness, async (scene) => {
        const { source, datasets, reader, later } = scene
        await reader[Symbol.asyncDispose]()
        const expected = new TableRows(datasets)
        const transactions = randomTransactions(new TableRows(followedTables()))
        let isOver = false
        const write = async (changes: readonly SourceChange[]) => {
          for (const change of scene.given(changes)) expected.apply(change)
          await source.commit(changes)
        }
        const writing = (async () => {
          for (let count = 0; count < 30 || (!isOver && count < 500); count += 1)
            await write(transactions.next().value)
        })()
        try {
          await using other = await later()
          const plan = await other.plan(2)
          assert.ok(plan.followFrom, 'the plan of a job that follows changes has no followFrom')
          const rows = rowsOf(scene, await other.readAll(plan.splits, { maxRows: 2 }))
          isOver = true
          await writing
          const batches = await changesUntilNow(other, plan.followFrom)
          applyStrictly(scene, rows, foundChanges(scene, batches))
          const difference = rows.differenceFrom(expected)
          assert.ok(
            difference === undefined,
            `rows and changes do not make the table: ${difference}`,
          )
        } finally {
          isOver = true
          await writing
        }
      }),
  }),
  conformanceCase({
    promise: 'takeSnapshot',
    name: 'reads see what was committed before it and nothing later, and its position says where that is',
    skipReason: withoutFollow,
    run: (harness) =>
      followTables(harness, async (scene) => {
        const { source, datasets, later, reader: planned } = scene
        await planned[Symbol.asyncDispose]()
        await using reader = await later()
        const { splits } = await reader.plan(1)
        const takeSnapshot = methodOf(reader.session, 'takeSnapshot')
        const seen = new TableRows(datasets)
        for (const key of [81, 82]) {
          const before = [...creations(0, [key]), ...creations(1, [key])]
          await source.commit(before)
          for (const change of scene.given(before)) seen.apply(change)
          const position = await takeSnapshot({ signal: never })
          const after = creations(0, [key + 100])
          await source.commit(after)
          const rows = rowsOf(scene, await reader.readAll(splits))
          const difference = rows.differenceFrom(seen)
          assert.ok(difference === undefined, `reads see another instant: ${difference}`)
          const changes = foundChanges(scene, await changesUntilNow(reader, position))
          const names = changes.map((change) => changeName(datasets, change)).join(', ')
          const expected = after.map((change) => changeName(datasets, change)).join(', ')
          assert.equal(names, expected, `behind its position come ${names}, expected ${expected}`)
          for (const change of scene.given(after)) seen.apply(change)
        }
      }),
  }),
  conformanceCase({
    promise: 'takeUp',
    name: 'it cuts the tables it names, which are read at the instant of a later snapshot; it may be repeated',
    skipReason: (harness) => withoutFollow(harness) ?? lacking('takeUp')(harness),
    run: (harness) =>
      followTables(harness, async (scene) => {
        const { source, datasets, schemas, reader } = scene
        const takeUp = methodOf(reader.session, 'takeUp')
        const [, notes] = schemas
        assert.ok(notes, 'describe tells one table of two')
        const tables = new Set([qualifiedName(notes)])
        await takeUp(tables, 1, { signal: never })
        const splits = await takeUp(tables, 1, { signal: never })
        const others = splits.map(({ table }) => table).filter((table) => !tables.has(table))
        assert.equal(others.join(', '), '', `it cuts ${others.join(', ')}, too`)
        const made = creations(1, [85])
        await source.commit([...made, ...creations(0, [85])])
        await methodOf(reader.session, 'takeSnapshot')({ signal: never })
        const seen = new TableRows([{ ...datasets[0]!, rows: [] }, datasets[1]!])
        for (const change of scene.given(made)) seen.apply(change)
        const difference = rowsOf(scene, await reader.readAll(splits)).differenceFrom(seen)
        assert.ok(difference === undefined, `its splits give other rows: ${difference}`)
      }),
  }),
]
