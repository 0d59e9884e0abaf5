import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { serve } from './served.ts'

it('shows the changes of a transaction to nobody else until it is committed', async () => {
  const { client, collection } = await serve()
  const items = collection()
  await items.insertOne({ _id: 1, v: 1 })
  const stream = client.watch()
  await stream.tryNext()
  const session = client.startSession()
  session.startTransaction()
  await items.updateOne({ _id: 1 }, { $inc: { v: 1 } }, { session })
  await items.insertOne({ _id: 2 }, { session })
  await collection('other').insertOne({ _id: 3 }, { session })
  expect(await items.find({}, { session, sort: { _id: 1 } }).toArray()).toEqual([
    { _id: 1, v: 2 },
    { _id: 2 },
  ])
  expect(await items.find().toArray()).toEqual([{ _id: 1, v: 1 }])
  expect(await stream.tryNext()).toBeNull()
  await session.commitTransaction()
  expect(await items.countDocuments()).toBe(2)
  const events = [await stream.next(), await stream.next(), await stream.next()]
  expect(events.map((event) => [event.operationType, 'ns' in event && event.ns])).toEqual([
    ['update', { db: 'shop', coll: 'items' }],
    ['insert', { db: 'shop', coll: 'items' }],
    ['insert', { db: 'shop', coll: 'other' }],
  ])
  for (const event of events) {
    expect(event.clusterTime).toEqual(events[0]?.clusterTime)
    expect(event.lsid).toMatchObject({ id: session.id?.id })
    expect(Number(event.txnNumber)).toBe(1)
  }
  const rest = client.watch([], { resumeAfter: events[0]?._id })
  expect([await rest.next(), await rest.next()]).toEqual(events.slice(1))
  await rest.close()
  await stream.close()
  await session.endSession()
})

it('forgets what was aborted', async () => {
  const { client, collection } = await serve()
  const session = client.startSession()
  session.startTransaction()
  await collection().insertOne({ _id: 1 }, { session })
  await session.abortTransaction()
  expect(await collection().countDocuments()).toBe(0)
  await session.endSession()
})

it('reads as of its beginning, and may not change what others have changed since', async () => {
  const { client, collection } = await serve()
  const items = collection()
  await items.insertMany([{ _id: 1, v: 1 }, { _id: 2 }])
  const session = client.startSession()
  session.startTransaction()
  expect(await items.findOne({ _id: 1 }, { session })).toEqual({ _id: 1, v: 1 })
  await items.updateOne({ _id: 1 }, { $set: { v: 5 } })
  expect(await items.findOne({ _id: 1 }, { session })).toEqual({ _id: 1, v: 1 })
  await expect(items.updateOne({ _id: 1 }, { $set: { v: 6 } }, { session })).rejects.toMatchObject({
    code: 112,
    errorLabels: ['TransientTransactionError'],
  })
  await session.abortTransaction()
  await session.endSession()
})

it('is given up by the server when one of its commands fails', async () => {
  const { client, collection } = await serve()
  const items = collection()
  await items.insertOne({ _id: 1, v: 1 })
  const session = client.startSession()
  for (const fails of [
    // Somebody else has changed it since the transaction began.
    async () => {
      await items.findOne({ _id: 1 }, { session })
      await items.updateOne({ _id: 1 }, { $inc: { v: 10 } })
      await items.insertOne({ _id: 'lost' }, { session })
      await items.updateOne({ _id: 1 }, { $inc: { v: 1 } }, { session })
    },
    async () => {
      await items.insertOne({ _id: 'lost' }, { session })
      await items.insertOne({ _id: 1 }, { session })
    },
  ]) {
    session.startTransaction()
    await expect(fails()).rejects.toThrow(/conflict|duplicate key/)
    const gone = { code: 251, errorLabels: ['TransientTransactionError'] }
    await expect(items.findOne({ _id: 1 }, { session })).rejects.toMatchObject(gone)
    await expect(session.commitTransaction()).rejects.toMatchObject(gone)
    await session.abortTransaction().catch(() => undefined)
    expect(await items.find().toArray()).toEqual([{ _id: 1, v: 11 }])
    // Its locks are free.
    await items.insertOne({ _id: 'lost' })
    await items.deleteOne({ _id: 'lost' })
  }
  await session.endSession()
})

it('runs all of a transaction again for a program that takes the conflict for done', async () => {
  const { client, collection } = await serve()
  const items = collection()
  await items.insertMany([
    { _id: 1, v: 0 },
    { _id: 2, v: 0 },
  ])
  let runs = 0
  await client.withSession((session) =>
    session.withTransaction(async () => {
      runs += 1
      await items.updateOne({ _id: 2 }, { $inc: { v: 1 } }, { session })
      if (runs === 1) await items.updateOne({ _id: 1 }, { $inc: { v: 100 } })
      await items.updateOne({ _id: 1 }, { $inc: { v: 1 } }, { session }).catch(() => undefined)
    }),
  )
  expect(runs).toBe(2)
  expect(await items.find({}, { sort: { _id: 1 } }).toArray()).toEqual([
    { _id: 1, v: 101 },
    { _id: 2, v: 1 },
  ])
})

it('has other writers wait for it', async () => {
  const { client, collection } = await serve()
  const items = collection()
  await items.insertOne({ _id: 1, v: 1 })
  await client.withSession(async (session) => {
    session.startTransaction()
    await items.updateOne({ _id: 1 }, { $inc: { v: 10 } }, { session })
    const other = items.updateOne({ _id: 1 }, { $inc: { v: 100 } })
    await sleep(30)
    expect(await items.findOne({ _id: 1 })).toEqual({ _id: 1, v: 1 })
    await session.commitTransaction()
    await other
  })
  expect(await items.findOne({ _id: 1 })).toEqual({ _id: 1, v: 111 })
})

it('runs transactions of the driver again after a conflict', async () => {
  const { client, collection } = await serve()
  const items = collection()
  await items.insertOne({ _id: 1, v: 0 })
  const add = () =>
    client.withSession((session) =>
      session.withTransaction(async () => {
        const found = await items.findOne({ _id: 1 }, { session })
        await items.updateOne({ _id: 1 }, { $set: { v: Number(found?.['v']) + 1 } }, { session })
      }),
    )
  await Promise.all([add(), add(), add(), add()])
  expect(await items.findOne({ _id: 1 })).toEqual({ _id: 1, v: 4 })
})
