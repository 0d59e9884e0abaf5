import { Binary, Decimal128, Double, Long, MinKey, ObjectId, Timestamp, UUID } from 'mongodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  begin,
  changesBetween,
  changesUntilNow,
  makeFollowedDatabase,
  never,
  openFollower,
  rowsOf,
  shownChanges,
  startFollowedServer,
  type FollowedDatabase,
} from './followed-source.ts'

let source: FollowedDatabase

beforeAll(async () => {
  source = await makeFollowedDatabase()
})

afterAll(async () => {
  await source[Symbol.asyncDispose]()
})

const everyType = {
  text: 'é 名',
  int: 7,
  long: Long.fromString('9007199254740993'),
  small: Long.fromNumber(5),
  double: 1.5,
  whole: new Double(3),
  negativeZero: new Double(-0),
  nan: Number.NaN,
  infinity: Number.POSITIVE_INFINITY,
  decimal: Decimal128.fromString('1.50'),
  yes: true,
  nothing: null,
  at: new Date('1969-12-31T23:59:59.123Z'),
  day: new Date('2026-01-02T00:00:00Z'),
  id: new ObjectId('65a1b2c3d4e5f60718293a4b'),
  uuid: new UUID('00112233-4455-6677-8899-aabbccddeeff'),
  bytes: new Binary(Buffer.from([0xfb, 0xff])),
  time: new Timestamp({ t: 1, i: 2 }),
  pattern: /^a/i,
  least: new MinKey(),
  nested: {
    a: [1, { b: Decimal128.fromString('2.0') }],
    c: new ObjectId('65a1b2c3d4e5f60718293a4b'),
  },
  list: [Long.fromString('9007199254740993'), null, 'x'],
}

const everyCell = {
  text: 'é 名',
  int: 7,
  long: { json: '9007199254740993' },
  small: 5,
  double: 1.5,
  whole: 3,
  negativeZero: { json: '-0' },
  nan: Number.NaN,
  infinity: Number.POSITIVE_INFINITY,
  decimal: '1.50',
  yes: true,
  nothing: { json: 'null' },
  at: '1969-12-31T23:59:59.123Z',
  day: '2026-01-02T00:00:00Z',
  id: '65a1b2c3d4e5f60718293a4b',
  uuid: '00112233-4455-6677-8899-aabbccddeeff',
  bytes: '+/8=',
  time: { json: '{"$timestamp":{"t":1,"i":2}}' },
  pattern: { json: '{"$regularExpression":{"pattern":"^a","options":"i"}}' },
  least: { json: '{"$minKey":1}' },
  nested: { json: '{"a":[1,{"b":"2.0"}],"c":"65a1b2c3d4e5f60718293a4b"}' },
  list: { json: '[9007199254740993,null,"x"]' },
}

describe('documents', () => {
  it('are the same in the snapshot and as changes, whatever their types', async () => {
    const types = source.db.collection<{ _id: number }>('types')
    await types.insertOne({ _id: 1, ...everyType })
    await using session = openFollower(source, ['types'])
    const { splits, followFrom, consistency } = await session.split(1, { signal: never })
    expect(consistency).toBe('one-snapshot')
    await types.insertOne({ _id: 2, ...everyType })
    await types.replaceOne({ _id: 1 }, { other: 1 } as never)
    await types.replaceOne({ _id: 1 }, everyType)
    expect(await rowsOf(session, splits)).toEqual([{ _id: 1, ...everyCell }])
    const batches = await changesUntilNow(session, followFrom!)
    expect(shownChanges(batches)).toEqual([
      ['c', { _id: 2, ...everyCell }],
      ['u', { _id: 1, other: 1 }],
      ['u', { _id: 1, ...everyCell }],
    ])
  })
})

describe('changes', () => {
  it('come as inserts, updates, replacements and deletes', async () => {
    const people = source.db.collection<{ _id: string }>('people')
    await people.insertOne({ _id: 'ada', name: 'Ada', city: 'London' } as never)
    await using session = openFollower(source, ['people'])
    const from = await begin(session)
    await people.insertOne({ _id: 'bob', name: 'Bob', tags: ['x'] } as never)
    await people.updateOne(
      { _id: 'bob' },
      { $set: { age: 7 } as never, $unset: { tags: 1 } as never },
    )
    await people.replaceOne({ _id: 'ada' }, { name: 'Ada L.' } as never)
    await people.deleteOne({ _id: 'bob' })
    const batches = await changesUntilNow(session, from)
    expect(shownChanges(batches)).toEqual([
      ['c', { _id: 'bob', name: 'Bob', tags: { json: '["x"]' } }],
      // The document was gone when the server looked for it.
      ['u', { _id: 'bob', age: 7 }],
      ['u', { _id: 'ada', name: 'Ada L.' }],
      ['d', { _id: 'bob' }],
    ])
    expect(batches.map(({ schema }) => schema.documents)).toContain('replacement')
    const position = batches.at(-1)!.position!
    expect(await changesUntilNow(session, position)).toEqual([])
  })

  it('go on behind every batch, inside of a transaction, too', async () => {
    const items = source.db.collection<{ _id: number }>('items')
    await items.insertOne({ _id: 0 })
    await using session = openFollower(source, ['items'])
    const from = await begin(session)
    await source.client.withSession(
      async (writing) =>
        await writing.withTransaction(async () => {
          for (let id = 1; id <= 7; id += 1)
            await items.insertOne({ _id: id }, { session: writing })
        }),
    )
    await items.insertOne({ _id: 8 })
    const until = await session.currentPosition({ signal: never })
    const all = await changesBetween(session, from, { until, maxRows: 2 })
    const ids = (batches: typeof all) => batches.flatMap(({ rows }) => rows.map(([id]) => id))
    expect(ids(all)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    const numbers = all.flatMap(({ changes }) => changes!.transactions)
    expect(new Set(numbers.slice(0, 7)).size).toBe(1)
    expect(numbers[7]).toBeGreaterThan(numbers[6]!)
    for (const [at, { position }] of all.entries()) {
      const rest = await changesBetween(session, position!, { until, maxRows: 2 })
      expect(ids(rest)).toEqual(ids(all.slice(at + 1)))
    }
  })

  it('tell what documents were, where the server keeps it', async () => {
    await source.db.createCollection('seats', { changeStreamPreAndPostImages: { enabled: true } })
    const seats = source.db.collection<{ _id: number; seat?: string }>('seats')
    await seats.insertOne({ _id: 1, seat: 'a' })
    await using session = openFollower(source, ['seats'])
    const [schema] = await session.describe({ signal: never })
    expect(schema).not.toHaveProperty('identity')
    const from = await begin(session)
    await seats.updateOne({ _id: 1 }, { $set: { seat: 'b' } })
    await seats.deleteOne({ _id: 1 })
    expect(shownChanges(await changesUntilNow(session, from))).toEqual([
      ['u', { _id: 1, seat: 'b' }, { _id: 1, seat: 'a' }],
      ['d', { _id: 1, seat: 'b' }],
    ])
  })

  it('leave out fields, and other collections', async () => {
    const [people, others] = [source.db.collection('secrets'), source.db.collection('others')]
    await people.insertOne({ _id: 1 as never, name: 'a', ssn: 1 })
    await using session = openFollower(source, [{ table: 'secrets', excludeColumns: ['ssn'] }])
    const { splits, followFrom } = await session.split(1, { signal: never })
    expect(await rowsOf(session, splits)).toEqual([{ _id: 1, name: 'a' }])
    await others.insertOne({ _id: 1 as never })
    await people.insertOne({ _id: 2 as never, name: 'b', ssn: 2 })
    expect(shownChanges(await changesUntilNow(session, followFrom!))).toEqual([
      ['c', { _id: 2, name: 'b' }],
    ])
  })

  it('of a collection that is dropped or renamed empty it, and go on', async () => {
    const warnings: string[] = []
    for (const name of ['gone', 'moved', 'kept']) await source.db.createCollection(name)
    await using session = openFollower(source, ['gone', 'moved', 'kept'], { warnings })
    const from = await begin(session)
    await source.db.collection('gone').drop()
    await source.db.collection('moved').rename('elsewhere')
    await source.db.collection('gone').insertOne({ _id: 1 as never })
    expect(shownChanges(await changesUntilNow(session, from))).toEqual([
      ['t', 'gone'],
      ['t', 'moved'],
      ['c', { _id: 1 }],
    ])
    expect(warnings.join()).toMatch(/\.gone was dropped.*\.moved was renamed/)
  })

  it('of a single collection that is dropped go on behind the end of its stream', async () => {
    await source.db.createCollection('single')
    await using session = openFollower(source, ['single'])
    const from = await begin(session)
    await source.db.collection('single').drop()
    await source.db.collection('single').insertOne({ _id: 1 as never })
    expect(shownChanges(await changesUntilNow(session, from))).toEqual([
      ['t', 'single'],
      ['c', { _id: 1 }],
    ])
  })

  it('end with a lost position where a collection is replaced as a whole', async () => {
    for (const name of ['target', 'source']) await source.db.createCollection(name)
    await using session = openFollower(source, ['target'])
    const from = await begin(session)
    await source.db.collection('source').rename('target', { dropTarget: true })
    await expect(changesUntilNow(session, from)).rejects.toMatchObject({ code: 'POSITION_LOST' })
  })

  it('that are too large for a message are put together', async () => {
    await using own = await startFollowedServer()
    await own.db.createCollection('large', { changeStreamPreAndPostImages: { enabled: true } })
    const large = own.db.collection<{ _id: number; text?: string }>('large')
    await large.insertOne({ _id: 1, text: 'a'.repeat(3000) })
    await using session = openFollower(own, ['large'])
    const from = await begin(session)
    own.server.control.limitEvents(4000)
    await large.updateOne({ _id: 1 }, { $set: { text: 'b'.repeat(3000) } })
    await large.insertOne({ _id: 2 })
    const batches = await changesUntilNow(session, from)
    expect(shownChanges(batches)).toEqual([
      ['u', { _id: 1, text: 'b'.repeat(3000) }, { _id: 1, text: 'a'.repeat(3000) }],
      ['c', { _id: 2 }],
    ])
  })

  it('end with a lost position where the oplog no longer has them', async () => {
    await using own = await startFollowedServer()
    await own.db.collection('items').insertOne({ _id: 1 as never })
    await using session = openFollower(own, ['items'])
    const from = await begin(session)
    await own.db.collection('items').insertOne({ _id: 2 as never })
    const [batch] = await changesUntilNow(session, from)
    own.server.control.forgetHistory()
    await own.db.collection('items').insertOne({ _id: 3 as never })
    for (const position of [from, batch!.position!])
      await expect(changesUntilNow(session, position)).rejects.toMatchObject({
        code: 'POSITION_LOST',
        hint: expect.stringContaining('--restart') as unknown,
      })
  })

  it('come in batches without rows while nothing happens in their collections', async () => {
    await using own = await startFollowedServer()
    await own.db.createCollection('quiet')
    await using session = openFollower(own, ['quiet'])
    const from = await begin(session)
    await own.db.collection('busy').insertOne({ _id: 1 as never })
    const batches = await changesUntilNow(session, from)
    expect(batches.map(({ rows }) => rows.length)).toEqual([0])
    expect(batches[0]!.position).not.toEqual(from)
    expect(await changesUntilNow(session, batches[0]!.position!)).toEqual([])
  })
})
