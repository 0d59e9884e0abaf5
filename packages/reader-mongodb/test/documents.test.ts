import {
  Binary,
  Decimal128,
  Double,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
  UUID,
} from 'mongodb'
import { describe, expect, it } from 'vitest'
import {
  begin,
  changesUntilNow,
  followOptions,
  never,
  makeFollowedDatabase,
  openFollower,
  rowsOf,
  shownChanges,
  startFollowedServer,
} from './followed-source.ts'

/** Values of every type that `_id` can have; numbers of different types that are the same come once. */
const ids: readonly unknown[] = [
  new MinKey(),
  new Double(Number.NaN),
  Number.NEGATIVE_INFINITY,
  ...Array.from({ length: 40 }, (_, at) => at),
  Long.fromString('9007199254740993'),
  Decimal128.fromString('2.5'),
  ...Array.from({ length: 40 }, (_, at) => `text ${at}`),
  { a: 1, b: 'x' },
  { a: 2 },
  new UUID('00112233-4455-6677-8899-aabbccddeeff'),
  new Binary(Buffer.from([1, 2])),
  ...Array.from({ length: 40 }, (_, at) => new ObjectId(String(at).padStart(24, '0'))),
  false,
  true,
  new Date(-5),
  new Date(5),
  new Timestamp({ t: 1, i: 1 }),
  new MaxKey(),
]

describe('documents of a collection', () => {
  it('are read once each whatever their _id, in several splits, from every position on', async () => {
    await using source = await makeFollowedDatabase()
    const mixed = source.db.collection('mixed')
    await mixed.insertMany(ids.map((_id, at) => ({ _id: _id as never, at })))
    await using session = openFollower(source, ['mixed'])
    const { splits } = await session.split(8, { signal: never })
    expect(splits.length).toBeGreaterThan(4)
    const all: unknown[] = []
    for (const split of splits) {
      const options = { ...followOptions, positions: true, maxRows: 3 }
      const read: unknown[] = []
      for await (const { schema, rows, position } of session.read(split, options)) {
        const at = schema.fields.findIndex(({ name }) => name === 'at')
        read.push(...rows.map((row) => row[at]))
        const rest: unknown[] = []
        for await (const batch of session.read(split, { ...options, from: position! }))
          rest.push(...batch.rows.map((row) => row[at]))
        const until: unknown[] = []
        for await (const batch of session.read(split, { ...options, until: position! }))
          until.push(...batch.rows.map((row) => row[at]))
        expect(until).toEqual(read)
        expect(new Set([...until, ...rest]).size).toBe(until.length + rest.length)
      }
      all.push(...read)
    }
    expect(all.toSorted((a, b) => Number(a) - Number(b))).toEqual(ids.map((_, at) => at))
  })

  it('are those of one instant, met by the changes behind it', async () => {
    await using source = await makeFollowedDatabase()
    const items = source.db.collection<{ _id: number; v: number }>('items')
    await items.insertMany([1, 2, 3].map((_id) => ({ _id, v: 0 })))
    await using session = openFollower(source, ['items'])
    const { splits, followFrom } = await session.split(1, { signal: never })
    await items.updateOne({ _id: 1 }, { $set: { v: 1 } })
    await items.deleteOne({ _id: 2 })
    await items.insertOne({ _id: 4, v: 1 })
    expect(await rowsOf(session, splits)).toEqual([1, 2, 3].map((_id) => ({ _id, v: 0 })))
    const later = await session.takeSnapshot({ signal: never })
    await items.insertOne({ _id: 5, v: 2 })
    expect(await rowsOf(session, splits)).toEqual([
      { _id: 1, v: 1 },
      { _id: 3, v: 0 },
      { _id: 4, v: 1 },
    ])
    expect(session.sawOneInstant).toBe(false)
    const between = { ...followOptions, until: later }
    const found: unknown[] = []
    for await (const batch of session.follow(followFrom!, between))
      found.push(...shownChanges([batch]))
    expect(found).toEqual([
      ['u', { _id: 1, v: 1 }],
      ['d', { _id: 2 }],
      ['c', { _id: 4, v: 1 }],
    ])
    expect(shownChanges(await changesUntilNow(session, later))).toEqual([['c', { _id: 5, v: 2 }]])
  })

  it('are read again at a new instant when the server has given the old one up', async () => {
    await using source = await startFollowedServer()
    const items = source.db.collection<{ _id: number }>('items')
    await items.insertOne({ _id: 1 })
    await using session = openFollower(source, ['items'])
    const { splits } = await session.split(1, { signal: never })
    await items.insertOne({ _id: 2 })
    source.server.control.forgetHistory()
    await expect(rowsOf(session, splits)).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      isRetryable: true,
    })
    await session.takeSnapshot({ signal: never })
    expect(await rowsOf(session, splits)).toEqual([{ _id: 1 }, { _id: 2 }])
  })

  it('are read without one instant, and followed from before it, where the server has none', async () => {
    await using source = await startFollowedServer()
    const items = source.db.collection<{ _id: number }>('items')
    await items.insertOne({ _id: 1 })
    const warnings: string[] = []
    await using session = openFollower(source, ['items'], { warnings })
    await session.describe({ signal: never })
    // InvalidOptions, as servers before 5.0 answer.
    source.server.control.failCommand('find', 72)
    const { splits, followFrom, ...plan } = await session.split(1, { signal: never })
    expect(plan).toEqual({ consistency: 'per-split', overlapsChanges: true })
    expect(warnings.join()).toContain('cannot read as of one instant')
    await items.insertOne({ _id: 2 })
    expect(await rowsOf(session, splits)).toEqual([{ _id: 1 }, { _id: 2 }])
    expect(session.sawOneInstant).toBe(false)
    expect(shownChanges(await changesUntilNow(session, followFrom!))).toEqual([['c', { _id: 2 }]])
  })

  it('have the columns of their batch, though other splits are read at the same time', async () => {
    await using source = await makeFollowedDatabase()
    const wide = source.db.collection('wide')
    const count = 400
    await wide.insertMany(
      Array.from({ length: count }, (_, id) => ({
        _id: id as never,
        ...Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`f${id}_${at}`, at])),
      })),
    )
    await using session = openFollower(source, ['wide'])
    const { splits } = await session.split(4, { signal: never })
    const found: number[] = []
    const readers = splits.map(async (split) => {
      for await (const { schema, rows } of session.read(split, { ...followOptions, maxRows: 7 }))
        for (const row of rows) {
          expect(row).toHaveLength(schema.fields.length)
          const id = Number(row[0])
          found.push(id)
          const names = schema.fields.filter((_, at) => row[at] !== null).map(({ name }) => name)
          expect(names).toHaveLength(31)
          expect(names.every((name) => name === '_id' || name.startsWith(`f${id}_`))).toBe(true)
        }
    })
    await Promise.all(readers)
    expect(found).toHaveLength(count)
  })

  it('may have more fields than columns are kept for', async () => {
    await using source = await makeFollowedDatabase()
    const wide = source.db.collection('wide')
    const fields = (from: number) =>
      Object.fromEntries(Array.from({ length: 1500 }, (_, at) => [`f${from + at}`, at]))
    await wide.insertOne({ _id: 1 as never, ...fields(0) })
    await using session = openFollower(source, ['wide'])
    const from = await begin(session)
    for (const id of [2, 3, 4]) {
      await wide.insertOne({ _id: id as never, ...fields(id * 1500) })
      const batches = await changesUntilNow(session, from)
      expect(shownChanges(batches).at(-1)).toEqual(['c', { _id: id, ...fields(id * 1500) }])
      expect(batches.at(-1)!.schema.fields.length).toBeLessThan(8000)
    }
  })
})

describe('a connection that is lost', () => {
  it.each(['dropConnections', 'stepDown'] as const)(
    'by %s is an error that passes, and changes go on behind the last batch',
    async (fault) => {
      await using source = await startFollowedServer()
      const items = source.db.collection<{ _id: number }>('items')
      await items.insertOne({ _id: 0 })
      await using session = openFollower(source, ['items'])
      let position = await begin(session)
      await items.insertOne({ _id: 1 })
      const found: unknown[] = []
      const following = async () => {
        for await (const batch of session.follow(position, followOptions)) {
          found.push(...batch.rows.map(([id]) => id))
          position = batch.position!
          if (fault === 'stepDown') source.server.control.stepDown(100)
          else source.server.control.dropConnections()
        }
      }
      await expect(following()).rejects.toMatchObject({ isRetryable: true })
      await expect
        .poll(() =>
          items.insertOne({ _id: 2 }).then(
            () => true,
            () => false,
          ),
        )
        .toBe(true)
      const rest = await changesUntilNow(session, position)
      expect([...found, ...rest.flatMap(({ rows }) => rows.map(([id]) => id))]).toEqual([1, 2])
    },
  )
})

describe('check', () => {
  it('says what following takes', async () => {
    const users = [
      { name: 'root', password: 'r', roles: [{ role: 'root', db: 'admin' }] },
      { name: 'reader', password: 'p', roles: [{ role: 'read', db: 'shop' }] },
    ]
    await using source = await startFollowedServer({ users }, { username: 'root', password: 'r' })
    await source.db.createCollection('people')
    await source.client.db('crm').createCollection('notes')
    const fields = { user: 'reader', password: 'p' }
    await using one = openFollower(source, ['people'], { fields })
    expect(await one.check({ signal: never })).toEqual([])
    const parameters = { changes: { beforeImages: true } }
    await using images = openFollower(source, ['people'], { fields, parameters })
    expect(await images.check({ signal: never })).toMatchObject([
      {
        severity: 'error',
        hint: 'Run: use shop, then db.runCommand({collMod: "people", changeStreamPreAndPostImages: {enabled: true}})',
      },
    ])
  })

  it('names collections that are not there', async () => {
    await using source = await makeFollowedDatabase()
    await source.db.createCollection('people')
    await using session = openFollower(source, ['peple', 'others'])
    await expect(session.check({ signal: never })).rejects.toMatchObject({
      code: 'SOURCE_OBJECT_MISSING',
      message: expect.stringContaining('others') as unknown,
      hint: expect.stringContaining('Did you mean people?') as unknown,
    })
  })
})
