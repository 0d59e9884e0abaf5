import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Split } from '@millrace/core/plugin'
import type { Position } from '@millrace/core/record'
import { mixedIds } from './mixed-ids.ts'
import {
  batchesOf,
  never,
  openReader,
  readAll,
  TestDatabase,
  type StepParameters,
} from './test-source.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await TestDatabase.create()
})

afterAll(async () => database[Symbol.asyncDispose]())

const copyOf = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

/** A collection with these `_id`s, in no order, each with a number of its own. */
async function holdIds(ids: readonly unknown[]): Promise<string> {
  const documents = ids.map(
    (_id, number) =>
      new Map<string, unknown>([
        ['_id', _id],
        ['number', number],
      ]),
  )
  return await database.hold(
    [...documents].sort(
      (a, b) => ((Number(a.get('number')) * 7919) % 97) - ((Number(b.get('number')) * 7919) % 97),
    ),
  )
}

const numbers = (count: number) => Array.from({ length: count }, (_, number) => [String(number)])

function byNumber(rows: readonly (readonly unknown[])[]): unknown[] {
  return rows.toSorted((a, b) => Number(a[0]) - Number(b[0]))
}

async function planOf(parameters: StepParameters, desired: number): Promise<readonly Split[]> {
  await using session = await openReader(parameters, database.dataSource())
  return (await session.split(desired, { signal: never })).splits
}

describe('splits', () => {
  it('give every document once, whatever the types of _id', async () => {
    const ids = mixedIds()
    const collectionName = await holdIds(ids)
    for (const desired of [1, 2, 3, 8]) {
      const { rows, splits } = await readAll(
        database,
        { collectionName, column: ['number'] },
        desired,
      )
      expect(byNumber(rows)).toEqual(numbers(ids.length))
      expect(splits.length).toBe(desired)
    }
  })

  it('are about equal', async () => {
    const collectionName = await holdIds(mixedIds())
    await using session = await openReader(
      { collectionName, column: ['number'] },
      database.dataSource(),
    )
    const { splits } = await session.split(8, { signal: never })
    const counts: number[] = []
    for (const split of splits) {
      const batches = await batchesOf(session, split)
      counts.push(batches.reduce((sum, { rows }) => sum + rows.length, 0))
    }
    expect(Math.max(...counts)).toBeLessThan(3 * Math.min(...counts))
  })

  it('hold documents that come after the plan, below and above what was there', async () => {
    const collectionName = await holdIds(Array.from({ length: 30 }, (_, index) => index + 100))
    const parameters = { collectionName, column: ['number'], snapshot: false }
    await using session = await openReader(parameters, database.dataSource())
    const { splits } = await session.split(3, { signal: never })
    const late = [-1, 'late', null, 1000].map((_id, index) => ({ _id, number: 30 + index }))
    await database.db.collection<{ _id: unknown }>(collectionName).insertMany(late)
    const rows = []
    for (const split of splits)
      rows.push(...(await batchesOf(session, split)).flatMap((one) => one.rows))
    expect(byNumber(rows)).toEqual(numbers(34))
  })

  it('respect the query', async () => {
    const ids = Array.from({ length: 300 }, (_, index) => index)
    const collectionName = await holdIds(ids)
    const query = '{number: {$gte: 270}}'
    const { rows, splits } = await readAll(
      database,
      { collectionName, column: ['number'], query },
      3,
    )
    expect(byNumber(rows)).toEqual(numbers(300).slice(270))
    const single = await readAll(database, { collectionName, column: ['number'], query }, 1)
    expect(byNumber(single.rows)).toEqual(byNumber(rows))
    expect(splits).toHaveLength(3)
    // They are cut among what is read: each has something.
    expect(splits[0]?.id).toContain('28')
  })

  it('are as many as splitFactor says, each with an id of its own', async () => {
    const collectionName = await holdIds(Array.from({ length: 60 }, (_, index) => index))
    const parameters = { collectionName, column: ['number'], splitFactor: 4 }
    const { splits, rows } = await readAll(database, parameters, 2)
    expect(splits).toHaveLength(8)
    expect(new Set(splits.map(({ id }) => id)).size).toBe(8)
    expect(rows).toHaveLength(60)
    expect((await readAll(database, parameters, 1)).splits).toHaveLength(1)
  })

  it('are one for an empty collection, and for fewer documents as many as there are', async () => {
    const empty = await database.hold([])
    expect(await readAll(database, { collectionName: empty, column: ['_id'] }, 4)).toMatchObject({
      rows: [],
      splits: [{ id: empty }],
    })
    const two = await holdIds(['a', 'b'])
    const { rows, splits } = await readAll(database, { collectionName: two, column: ['number'] }, 8)
    expect(splits).toHaveLength(2)
    expect(byNumber(rows)).toEqual(numbers(2))
  })
})

describe('positions', () => {
  it('lead on behind every document, whatever the types of _id, and up to it', async () => {
    const ids = mixedIds()
    const collectionName = await holdIds(ids)
    const parameters = { collectionName, column: ['number'] }
    const [split] = await planOf(parameters, 1)
    await using session = await openReader(parameters, database.dataSource())
    const whole = await batchesOf(session, split!, { positions: true, maxRows: 1 })
    const inOrder = whole.flatMap(({ rows }) => rows)
    expect(byNumber(inOrder)).toEqual(numbers(ids.length))
    const rowsOf = async (bounds: { from?: Position; until?: Position }) => {
      const batches = await batchesOf(session, split!, { ...bounds, positions: true })
      return batches.flatMap(({ rows }) => rows)
    }
    for (const [index, { position }] of whole.entries()) {
      const place = copyOf(position!)
      expect(await rowsOf({ from: place })).toEqual(inOrder.slice(index + 1))
      expect(await rowsOf({ until: place })).toEqual(inOrder.slice(0, index + 1))
    }
  })

  it('bound a read from both sides, in a split of an earlier session', async () => {
    const ids = mixedIds()
    const parameters = { collectionName: await holdIds(ids), column: ['number'] }
    const splits = copyOf(await planOf(parameters, 5))
    await using session = await openReader(parameters, database.dataSource())
    for (const split of splits) {
      const whole = await batchesOf(session, split, { positions: true, maxRows: 1 })
      const rows = whole.flatMap((batch) => batch.rows)
      for (const first of [0, 3]) {
        const last = whole.length - 2
        const [from, until] = [whole[first]?.position, whole[last]?.position]
        const batches = await batchesOf(session, split, { from: from!, until: until! })
        expect(byNumber(batches.flatMap((batch) => batch.rows))).toEqual(
          byNumber(rows.slice(first + 1, last + 1)),
        )
      }
    }
  })

  it('name the _id for people', async () => {
    const parameters = { collectionName: await holdIds(['x'.repeat(100)]), column: ['number'] }
    const [split] = await planOf(parameters, 1)
    await using session = await openReader(parameters, database.dataSource())
    const [batch] = await batchesOf(session, split!, { positions: true })
    expect(batch?.position?.label).toMatch(/^_id "x{59}…$/)
  })

  it.each([
    ['another collection', (split: Split): Split => ({ ...split, table: 'others' })],
    ['no range', (split: Split): Split => ({ ...split, range: null })],
    ['a bound that is none', (split: Split): Split => ({ ...split, range: { lower: 'zz' } })],
    [
      'a bound of a type that _id has not',
      (split: Split): Split => ({ ...split, range: { lower: '06' } }),
    ],
  ])('are lost in a split of %s', async (_, changed) => {
    const parameters = { collectionName: await holdIds([1]), column: ['number'] }
    const [split] = await planOf(parameters, 1)
    await using session = await openReader(parameters, database.dataSource())
    await expect(batchesOf(session, changed(split!))).rejects.toMatchObject({
      code: 'POSITION_LOST',
    })
  })
})
