import { Double, Int32, Long } from 'mongodb'
import { expect, it } from 'vitest'
import { serve } from './served.ts'

it('reads a window, and in batches of the size asked for', async () => {
  const { server, collection } = await serve()
  const items = collection()
  await items.insertMany(Array.from({ length: 30 }, (_, index) => ({ _id: index })))
  const ids = async (options: object) =>
    (await items.find({}, options).toArray()).map(({ _id: id }) => id)
  expect(await ids({ skip: 5, limit: 3, sort: { _id: 1 } })).toEqual([5, 6, 7])
  expect(await ids({ skip: 40 })).toEqual([])
  server.control.resetCommandCounts()
  expect(await ids({ batchSize: 10 })).toHaveLength(30)
  expect(server.control.commandCounts()).toEqual({ find: 1, getMore: 2 })
  expect(server.control.openCursors()).toBe(0)
  const cursor = items.find({}, { batchSize: 2 })
  await cursor.next()
  expect(server.control.openCursors()).toBe(1)
  await cursor.close()
  expect(server.control.openCursors()).toBe(0)
})

it('leaves fields out or takes them alone, types and order as they are', async () => {
  const items = (await serve()).collection()
  const document = {
    _id: 1,
    z: new Double(1),
    a: { y: Long.ONE, x: [{ q: 1, r: new Int32(2) }, 5] },
    b: null,
  }
  await items.insertOne(document)
  const project = async (projection: object) =>
    JSON.stringify(await items.findOne({}, { projection, promoteValues: false }))
  expect(await project({ a: 1, z: 1, _id: 0 })).toBe(
    JSON.stringify({ z: new Double(1), a: document.a }),
  )
  expect(await project({ b: 1 })).toBe(JSON.stringify({ _id: new Int32(1), b: null }))
  expect(await project({ 'a.x.r': 1, _id: 0 })).toBe(
    JSON.stringify({ a: { x: [{ r: new Int32(2) }] } }),
  )
  expect(await project({ a: 0 })).toBe(
    JSON.stringify({ _id: new Int32(1), z: new Double(1), b: null }),
  )
  expect(await project({ 'a.x': 0, z: 0, b: 0 })).toBe(
    JSON.stringify({ _id: new Int32(1), a: { y: Long.ONE } }),
  )
  expect(await items.findOne({}, { projection: { sum: { $add: ['$z', 1] }, _id: 0 } })).toEqual({
    sum: 2,
  })
})

it('aggregates', async () => {
  const { collection, client } = await serve()
  const items = collection()
  await items.insertMany([
    { _id: 1, kind: 'a', n: Long.fromString('9007199254740993') },
    { _id: 2, kind: 'b', n: 2 },
    { _id: 3, kind: 'a', n: 3 },
    { _id: 'x', kind: 'b' },
  ])
  const run = (pipeline: object[]) => items.aggregate(pipeline, { promoteLongs: false }).toArray()
  expect(
    await run([
      { $group: { _id: '$kind', sum: { $sum: '$n' }, least: { $min: '$_id' } } },
      { $sort: { _id: 1 } },
    ]),
  ).toEqual([
    { _id: 'a', sum: Long.fromString('9007199254740996'), least: 1 },
    { _id: 'b', sum: 2, least: 2 },
  ])
  expect(await run([{ $group: { _id: { $type: '$_id' }, n: { $sum: 1 } } }])).toEqual([
    { _id: 'int', n: 3 },
    { _id: 'string', n: 1 },
  ])
  expect(await run([{ $match: { n: { $gte: 2 } } }, { $count: 'found' }])).toEqual([{ found: 3 }])
  const sample = await run([{ $sample: { size: 3 } }])
  expect(new Set(sample.map(({ _id: id }) => id)).size).toBe(3)
  expect(await run([{ $sample: { size: 10 } }])).toHaveLength(4)
  expect(await run([{ $match: { _id: { $gt: 1 } } }, { $sort: { _id: -1 } }])).toMatchObject([
    { _id: 3 },
    { _id: 2 },
  ])
  expect(await items.distinct('kind')).toEqual(['a', 'b'])
  expect(await run([{ $collStats: { storageStats: {} } }])).toMatchObject([
    { storageStats: { count: 4 } },
  ])
  await expect(run([{ $nothing: 1 }])).rejects.toMatchObject({ code: 40324 })
  expect(await client.db('shop').command({ collStats: 'items' })).toMatchObject({ count: 4 })
})

it('lists databases, collections and indexes', async () => {
  const { client, collection } = await serve()
  await collection().createIndex({ kind: 1 })
  await client.db('shop').createCollection('imaged', {
    changeStreamPreAndPostImages: { enabled: true },
  })
  const { databases } = await client.db().admin().listDatabases()
  expect(databases.map(({ name }) => name)).toContain('shop')
  const listed = await client.db('shop').listCollections().toArray()
  expect(listed).toMatchObject([
    { name: 'imaged', options: { changeStreamPreAndPostImages: { enabled: true } } },
    { name: 'items', type: 'collection', options: {} },
  ])
  expect(
    await client.db('shop').listCollections({ name: 'items' }, { nameOnly: true }).toArray(),
  ).toEqual([{ name: 'items', type: 'collection' }])
  const indexes = await collection().listIndexes().toArray()
  expect(indexes.map(({ name }) => name)).toEqual(['_id_', 'kind_1'])
  await expect(collection('none').listIndexes().toArray()).rejects.toMatchObject({ code: 26 })
  await collection().rename('renamed')
  expect(await collection('renamed').countDocuments()).toBe(0)
})

it('reads a snapshot while the data change', async () => {
  const { client, server, collection } = await serve()
  const items = collection()
  await items.insertMany([{ _id: 1, v: 'old' }, { _id: 2 }])
  const session = client.startSession({ snapshot: true })
  const read = () => items.find({}, { session, sort: { _id: 1 } }).toArray()
  expect(await read()).toEqual([{ _id: 1, v: 'old' }, { _id: 2 }])
  await items.updateOne({ _id: 1 }, { $set: { v: 'new' } })
  await items.deleteOne({ _id: 2 })
  await items.insertOne({ _id: 0 })
  expect(await read()).toEqual([{ _id: 1, v: 'old' }, { _id: 2 }])
  expect(await items.countDocuments({}, { session })).toBe(2)
  const { operationTime } = await client.db('shop').command({ ping: 1 })
  await items.insertOne({ _id: 5 })
  const then = await client.db('shop').command({
    find: 'items',
    filter: {},
    sort: { _id: 1 },
    readConcern: { level: 'snapshot', atClusterTime: operationTime },
  })
  expect(then['cursor'].firstBatch).toEqual([{ _id: 0 }, { _id: 1, v: 'new' }])
  expect(then['cursor'].atClusterTime).toEqual(operationTime)
  server.control.forgetHistory()
  await expect(read()).rejects.toMatchObject({ code: 239 })
  await session.endSession()
})

it('fills collections', async () => {
  const { client, server, collection } = await serve()
  const stream = collection('many').watch()
  await stream.tryNext()
  const fill = { millraceTest: 1, action: 'fill', database: 'shop', collection: 'many' }
  await client.db('admin').command({ ...fill, count: 1000 })
  server.control.fill({ database: 'shop', collection: 'numbers' }, 500, { idType: 'int' })
  expect(await collection('many').countDocuments()).toBe(1000)
  const one = await collection('numbers').findOne({ _id: 17 })
  expect(Object.keys(one ?? {})).toHaveLength(10)
  expect(one).toMatchObject({ _id: 17, name: 'customer 17' })
  expect(await stream.tryNext()).toBeNull()
  await stream.close()
})
