import { BSON, Decimal128, type Document } from 'mongodb'
import type { RecordBatch } from '@millrace/core/record'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { maxColumns } from '../src/types/document-columns.ts'
import {
  changesBetween,
  changesUntilNow,
  followOptions,
  never,
  openFollower,
  rowsOf,
  shownChanges,
  shownRow,
  startFollowedServer,
  type FollowedServer,
} from './followed-source.ts'
import { batchesOf, openReader } from './test-source.ts'

let source: FollowedServer

beforeAll(async () => {
  source = await startFollowedServer()
})

afterAll(async () => {
  await source[Symbol.asyncDispose]()
})

/** What the session sees, and where the changes behind that begin. */
async function snapshotOf(session: ReturnType<typeof openFollower>) {
  const { splits, followFrom } = await session.split(1, { signal: never })
  const batches: RecordBatch[] = []
  for (const split of splits)
    for await (const batch of session.read(split, { ...followOptions, positions: true }))
      batches.push(batch)
  return { batches, from: followFrom! }
}

/** A reader of a job with these columns. */
async function openJob(collectionName: string, column: readonly unknown[]) {
  const hosts = [{ host: '127.0.0.1', port: source.server.port }]
  const properties = { replicaSet: 'rs0' }
  const dataSource = { name: 'test', type: 'mongodb', hosts, database: 'shop', properties }
  return await openReader({ collectionName, column }, dataSource)
}

async function jobRows(collectionName: string, column: readonly unknown[]) {
  await using session = await openJob(collectionName, column)
  const { splits } = await session.split(1, { signal: never })
  const batches = await batchesOf(session, splits[0]!, { positions: true, maxBytes: 64 << 20 })
  return batches.flatMap(({ rows }) => rows)
}

/** Documents whose names are all their own. */
function strangers(count: number, names: number): Document[] {
  return Array.from({ length: count }, (_, _id) => ({
    _id,
    ...Object.fromEntries(Array.from({ length: names }, (__, at) => [`f${_id}_${at}`, at])),
  }))
}

describe('documents with many names', () => {
  it('take no more columns than there is room for, and keep every field', async () => {
    const people = source.db.collection('strangers')
    const documents = strangers(1000, 100)
    await people.insertMany(documents as never)
    await using session = openFollower(source, ['strangers'])
    const { batches, from } = await snapshotOf(session)
    const rows = batches.flatMap((batch) => batch.rows.map((row) => shownRow(batch.schema, row)))
    expect(rows).toEqual(documents)
    const widths = batches.map(({ schema }) => schema.fields.length)
    expect(Math.max(...widths)).toBeLessThan(maxColumns + 101)
    await people.updateMany({}, { $set: { seen: true } })
    const changes = await changesUntilNow(session, from)
    const changed = changes.flatMap((batch) => batch.rows.map((row) => shownRow(batch.schema, row)))
    expect(changed).toEqual(documents.map((document) => ({ ...document, seen: true })))
    const changedWidths = changes.map(({ schema }) => schema.fields.length)
    expect(Math.max(...changedWidths)).toBeLessThan(maxColumns + 102)
    // The same place is reached behind each batch.
    const middle = changes[Math.floor(changes.length / 2)]!
    const rest = await changesUntilNow(session, middle.position!)
    expect(shownChanges(rest).at(-1)).toEqual(shownChanges(changes).at(-1))
  })

  it('may have 10,000 fields each', async () => {
    const wide = source.db.collection('wide')
    const document = strangers(1, 10_000)[0]!
    await wide.insertOne(document as never)
    await using session = openFollower(source, ['wide'])
    const {
      batches: [first, second],
      from,
    } = await snapshotOf(session)
    await wide.insertOne({ _id: 1 as never, small: true })
    await wide.insertOne({ ...document, _id: 2 as never })
    expect(shownRow(first!.schema, first!.rows[0]!)).toEqual(document)
    expect(second).toBeUndefined()
    expect(shownChanges(await changesUntilNow(session, from))).toEqual([
      ['c', { _id: 1, small: true }],
      ['c', { ...document, _id: 2 }],
    ])
    const columns = ['_id', 'f0_0', 'f0_9999', { name: 'all', type: 'combine' }]
    const [[id, start, end, all] = []] = await jobRows('wide', columns)
    expect([id, start, end]).toEqual(['0', '0', '9999'])
    expect(Object.keys(JSON.parse(String(all)) as object)).toHaveLength(9998)
  })

  it('have names in any script, and ones that look like paths and operators', async () => {
    const named = source.db.collection('named')
    const fields = { $price: 1, 'a.b': 2, a: { b: 3 }, '': 4, имя: 5, 名前: 6, '🙂': 7 }
    await named.insertOne({ _id: 1 as never, ...fields })
    await using session = openFollower(source, [{ table: 'named', excludeColumns: ['名前'] }])
    const { 名前: _, ...kept } = { ...fields, a: { json: '{"b":3}' } }
    const { splits, followFrom: from } = await session.split(1, { signal: never })
    expect(await rowsOf(session, splits)).toEqual([{ _id: 1, ...kept }])
    await named.insertOne({ _id: 2 as never, ...fields })
    await named.deleteOne({ _id: 1 as never })
    expect(shownChanges(await changesUntilNow(session, from!))).toEqual([
      ['c', { _id: 2, ...kept }],
      ['d', { _id: 1 }],
    ])
    const columns = ['$price', 'a.b', 'имя', '名前', '🙂']
    expect(await jobRows('named', columns)).toEqual([['1', '2', '5', '6', '7']])
  })
})

describe('documents near the limits of the server', () => {
  const large = 'x'.repeat(15_900_000)

  it('arrive whole, and their changes that are larger than a message', async () => {
    await source.db.createCollection('large', { changeStreamPreAndPostImages: { enabled: true } })
    const collection = source.db.collection<{ _id: number; text: string }>('large')
    await collection.insertMany([1, 2, 3].map((_id) => ({ _id, text: large })))
    await using session = openFollower(source, ['large'])
    const { batches: read, from } = await snapshotOf(session)
    const rows = read.flatMap((batch) => batch.rows.map((row) => shownRow(batch.schema, row)))
    expect(rows.map(({ _id, text }) => [_id, text === large])).toEqual([
      [1, true],
      [2, true],
      [3, true],
    ])
    // Before and after together are 32 MB.
    const other = 'y'.repeat(15_900_000)
    await collection.updateOne({ _id: 1 }, { $set: { text: other } })
    await collection.deleteOne({ _id: 2 })
    await collection.updateOne({ _id: 3 }, { $set: { text: 'small' } })
    const until = await session.currentPosition({ signal: never })
    const batches = await changesBetween(session, from, { until })
    const changes = shownChanges(batches) as [string, { text?: string }, { text?: string }?][]
    expect(changes.map(([operation]) => operation)).toEqual(['u', 'd', 'u'])
    expect(changes[0]![1].text === other && changes[0]![2]?.text === large).toBe(true)
    expect(changes[2]![1].text).toBe('small')
    // Behind the event that was cut: none of its fragments comes again.
    const rest = await changesBetween(session, batches[0]!.position!, { until })
    expect(shownChanges(rest).map((change) => (change as [string])[0])).toEqual(
      changes.slice(batches[0]!.rows.length).map(([operation]) => operation),
    )
    const [row] = await jobRows('large', ['text', { name: 'rest', type: 'combine' }])
    expect([row?.[0] === other, row?.[1]]).toEqual([true, '{"_id":1}'])
  })

  it('may be 180 levels deep', async () => {
    const levels = 180
    const nested = (depth: number): Document =>
      depth === 0
        ? { end: Decimal128.fromString('1.0') }
        : { a: depth % 2 ? nested(depth - 1) : [nested(depth - 1)] }
    const deep = source.db.collection('deep')
    await deep.insertOne({ _id: 1 as never, top: nested(levels / 1.5) })
    await using session = openFollower(source, ['deep'])
    const [batch] = (await snapshotOf(session)).batches
    const top = Buffer.from(batch!.rows[0]![1] as Uint8Array).toString()
    expect(top.match(/"a":/g)).toHaveLength(levels / 1.5)
    expect(top).toContain('{"end":"1.0"}')
    const [[json] = []] = await jobRows('deep', [{ name: 'top', type: 'json' }])
    expect(String(json)).toContain('{"end":{"$numberDecimal":"1.0"}}')
  })
})

describe('strings that are not UTF-8', () => {
  it('keep their bytes', async () => {
    const bytes = Buffer.from(BSON.serialize({ _id: 1, text: 'caf?', inner: { text: 'caf?' } }))
    for (let at = bytes.indexOf('?'); at >= 0; at = bytes.indexOf('?')) bytes[at] = 0xff
    source.server.control.putBytes({ database: 'shop', collection: 'broken' }, bytes)
    const wanted = Buffer.from('caf\xff', 'latin1')
    await using session = openFollower(source, ['broken'])
    const {
      batches: [batch],
      from,
    } = await snapshotOf(session)
    expect(batch!.rows[0]![1]).toEqual(wanted)
    expect(Buffer.from(batch!.rows[0]![2] as Uint8Array).toString('latin1')).toBe(
      '{"text":"caf\xff"}',
    )
    await source.db.collection('broken').updateOne({ _id: 1 as never }, { $set: { n: 1 } })
    source.server.control.putBytes({ database: 'shop', collection: 'broken' }, bytes)
    const changes = await changesUntilNow(session, from)
    expect(changes.at(-1)!.rows.at(-1)![1]).toEqual(wanted)
    // U+FFFD that stands in the document is text like any other.
    await source.db.collection('broken').insertOne({ _id: 2 as never, text: '\uFFFD' })
    const [row] = await jobRows('broken', ['text'])
    expect(row![0]).toEqual(new Uint8Array(wanted))
    const [, other] = (await snapshotOf(session)).batches.flatMap(({ rows }) => rows)
    expect(other![1]).toBe('\uFFFD')
  })
})

describe('collections', () => {
  it('are named, and no views: their changes would never come', async () => {
    await source.db.collection('base').insertOne({ _id: 1 as never })
    await source.db.createCollection('seen', { viewOn: 'base', pipeline: [] })
    await using session = openFollower(source, ['base', 'seen'])
    await expect(session.describe({ signal: never })).rejects.toMatchObject({
      code: 'SOURCE_OBJECT_MISSING',
      message: expect.stringContaining('shop.seen is a view') as unknown,
    })
  })

  it('are read from the primary, also where the data source prefers members that are not there', async () => {
    await source.db.collection('primary').insertOne({ _id: 1 as never })
    const properties = {
      replicaSet: 'rs0',
      readPreference: 'secondary',
      readPreferenceTags: 'dc:east',
      connectTimeout: '3000',
    }
    await using session = openFollower(source, ['primary'], { fields: { properties } })
    expect(await session.check({ signal: never })).toEqual([])
    const { splits, followFrom } = await session.split(1, { signal: never })
    expect(await rowsOf(session, splits)).toEqual([{ _id: 1 }])
    await source.db.collection('primary').insertOne({ _id: 2 as never })
    const changes = await changesUntilNow(session, followFrom!)
    expect(shownChanges(changes)).toEqual([['c', { _id: 2 }]])
  })

  it('may have dots in their names, and differ in case alone', async () => {
    for (const [at, name] of ['orders', 'Orders', 'orders.old', 'заказы'].entries())
      await source.db.collection(name).insertOne({ _id: at as never })
    await using session = openFollower(source, ['Orders', 'orders.old', 'заказы', 'orders'])
    const { splits, followFrom } = await session.split(1, { signal: never })
    expect(splits.map(({ table }) => table)).toEqual([
      'shop.Orders',
      'shop.orders.old',
      'shop.заказы',
      'shop.orders',
    ])
    expect(await rowsOf(session, splits)).toEqual([{ _id: 1 }, { _id: 2 }, { _id: 3 }, { _id: 0 }])
    await source.db.collection('Orders').insertOne({ _id: 10 as never })
    await source.db.collection('orders.old').insertOne({ _id: 20 as never })
    const changes = await changesUntilNow(session, followFrom!)
    expect(changes.map(({ schema, rows }) => [schema.table, rows])).toEqual([
      ['Orders', [[10]]],
      ['orders.old', [[20]]],
    ])
  })
})
