import { setTimeout as sleep } from 'node:timers/promises'
import { ReadPreference } from 'mongodb'
import { expect, it, onTestFinished, vi } from 'vitest'
import { serve, type Served } from './served.ts'

const ids = Array.from({ length: 300 }, (_, index) => ({ _id: index }))

it('drops connections: the driver connects again', async () => {
  const { server, client, collection } = await serve()
  await collection().insertMany(ids)
  server.control.dropConnections()
  expect(await collection().countDocuments()).toBe(300)
  const cursor = collection().find({}, { batchSize: 100 })
  await cursor.next()
  await client.db('admin').command({ millraceTest: 1, action: 'dropConnections' })
  await sleep(20)
  await expect(cursor.toArray()).resolves.toHaveLength(299)
})

it('cuts a reply in its middle: a write that came through is not repeated', async () => {
  const { server, collection } = await serve()
  await collection().insertOne({ _id: 1, n: 0 })
  server.control.dropNextReply()
  server.control.resetCommandCounts()
  expect(await collection().updateOne({ _id: 1 }, { $inc: { n: 1 } })).toMatchObject({
    modifiedCount: 1,
  })
  expect(server.control.commandCounts()).toMatchObject({ update: 2 })
  expect(await collection().findOne()).toEqual({ _id: 1, n: 1 })
})

it('cuts the reply to getMore: a change stream goes on without a gap', async () => {
  const { server, collection } = await serve()
  const stream = collection().watch([], { batchSize: 10 })
  onTestFinished(() => stream.close())
  await stream.tryNext()
  await collection().insertMany(ids)
  const seen: unknown[] = []
  while (seen.length < ids.length) {
    if (seen.length % 70 === 10) server.control.dropNextReply()
    const event = await stream.next()
    seen.push('documentKey' in event ? event.documentKey : undefined)
  }
  expect(seen).toEqual(ids)
})

it('steps down: writes wait for the primary, streams and sessions go on', async () => {
  const { server, collection } = await serve()
  const stream = collection().watch()
  onTestFinished(() => stream.close())
  await stream.tryNext()
  server.control.stepDown(300)
  // The driver itself does not repeat a write when it hears of the lost primary before the lost connection.
  await vi.waitFor(() => collection().updateOne({ _id: 1 }, { $set: { v: 1 } }, { upsert: true }), {
    timeout: 20_000,
  })
  expect(await stream.next()).toMatchObject({ documentKey: { _id: 1 } })
  server.control.stepDown(300, { closeConnections: false })
  await expect(
    collection()
      .insertOne({ _id: 2 })
      .then(() => collection().countDocuments()),
  ).resolves.toBe(2)
  expect(await stream.next()).toMatchObject({ documentKey: { _id: 2 } })
})

it('says NotWritablePrimary while there is no primary', async () => {
  const { server, collection, client } = await serve({}, { retryWrites: false })
  await collection().insertOne({ _id: 1 })
  const session = client.startSession()
  session.startTransaction()
  await collection().insertOne({ _id: 2 }, { session })
  server.control.stepDown(200, { closeConnections: false })
  await expect(collection().insertOne({ _id: 3 })).rejects.toMatchObject({ code: 10107 })
  await expect(collection().insertOne({ _id: 4 }, { session })).rejects.toMatchObject({
    errorLabels: ['TransientTransactionError'],
  })
  await session.endSession()
  expect(await collection().countDocuments()).toBe(1)
})

it('fails commands as told, by the control and by the fail point', async () => {
  const { server, client, collection } = await serve({}, { retryReads: false })
  await collection().insertMany(ids)
  server.control.failCommand('find', 'CursorNotFound', { times: 2, labels: ['Odd'] })
  for (let count = 0; count < 2; count += 1)
    await expect(collection().findOne()).rejects.toMatchObject({ code: 43, errorLabels: ['Odd'] })
  expect(await collection().findOne()).toBeTruthy()
  await client.db('admin').command({
    configureFailPoint: 'failCommand',
    mode: { times: 1 },
    data: { failCommands: ['getMore'], errorCode: 43 },
  })
  await expect(collection().find({}, { batchSize: 5 }).toArray()).rejects.toMatchObject({
    code: 43,
    codeName: 'CursorNotFound',
  })
  server.control.configureFailPoint({ times: 1 }, { failCommands: ['find'], closeConnection: true })
  await expect(collection().findOne()).rejects.toThrow()
  expect(await collection().findOne()).toBeTruthy()
})

it('resumes a change stream whose cursor is gone', async () => {
  const { server, collection } = await serve()
  const stream = collection().watch([], { maxAwaitTimeMS: 20 })
  onTestFinished(() => stream.close())
  await stream.tryNext()
  await collection().insertOne({ _id: 1 })
  server.control.failCommand('getMore', 'CursorNotFound')
  expect(await stream.next()).toMatchObject({ documentKey: { _id: 1 } })
  expect(server.control.commandCounts()).toMatchObject({ aggregate: 2 })
})

it('closes cursors that somebody still reads', async () => {
  const { server, collection } = await serve()
  await collection().insertMany(ids)
  const cursor = collection().find({}, { batchSize: 10 })
  await cursor.next()
  server.control.closeCursors()
  await expect(cursor.toArray()).rejects.toMatchObject({ code: 43 })
})

it('makes replies wait', async () => {
  const { server, collection } = await serve({}, { retryReads: false, socketTimeoutMS: 60 })
  expect(await collection().findOne()).toBeNull()
  server.control.delayReplies(200)
  await expect(collection().findOne()).rejects.toThrow(/timed out/i)
  server.control.delayReplies(0)
  expect(await collection().findOne()).toBeNull()
})

it('has members that only read', async () => {
  const { collection, client, server } = await serve({ secondaries: 2 })
  await collection().insertOne({ _id: 1 })
  const options = { readPreference: ReadPreference.SECONDARY }
  const hello = await client.db('admin').command({ hello: 1 }, options)
  expect(hello).toMatchObject({ secondary: true, isWritablePrimary: false })
  expect(hello['hosts']).toHaveLength(3)
  expect(hello['primary']).toBe(`127.0.0.1:${server.port}`)
  expect(await collection().findOne({}, options)).toEqual({ _id: 1 })
  server.control.stepDown(200)
  expect(await collection().findOne({}, options)).toEqual({ _id: 1 })
})

it('knows its actions by name, and says so', async () => {
  const { client }: Served = await serve()
  await expect(client.db('admin').command({ millraceTest: 1, action: 'explode' })).rejects.toThrow(
    'dropConnections',
  )
  await expect(client.db('admin').command({ explode: 1 })).rejects.toMatchObject({ code: 59 })
})
