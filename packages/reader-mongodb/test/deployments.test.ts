import type { DataSource } from '@millrace/core/plugin'
import type { Position, RecordBatch } from '@millrace/core/record'
import { MongoClient } from 'mongodb'
import { startMongoTestServer, type MongoTestServerOptions } from '@millrace/mongo-test-server'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  begin,
  changesUntilNow,
  followOptions,
  never,
  openFollower,
  rowsOf,
  shownChanges,
} from './followed-source.ts'
import { batchesOf, openReader, TestDatabase } from './test-source.ts'

const count = 300
const documents = Array.from({ length: count }, (_, _id) => ({ _id }))

/** A server with 300 documents in `shop.items`, a client of the driver, and the server as a data source. */
async function serve(options: MongoTestServerOptions) {
  const server = await startMongoTestServer(options)
  const client = await new MongoClient(server.url).connect()
  onTestFinished(async () => {
    await client.close(true)
    await server.close()
  })
  const items = client.db('shop').collection<{ _id: number }>('items')
  await items.insertMany(documents)
  const [, hosts = ''] = /^mongodb:\/\/([^/]+)/.exec(server.url) ?? []
  const fields: Partial<DataSource> = {
    database: 'shop',
    hosts: hosts.split(',').map((text) => {
      const [host = '', port] = text.split(':')
      return { host, port: Number(port) }
    }),
    properties: { serverSelectionTimeoutMS: '2000' },
  }
  const place = { url: server.url, db: client.db('shop') }
  return { server, client, items, fields, place }
}

const idsOf = (batches: readonly RecordBatch[]) =>
  batches.flatMap(({ rows }) => rows.map(([id]) => Number(id)))

/** Reads a split to its end, behind the last position after each error that passes; says how often that was. */
async function readOn(
  session: ReturnType<typeof openFollower>,
  take: (batches: readonly RecordBatch[]) => Promise<void> = async () => {},
): Promise<{ batches: readonly RecordBatch[]; failures: number }> {
  const { splits } = await session.split(1, { signal: never })
  const batches: RecordBatch[] = []
  let failures = 0
  for (let isOver = false; !isOver;) {
    const from = batches.at(-1)?.position
    const options = { ...followOptions, maxRows: 50, positions: true, ...(from && { from }) }
    try {
      for await (const batch of session.read(splits[0]!, options)) {
        batches.push(batch)
        await take(batches)
      }
      isOver = true
    } catch (error) {
      expect(error).toMatchObject({ code: 'SOURCE_FAILED', isRetryable: true })
      if ((failures += 1) > 3) throw error
    }
  }
  return { batches, failures }
}

describe('a sharded cluster with two routers', () => {
  it('is read as of one instant through one of them, and followed', async () => {
    const { server, items, fields, place } = await serve({ routers: 2 })
    await using session = openFollower(place, ['items'], { fields })
    const { splits, followFrom, consistency } = await session.split(3, { signal: never })
    expect(consistency).toBe('one-snapshot')
    expect(splits.length).toBe(3)
    await items.insertOne({ _id: count })
    await items.deleteOne({ _id: 0 })
    expect(await rowsOf(session, splits)).toEqual(documents)
    expect(session.sawOneInstant).toBe(true)
    expect(shownChanges(await changesUntilNow(session, followFrom!))).toEqual([
      ['c', { _id: count }],
      ['d', { _id: 0 }],
    ])
    // Its cursors were all asked for where they are known, and all are closed.
    expect(server.control.openCursors()).toBe(0)
  })

  it('is read on through the other router when one goes away', async () => {
    const { server, fields, place } = await serve({ routers: 2 })
    await using session = openFollower(place, ['items'], { fields })
    const { batches, failures } = await readOn(session, async (read) => {
      if (read.length === 2) await server.control.closeMember(0)
    })
    expect(failures).toBe(1)
    expect(idsOf(batches)).toEqual(documents.map(({ _id }) => _id))
  })

  it('is followed on through the other router, which says where the changes end, too', async () => {
    const { server, client, items, fields, place } = await serve({ routers: 2 })
    const collection = client.db('shop').collection<{ _id: number }>('items')
    await using session = openFollower(place, ['items'], { fields })
    const from = await begin(session)
    const seen: number[] = []
    let position: Position = from
    const follow = async (end: number) => {
      for await (const batch of session.follow(position, { ...followOptions, maxRows: 10 })) {
        seen.push(...idsOf([batch]))
        position = batch.position ?? position
        if (seen.length >= end) return
      }
    }
    const more = (first: number) => Array.from({ length: 50 }, (_, at) => ({ _id: first + at }))
    await items.insertMany(more(1000))
    await follow(20)
    await server.control.closeMember(0)
    await collection.insertMany(more(2000))
    await expect(follow(Infinity)).rejects.toMatchObject({ isRetryable: true })
    await follow(100)
    expect(seen).toEqual([...more(1000), ...more(2000)].map(({ _id }) => _id))
    expect(await changesUntilNow(session, position)).toEqual([])
  })

  it('is asked through the other router when one has gone away meanwhile', async () => {
    const { server, fields, place } = await serve({ routers: 2 })
    await using session = openFollower(place, ['items'], { fields })
    const from = await begin(session)
    await server.control.closeMember(0)
    const call = { signal: never }
    await expect(session.currentPosition(call)).rejects.toMatchObject({ isRetryable: true })
    await expect(session.currentPosition(call)).resolves.toBeDefined()
    await expect(session.takeSnapshot(call)).resolves.toBeDefined()
    await expect(session.logStatus(from, call)).resolves.toMatchObject({ log: 'oplog' })
  })

  it('keeps the router it has come to when reads of the one before fail late', async () => {
    const { server, fields, place } = await serve({ routers: 3 })
    await using session = openFollower(place, ['items'], { fields })
    const { splits } = await session.split(1, { signal: never })
    const open = () =>
      session
        .read(splits[0]!, { ...followOptions, maxRows: 10, positions: true })
        [Symbol.asyncIterator]()
    const [one, other] = [open(), open()]
    for (const read of [one, other]) await read.next()
    await server.control.closeMember(0)
    const failed = async (read: typeof one) => {
      for (;;) if ((await read.next()).done === true) return
    }
    await expect(failed(one)).rejects.toMatchObject({ isRetryable: true })
    const anew = open()
    await anew.next()
    await expect(failed(other)).rejects.toMatchObject({ isRetryable: true })
    // On its router all the time: what has failed late had nothing to do with it.
    const rows: number[] = []
    for (let next = await anew.next(); next.done !== true; next = await anew.next())
      rows.push(...idsOf([next.value]))
    expect(rows).toHaveLength(count - 10)
  })

  it('does not know cursors of the other router: a job reads them where they are', async () => {
    const { server, fields } = await serve({ routers: 2 })
    const dataSource = { name: 'test', type: 'mongodb', hosts: [], properties: {}, ...fields }
    const parameters = { collectionName: 'items', column: ['_id'], batchSize: 20 }
    await using session = await openReader(parameters, dataSource)
    const { splits, consistency } = await session.split(4, { signal: never })
    expect(consistency).toBe('one-snapshot')
    const read = await Promise.all(splits.map((split) => batchesOf(session, split)))
    expect(idsOf(read.flat()).toSorted((a, b) => a - b)).toEqual(documents.map(({ _id }) => _id))
    expect(server.control.openCursors()).toBe(0)
    // And goes on at the other one when theirs has gone away.
    const seen: RecordBatch[] = []
    for (let failures = 0; failures < 3 && idsOf(seen).length < count;) {
      const from = seen.at(-1)?.position
      const [whole] = (await session.split(1, { signal: never })).splits
      const options = { ...followOptions, maxRows: 20, positions: true, ...(from && { from }) }
      try {
        for await (const batch of session.read(whole!, options)) {
          seen.push(batch)
          if (failures === 0 && seen.length === 3) await server.control.closeMember(0)
          if (failures === 0 && seen.length === 5) server.control.closeCursors()
        }
      } catch (error) {
        expect(error).toMatchObject({ isRetryable: true })
        failures += 1
      }
    }
    expect(idsOf(seen)).toEqual(documents.map(({ _id }) => _id))
  })
})

describe('a single server that is in no replica set', () => {
  it('is read once, and not followed', async () => {
    const { fields, place } = await serve({ standalone: true })
    await using once = openFollower(place, ['items'], { fields, follows: false })
    expect(await once.check({ signal: never })).toEqual([])
    const { splits, consistency, followFrom } = await once.split(2, { signal: never })
    expect([splits.length, consistency, followFrom]).toEqual([2, 'per-split', undefined])
    expect(await rowsOf(once, splits)).toEqual(documents)
    await using following = openFollower(place, ['items'], { fields })
    expect(await following.check({ signal: never })).toMatchObject([
      { severity: 'error', message: expect.stringContaining('replica set') as unknown },
    ])
  })

  it('is read by a job, without an instant', async () => {
    const { fields } = await serve({ standalone: true })
    const dataSource = { name: 'test', type: 'mongodb', hosts: [], properties: {}, ...fields }
    await using session = await openReader({ collectionName: 'items', column: ['_id'] }, dataSource)
    const { splits, consistency } = await session.split(2, { signal: never })
    expect(consistency).toBe('per-split')
    const batches = await Promise.all(
      splits.map((split) => batchesOf(session, split, { positions: true })),
    )
    expect(idsOf(batches.flat())).toHaveLength(count)
  })
})

describe('a server before 5.0', () => {
  it('is read by a job, each split as it is then', async () => {
    await using database = await TestDatabase.onTestServer({ version: '4.4.0' })
    const collectionName = await database.hold(documents)
    await using session = await openReader(
      { collectionName, column: ['_id'] },
      database.dataSource(),
    )
    const { splits, consistency } = await session.split(1, { signal: never })
    expect(consistency).toBe('per-split')
    const batches = await batchesOf(session, splits[0]!, { positions: true })
    expect(idsOf(batches)).toHaveLength(count)
  })

  it('is refused where it is too old for the driver, with the release that it takes', async () => {
    await using server = await startMongoTestServer({ version: '4.2.0' })
    const hosts = [{ host: '127.0.0.1', port: server.port }]
    const properties = { connectTimeoutMS: '1000' }
    const dataSource = { name: 'test', type: 'mongodb', hosts, database: 'shop', properties }
    await using session = await openReader({ collectionName: 'items', column: ['_id'] }, dataSource)
    await expect(session.check({ signal: never })).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      message: expect.stringMatching(/MongoDB 4\.4/) as unknown,
    })
  })

  it('is read with everything that the changes leave out, though few members had it', async () => {
    const { server, items, fields, place } = await serve({ version: '4.4.0' })
    const warnings: string[] = []
    await using session = openFollower(place, ['items'], { fields, warnings })
    server.control.delayMajority()
    await items.insertOne({ _id: 1000 })
    const { splits, followFrom, consistency, overlapsChanges } = await session.split(1, {
      signal: never,
    })
    expect([consistency, overlapsChanges]).toEqual(['per-split', true])
    expect(warnings.join()).toContain('cannot read as of one instant')
    await items.insertOne({ _id: 1001 })
    const read = await rowsOf(session, splits)
    const changes = shownChanges(await changesUntilNow(session, followFrom!))
    expect(read).toContainEqual({ _id: 1000 })
    expect([...read, ...changes]).toContainEqual(['c', { _id: 1001 }])
  })
})
