import { MongoClient, type ChangeStreamDocument, type Document } from 'mongodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startMongoTestServer, type MongoTestServer } from '../src/index.ts'

let server: MongoTestServer
let client: MongoClient

beforeAll(async () => {
  server = await startMongoTestServer()
  client = await new MongoClient(server.url).connect()
})

afterAll(async () => {
  await client.close()
  await server.close()
})

describe('commands of the driver', () => {
  it('inserts, finds in batches, counts and aggregates', async () => {
    const collection = client.db('shop').collection<Document>('items')
    const items = Array.from({ length: 500 }, (_, index) => ({ _id: index, size: index % 7 }))
    expect(await collection.insertMany(items as never)).toMatchObject({ insertedCount: 500 })
    const found = await collection.find({}, { batchSize: 50, sort: { _id: 1 } }).toArray()
    expect(found).toEqual(items)
    expect(await collection.countDocuments({ size: { $gte: 5 } })).toBe(142)
    expect(await collection.estimatedDocumentCount()).toBe(500)
    const buckets = await collection
      .aggregate([{ $bucketAuto: { groupBy: '$_id', buckets: 4 } }])
      .toArray()
    expect(buckets.map(({ count }) => count)).toEqual([125, 125, 125, 125])
    expect(buckets.map(({ _id: { max } }) => max)).toEqual([125, 250, 375, 499])
    const groups = await collection
      .aggregate([
        { $match: { _id: { $lt: 14 } } },
        { $group: { _id: '$size', n: { $sum: 1 }, most: { $max: '$_id' } } },
        { $sort: { _id: -1 } },
        { $limit: 2 },
      ])
      .toArray()
    expect(groups).toEqual([
      { _id: 6, n: 2, most: 13 },
      { _id: 5, n: 2, most: 12 },
    ])
    expect(await collection.aggregate([{ $sample: { size: 20 } }]).toArray()).toHaveLength(20)
  })

  it('counts the documents that were sent, not those that are there', async () => {
    const returned = async () => {
      const { metrics } = await client.db('admin').command({ serverStatus: 1 })
      return Number(metrics.document.returned)
    }
    const collection = client.db('shop').collection<{ _id: number }>('counted')
    await collection.insertMany(Array.from({ length: 30 }, (_, _id) => ({ _id })))
    const before = await returned()
    const cursor = collection.find({}, { batchSize: 10 })
    await cursor.next()
    expect((await returned()) - before).toBe(10)
    await cursor.toArray()
    expect((await returned()) - before).toBe(30)
  })

  it('follows changes, and goes on after a token', async () => {
    const collection = client.db('shop').collection<Document>('orders')
    const stream = collection.watch([], { fullDocument: 'updateLookup' })
    const seen: ChangeStreamDocument[] = []
    const read = async (count: number) => {
      while (seen.length < count) seen.push(await stream.next())
    }
    expect(await stream.tryNext()).toBeNull()
    await collection.insertOne({ _id: 1 as never, total: 5, lines: [1] })
    await collection.updateOne(
      { _id: 1 as never },
      { $set: { total: 6 }, $push: { lines: 2 } as never },
    )
    await collection.deleteOne({ _id: 1 as never })
    await read(3)
    expect(seen.map(({ operationType }) => operationType)).toEqual(['insert', 'update', 'delete'])
    expect(seen[1]).toMatchObject({
      fullDocument: null,
      updateDescription: { updatedFields: { total: 6, 'lines.1': 2 }, removedFields: [] },
    })
    await stream.close()
    const again = collection.watch([], { resumeAfter: seen[0]?._id })
    expect(await again.next()).toMatchObject({ operationType: 'update' })
    await again.close()
    const from = seen[1]?.clusterTime
    const timed = collection.watch([], { startAtOperationTime: from as never })
    expect(await timed.next()).toEqual({ ...seen[1], fullDocument: undefined })
    await timed.close()
  })
})
