import { Timestamp, type ChangeStreamDocument, type Document } from 'mongodb'
import { expect, it, onTestFinished } from 'vitest'
import { serve } from './served.ts'

type Event = ChangeStreamDocument & Document

interface Readable {
  next(): Promise<unknown>
  close(): Promise<void>
}

/** Reads that many events; the stream is closed with the test. */
function reader(stream: Readable) {
  onTestFinished(() => stream.close())
  return async (count: number): Promise<Event[]> => {
    const events: Event[] = []
    while (events.length < count) events.push((await stream.next()) as Event)
    return events
  }
}

/** Opens a stream and waits until it is open. */
async function opened<S extends { tryNext(): Promise<unknown> }>(stream: S): Promise<S> {
  await stream.tryNext()
  return stream
}

const typesOf = (events: readonly Event[]) => events.map(({ operationType }) => operationType)

async function shopWithStream(options: object = {}, pipeline: Document[] = []) {
  const served = await serve()
  const stream = served.collection().watch(pipeline, { maxAwaitTimeMS: 20, ...options })
  await stream.tryNext()
  return { ...served, stream, read: reader(stream), items: served.collection() }
}

it('tells of inserts, updates, replacements and deletions in their order', async () => {
  const { items, read } = await shopWithStream()
  await items.insertMany([{ _id: 1, a: 1 }, { _id: 'x' }])
  await items.updateOne({ _id: 1 }, { $set: { a: 2 } })
  await items.replaceOne({ _id: 'x' }, { b: [1] })
  await items.deleteMany({})
  const events = await read(6)
  expect(typesOf(events)).toEqual(['insert', 'insert', 'update', 'replace', 'delete', 'delete'])
  expect(events[0]).toEqual({
    _id: { _data: expect.stringMatching(/^82[0-9A-F]+$/) },
    operationType: 'insert',
    clusterTime: expect.any(Timestamp),
    wallTime: expect.any(Date),
    fullDocument: { _id: 1, a: 1 },
    ns: { db: 'shop', coll: 'items' },
    documentKey: { _id: 1 },
  })
  expect(events[2]).toMatchObject({
    documentKey: { _id: 1 },
    updateDescription: { updatedFields: { a: 2 }, removedFields: [], truncatedArrays: [] },
  })
  expect(events[2]).not.toHaveProperty('fullDocument')
  expect(events[3]).toMatchObject({ fullDocument: { _id: 'x', b: [1] } })
  expect(events[4]).toMatchObject({ documentKey: { _id: 1 } })
  const tokens = events.map(({ _id: id }) => (id as { _data: string })._data)
  expect(tokens.toSorted()).toEqual(tokens)
  const times = events.map(({ clusterTime }) => clusterTime as Timestamp)
  for (const [index, time] of times.slice(1).entries())
    expect(time.greaterThan(times[index] ?? time)).toBe(true)
})

it('describes updates as MongoDB does', async () => {
  const { items, read } = await shopWithStream()
  const base = { _id: 1, a: { b: 1, c: 2 }, list: [1, 2, 3], gone: 1, n: 5 }
  const describe = async (update: Document | Document[], options: object = {}) => {
    await items.replaceOne({ _id: 1 }, base, { upsert: true })
    await items.updateOne({ _id: 1 }, update, options)
    const [, event] = await read(2)
    return event?.['updateDescription']
  }
  const changed = (updatedFields: Document, removedFields: string[] = []) => ({
    updatedFields,
    removedFields,
    truncatedArrays: [],
  })
  expect(await describe({ $set: { 'a.b': 7, n: 5 } })).toEqual(changed({ 'a.b': 7 }))
  expect(await describe({ $set: { a: { b: 1, c: 3 } } })).toEqual(changed({ a: { b: 1, c: 3 } }))
  expect(await describe({ $set: { 'x.y.z': 1 } })).toEqual(changed({ x: { y: { z: 1 } } }))
  expect(await describe({ $unset: { gone: '', 'a.c': '' } })).toEqual(changed({}, ['gone', 'a.c']))
  expect(await describe({ $push: { list: 4 } })).toEqual(changed({ 'list.3': 4 }))
  expect(await describe({ $pull: { list: 2 } })).toEqual(changed({ list: [1, 3] }))
  expect(await describe({ $inc: { n: 2 }, $min: { 'a.c': 1 } })).toEqual(
    changed({ n: 7, 'a.c': 1 }),
  )
  expect(await describe({ $rename: { gone: 'here' } })).toEqual(changed({ here: 1 }, ['gone']))
  expect(await describe({ $set: { 'list.1': 9 } })).toEqual(changed({ 'list.1': 9 }))
  expect(
    await describe({ $set: { 'list.$[high]': 0 } }, { arrayFilters: [{ high: { $gte: 2 } }] }),
  ).toEqual(changed({ 'list.1': 0, 'list.2': 0 }))
  expect(await describe([{ $set: { list: [1, 8] } }])).toEqual({
    updatedFields: { 'list.1': 8 },
    removedFields: [],
    truncatedArrays: [{ field: 'list', newSize: 2 }],
  })
})

it('says nothing of an update that changes nothing', async () => {
  const { items, read } = await shopWithStream()
  await items.insertOne({ _id: 1, a: 1 })
  expect(await items.updateOne({ _id: 1 }, { $set: { a: 1 } })).toMatchObject({
    matchedCount: 1,
    modifiedCount: 0,
  })
  await items.deleteOne({ _id: 1 })
  expect(typesOf(await read(2))).toEqual(['insert', 'delete'])
})

it('looks documents up, or shows them as they were', async () => {
  const { client, collection } = await serve()
  await client.db('shop').createCollection('items', {
    changeStreamPreAndPostImages: { enabled: true },
  })
  const items = collection()
  const open = async (options: object) => reader(await opened(items.watch([], options)))
  const lookUp = await open({ fullDocument: 'updateLookup' })
  const images = await open({ fullDocument: 'required', fullDocumentBeforeChange: 'required' })
  await items.insertOne({ _id: 1, v: 1 })
  await items.updateOne({ _id: 1 }, { $set: { v: 2 } })
  await items.updateOne({ _id: 1 }, { $set: { v: 3 } })
  await items.deleteOne({ _id: 1 })
  await items.insertOne({ _id: 1, v: 9 })
  const shown = (await images(5)).map((event) => [
    event['fullDocumentBeforeChange'],
    event['fullDocument'],
  ])
  expect(shown).toEqual([
    [undefined, { _id: 1, v: 1 }],
    [
      { _id: 1, v: 1 },
      { _id: 1, v: 2 },
    ],
    [
      { _id: 1, v: 2 },
      { _id: 1, v: 3 },
    ],
    [{ _id: 1, v: 3 }, undefined],
    [undefined, { _id: 1, v: 9 }],
  ])
  expect((await lookUp(5)).map((event) => event['fullDocument']?.v)).toEqual([
    1,
    9,
    9,
    undefined,
    9,
  ])
})

it('has no images of a collection that does not keep them', async () => {
  const { items, read, collection } = await shopWithStream({
    fullDocument: 'whenAvailable',
    fullDocumentBeforeChange: 'whenAvailable',
  })
  const strict = await opened(collection().watch([], { fullDocumentBeforeChange: 'required' }))
  onTestFinished(() => strict.close())
  await items.insertOne({ _id: 1 })
  await items.updateOne({ _id: 1 }, { $set: { v: 2 } })
  const [, event] = await read(2)
  expect(event).toMatchObject({ fullDocument: null, fullDocumentBeforeChange: null })
  await expect(strict.next().then(() => strict.next())).rejects.toMatchObject({ code: 47 })
})

it('goes on after any event, and from any time', async () => {
  const { items, stream, read } = await shopWithStream()
  await items.insertMany(Array.from({ length: 10 }, (_, index) => ({ _id: index })))
  const events = await read(10)
  for (const [index, event] of events.entries()) {
    const rest = events.slice(index + 1)
    const after = reader(items.watch([], { resumeAfter: event._id }))
    expect(await after(rest.length)).toEqual(rest)
    const from = reader(items.watch([], { startAtOperationTime: event.clusterTime as Timestamp }))
    expect(await from(rest.length + 1)).toEqual(events.slice(index))
  }
  await stream.tryNext()
  const token = stream.resumeToken
  await items.insertOne({ _id: 'new' })
  const [next] = await reader(items.watch([], { startAfter: token }))(1)
  expect(next).toMatchObject({ documentKey: { _id: 'new' } })
})

it('moves its token on while other collections change', async () => {
  const { stream, collection } = await shopWithStream()
  const before = (stream.resumeToken as { _data: string })._data
  await collection('others').insertOne({ _id: 1 })
  await stream.tryNext()
  expect((stream.resumeToken as { _data: string })._data > before).toBe(true)
})

it('watches a database or the whole cluster, through stages', async () => {
  const { client, collection } = await serve()
  const database = reader(await opened(client.db('shop').watch()))
  const cluster = reader(
    await opened(
      client.watch([{ $match: { operationType: 'insert', 'fullDocument.n': { $gt: 1 } } }]),
    ),
  )
  const names = reader(await opened(client.watch([{ $project: { ns: 1 } }])))
  await collection('a').insertOne({ _id: 1, n: 1 })
  await client
    .db('other')
    .collection('b')
    .insertOne({ _id: 2 as never, n: 2 })
  await collection('c').insertOne({ _id: 3, n: 3 })
  expect((await database(2)).map((event) => event['ns'].coll)).toEqual(['a', 'c'])
  expect((await cluster(2)).map((event) => event['ns'].coll)).toEqual(['b', 'c'])
  expect(await names(1)).toEqual([{ _id: expect.anything(), ns: { db: 'shop', coll: 'a' } }])
  await expect(
    client
      .watch([{ $project: { _id: 0 } }], { startAtOperationTime: new Timestamp({ t: 1, i: 1 }) })
      .next(),
  ).rejects.toMatchObject({ code: 286 })
})

it('ends when its collection is dropped or renamed, and can begin after that', async () => {
  const { items, read, stream, collection, client } = await shopWithStream()
  await items.insertOne({ _id: 1 })
  await items.drop()
  const events = await read(3)
  expect(typesOf(events)).toEqual(['insert', 'drop', 'invalidate'])
  await expect(stream.next()).rejects.toThrow()
  const token = events[2]?._id
  await expect(items.watch([], { resumeAfter: token }).next()).rejects.toMatchObject({ code: 260 })
  await items.insertOne({ _id: 2 })
  const after = reader(items.watch([], { startAfter: token }))
  expect(await after(1)).toMatchObject([{ documentKey: { _id: 2 } }])
  await client.db('shop').collection('items').rename('moved')
  expect(typesOf(await after(2))).toEqual(['rename', 'invalidate'])
  const database = reader(await opened(client.db('shop').watch()))
  await collection('moved').rename('again')
  await client.db('shop').dropDatabase()
  const told = await database(4)
  expect(typesOf(told)).toEqual(['rename', 'drop', 'dropDatabase', 'invalidate'])
  expect(told[0]).toMatchObject({ ns: { coll: 'moved' }, to: { db: 'shop', coll: 'again' } })
})

it('cuts large events where that is asked for', async () => {
  const { items, server, read, stream } = await shopWithStream({ fullDocument: 'updateLookup' }, [
    { $changeStreamSplitLargeEvent: {} },
  ])
  const plain = await opened(items.watch())
  onTestFinished(() => plain.close())
  server.control.limitEvents(2_000)
  await items.insertOne({ _id: 1 })
  await items.updateOne({ _id: 1 }, { $set: { text: 'x'.repeat(1_500) } })
  await items.deleteOne({ _id: 1 })
  const lookedUpLater = await read(1)
  expect(lookedUpLater[0]).not.toHaveProperty('splitEvent')
  await items.insertOne({ _id: 2, text: 'y'.repeat(1_500) })
  await items.updateOne({ _id: 2 }, { $set: { text: 'z'.repeat(1_600) } })
  const events = await read(5)
  expect(typesOf(events.slice(0, 3))).toEqual(['update', 'delete', 'insert'])
  const fragments = events.slice(3)
  expect(fragments.map(({ splitEvent }) => splitEvent)).toEqual([
    { fragment: 1, of: 2 },
    { fragment: 2, of: 2 },
  ])
  const whole: Document = Object.assign({}, ...fragments)
  expect(whole).toMatchObject({
    operationType: 'update',
    documentKey: { _id: 2 },
    fullDocument: { _id: 2, text: 'z'.repeat(1_600) },
    updateDescription: { updatedFields: { text: 'z'.repeat(1_600) } },
  })
  const options = { fullDocument: 'updateLookup', resumeAfter: fragments[0]?._id } as const
  const rest = items.watch([{ $changeStreamSplitLargeEvent: {} }], options)
  expect((await reader(rest)(1))[0]?.['splitEvent']).toEqual({ fragment: 2, of: 2 })
  await stream.close()
  for (let count = 0; count < 4; count += 1) await plain.next()
  server.control.limitEvents(1_000)
  await items.insertOne({ _id: 3, text: 'z'.repeat(1_500) })
  await plain.next()
  await expect(plain.next()).rejects.toMatchObject({ code: 10334 })
})

it('can no longer go on when its history is lost', async () => {
  const { items, server, stream, read } = await shopWithStream()
  await items.insertOne({ _id: 1 })
  const [event] = await read(1)
  await items.insertOne({ _id: 2 })
  server.control.forgetHistory()
  await expect(items.watch([], { resumeAfter: event?._id }).next()).rejects.toMatchObject({
    code: 286,
    codeName: 'ChangeStreamHistoryLost',
  })
  await expect(stream.next()).rejects.toMatchObject({ code: 286 })
  const fresh = reader(await opened(items.watch()))
  await items.insertOne({ _id: 3 })
  expect(await fresh(1)).toMatchObject([{ documentKey: { _id: 3 } }])
})
