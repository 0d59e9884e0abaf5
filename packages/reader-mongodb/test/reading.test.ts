import { Long, ObjectId } from 'bson'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { rowCountOf } from '@millrace/core/record'
import { batchesOf, never, openReader, readAll, readOptions, TestDatabase } from './test-source.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await TestDatabase.create()
})

afterAll(async () => database[Symbol.asyncDispose]())

describe('reading', () => {
  it('takes the fields of the job, nested and joined ones too, and null for what is missing', async () => {
    const _id = new ObjectId('507f1f77bcf86cd799439011')
    const collectionName = await database.hold([
      { _id, a: { b: 7, c: [1, { d: 'x' }] }, tags: ['p', 'q'], other: true, note: null },
      { _id: 2, tags: [], a: 'no document' },
    ])
    const column = [
      { name: '_id', type: 'string' },
      { name: 'a.b', type: 'document.int' },
      { name: 'a.c.1.d', type: 'document.string' },
      { name: 'tags', type: 'array', splitter: ';' },
      { name: 'tags', type: 'arrays' },
      { name: 'missing', type: 'date' },
      { name: 'rest', type: 'combine' },
    ]
    const { rows } = await readAll(database, { collectionName, column })
    // A server gives documents in any order unless one is asked for.
    expect(rows.toSorted(([one], [other]) => (String(one) < String(other) ? -1 : 1))).toEqual([
      ['2', null, null, '', '[]', null, '{"a":"no document"}'],
      [
        '507f1f77bcf86cd799439011',
        '7',
        'x',
        'p;q',
        '["p","q"]',
        null,
        '{"a":{"b":7,"c":[1,{"d":"x"}]},"other":true,"note":null}',
      ],
    ])
  })

  it('takes a query of the shell, with dates, ids and long integers', async () => {
    const collectionName = await database.hold(
      ['2026-01-01', '2026-01-02', '2026-01-03'].map((day, index) => ({
        _id: new ObjectId(String(index).padStart(24, '0')),
        at: new Date(day),
        n: index,
      })),
    )
    const read = async (query: string) => {
      const { rows } = await readAll(database, { collectionName, column: ['n'], query })
      return rows.flat()
    }
    expect(await read("{'at': {'$gte': ISODate('2026-01-02T08:00:00+0800')}}")).toEqual(['1', '2'])
    expect(await read('{_id: ObjectId("000000000000000000000001")}')).toEqual(['1'])
    expect(await read('{n: {$in: [NumberLong(2), {"$numberLong": "0"}]}}')).toEqual(['0', '2'])
  })

  it('takes a query with digits of any length', async () => {
    const documents = [
      { n: Long.fromString('9223372036854775807'), card: '4111111111111111-7' },
      { n: Long.fromString('9007199254740993'), card: '41111' },
      { n: 1e19, card: '' },
    ]
    const collectionName = await database.hold(documents.map((one, _id) => ({ _id, ...one })))
    const read = async (query: string) => {
      const { rows } = await readAll(database, { collectionName, column: ['_id'], query })
      return rows.flat()
    }
    expect(await read('{card: /^4111111111111111/}')).toEqual(['0'])
    expect(await read('{n: {$lt: 9223372036854775808}}')).toEqual(['0', '1'])
    expect(await read('{n: 9007199254740993}')).toEqual(['1'])
    expect(await read('{n: {$gte: NumberDecimal(9223372036854775807)}}')).toEqual(['0', '2'])
  })

  it('has the server leave out what no column takes, where that is most of it', async () => {
    const documents = [1, 2, 3].map((_id) => ({ _id, small: _id, large: 'x'.repeat(5000) }))
    const collectionName = await database.hold(documents)
    const { rows } = await readAll(database, { collectionName, column: ['small'] })
    expect(rows).toEqual([['1'], ['2'], ['3']])
    const all = await readAll(database, { collectionName, column: ['large', 'small'] })
    expect(all.rows.map((row) => [String(row[0]).length, row[1]])).toEqual([
      [5000, '1'],
      [5000, '2'],
      [5000, '3'],
    ])
  })

  it('gives rows with anything in a boolean column in their place', async () => {
    const flags = [true, false, 'yes', null, 1, true]
    const collectionName = await database.hold(flags.map((flag, _id) => ({ _id, flag })))
    const column = [{ name: '_id' }, { name: 'flag', type: 'bool' }]
    await using session = await openReader({ collectionName, column }, database.dataSource())
    const { splits } = await session.split(1, { signal: never })
    const batches = await batchesOf(session, splits[0]!, { positions: true })
    expect(batches.flatMap(({ rows }) => rows)).toEqual([
      ['0', true],
      ['1', false],
      ['2', 'yes'],
      ['3', null],
      ['4', '1'],
      ['5', true],
    ])
    expect(batches.map(({ position }) => position?.label)).toEqual([
      '_id 1',
      '_id 2',
      '_id 3',
      '_id 4',
      '_id 5',
    ])
  })

  it('renders dates outside of columns for dates in the time zone of the job', async () => {
    const collectionName = await database.hold([{ _id: 1, at: new Date('2026-01-02T20:00:00Z') }])
    const column = [
      { name: 'at', type: 'date' },
      { name: 'at', type: 'string' },
    ]
    const { rows } = await readAll(database, { collectionName, column }, 1, {
      timeZone: 'Asia/Shanghai',
    })
    expect(rows).toEqual([['2026-01-02 20:00:00', '2026-01-03 04:00:00']])
  })

  it('reads in small batches of the server what it reads in large ones', async () => {
    const documents = Array.from({ length: 500 }, (_, _id) => ({ _id, text: 'x'.repeat(_id % 50) }))
    const collectionName = await database.hold(documents)
    for (const batchSize of [1, 7, 499, 500, 501]) {
      const { rows } = await readAll(database, { collectionName, column: ['_id'], batchSize })
      expect(rows).toEqual(documents.map(({ _id }) => [String(_id)]))
    }
  })

  it('sees one instant in all splits, whatever is written meanwhile', async (context) => {
    if (database.isDocumentDb) context.skip('DocumentDB is not read as of one instant')
    const collectionName = await database.hold(
      Array.from({ length: 20 }, (_, _id) => ({ _id, n: 0 })),
    )
    const parameters = { collectionName, column: ['_id', 'n'] }
    await using session = await openReader(parameters, database.dataSource())
    const { splits, consistency } = await session.split(4, { signal: never })
    expect(consistency).toBe('one-snapshot')
    const documents = database.db.collection<{ _id: number }>(collectionName)
    await documents.updateMany({}, { $set: { n: 1 } })
    await documents.insertOne({ _id: -1 })
    await documents.deleteOne({ _id: 10 })
    const rows = []
    for (const split of splits)
      rows.push(...(await batchesOf(session, split)).flatMap((one) => one.rows))
    expect(rows).toEqual(Array.from({ length: 20 }, (_, _id) => [String(_id), '0']))
    expect(session.sawOneInstant).toBe(true)
  })

  it('says that splits see instants of their own where it is told so', async () => {
    const collectionName = await database.hold([{ _id: 1 }])
    const { consistency } = await readAll(database, {
      collectionName,
      column: ['_id'],
      snapshot: false,
    })
    expect(consistency).toBe('per-split')
  })

  it('hands out rows that none follow after maxDelayMs', async (context) => {
    if (!database.isTestServer) context.skip('only the test server can be told to wait')
    const documents = Array.from({ length: 3 }, (_, _id) => ({ _id }))
    const collectionName = await database.hold(documents)
    await using session = await openReader(
      { collectionName, column: ['_id'], batchSize: 2 },
      database.dataSource(),
    )
    const { splits } = await session.split(1, { signal: never })
    const blocked = { failCommands: ['getMore'], blockConnection: true, blockTimeMS: 1500 }
    database.control.configureFailPoint({ times: 1 }, blocked)
    const counts: number[] = []
    for await (const batch of session.read(splits[0]!, { ...readOptions, maxDelayMs: 20 })) {
      counts.push(rowCountOf(batch))
    }
    expect(counts).toEqual([2, 1])
  })

  it('has the server keep a cursor and its session where that is asked for', async (context) => {
    if (!database.isTestServer) context.skip('only the test server shows what it was sent')
    const collectionName = await database.hold(Array.from({ length: 10 }, (_, _id) => ({ _id })))
    const sent = async (parameters: object) => {
      database.control.resetCommandCounts()
      const all = { collectionName, column: ['_id'], batchSize: 3, ...parameters }
      await using session = await openReader(all, database.dataSource())
      const { splits } = await session.split(1, { signal: never })
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
      try {
        for await (const _ of session.read(splits[0]!, { ...readOptions, maxRows: 3 })) {
          vi.advanceTimersByTime(300_000)
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
        const { refreshSessions: refreshed = 0 } = database.control.commandCounts()
        vi.advanceTimersByTime(900_000)
        expect(vi.getTimerCount()).toBe(0)
        const find = database.control.latestCommand('find')
        const refresh = database.control.latestCommand('refreshSessions')
        expect(refresh?.['refreshSessions']).toEqual(refresh && [find?.['lsid']])
        return { find, refreshed }
      } finally {
        vi.useRealTimers()
      }
    }
    for (const snapshot of [true, false])
      for (const cursorTimeoutInMs of [-1, 600_001]) {
        const { find, refreshed } = await sent({ cursorTimeoutInMs, snapshot })
        expect(find).toMatchObject({ noCursorTimeout: true })
        expect(find?.['readConcern']).toEqual(
          snapshot ? expect.objectContaining({ level: 'snapshot' }) : undefined,
        )
        expect(refreshed).toBe(4)
      }
    for (const parameters of [{}, { cursorTimeoutInMs: 600_000 }]) {
      const { find, refreshed } = await sent(parameters)
      expect(find?.['noCursorTimeout']).toBeUndefined()
      expect(refreshed).toBe(0)
    }
  })

  it('leaves no cursor open when it is left early', async (context) => {
    if (!database.isTestServer) context.skip('other servers count the cursors of others, too')
    const collectionName = await database.hold(Array.from({ length: 100 }, (_, _id) => ({ _id })))
    await using session = await openReader(
      { collectionName, column: ['_id'], batchSize: 10 },
      database.dataSource(),
    )
    const { splits } = await session.split(1, { signal: never })
    for await (const batch of session.read(splits[0]!, { ...readOptions, maxRows: 10 })) {
      expect(rowCountOf(batch)).toBe(10)
      break
    }
    await expect.poll(() => database.control.openCursors()).toBe(0)
  })

  it('reads from secondaries where the data source says so', async () => {
    await using members = await TestDatabase.onTestServer({ secondaries: 1 })
    const collectionName = await members.hold(Array.from({ length: 30 }, (_, _id) => ({ _id })))
    const { properties } = members.dataSource()
    const dataSource = members.dataSource({
      properties: { ...properties, readPreference: 'secondary' },
    })
    await using session = await openReader(
      { collectionName, column: ['_id'], batchSize: 4 },
      dataSource,
    )
    members.control.resetCommandCounts()
    await session.check({ signal: never })
    const { splits } = await session.split(3, { signal: never })
    const rows = []
    for (const split of splits)
      rows.push(...(await batchesOf(session, split)).flatMap((one) => one.rows))
    expect(rows).toHaveLength(30)
    // The driver watches all members.
    const { hello: _, ismaster: __, ...primary } = members.control.commandCounts(0)
    expect(primary).toEqual({})
    const { find = 0, count } = members.control.commandCounts(1)
    expect(find).toBeGreaterThan(splits.length)
    expect(count).toBe(1)
  })

  it.each(['secondary', 'secondaryPreferred', 'primaryPreferred'])(
    'reads from a set without a primary (%s)',
    async (readPreference) => {
      await using members = await TestDatabase.onTestServer({ secondaries: 1 })
      const collectionName = await members.hold([{ _id: 1 }, { _id: 2 }])
      members.control.stepDown(60_000)
      const { properties } = members.dataSource()
      const dataSource = members.dataSource({
        properties: { ...properties, readPreference, connectTimeout: '3000' },
      })
      await using session = await openReader({ collectionName, column: ['_id'] }, dataSource)
      expect(await session.check({ signal: never })).toEqual([])
      const { splits } = await session.split(2, { signal: never })
      const batches = []
      for (const split of splits) batches.push(...(await batchesOf(session, split)))
      expect(batches.flatMap(({ rows }) => rows)).toEqual([['1'], ['2']])
    },
  )

  it('reads a view in one split without positions, with a warning', async () => {
    const collectionName = await database.hold([{ _id: 1, name: 'Ann' }])
    const view = `${collectionName}_names`
    const pipeline = [{ $project: { name: 1, _id: 0 } }]
    await database.db.createCollection(view, { viewOn: collectionName, pipeline })
    const parameters = { collectionName: view, column: ['name'] }
    const { rows, splits, messages } = await readAll(database, parameters, 4)
    expect(rows).toEqual([['Ann']])
    expect(splits).toMatchObject([{ resumable: false }])
    expect(messages.join()).toContain('is a view')
    await using session = await openReader(parameters, database.dataSource())
    const [batch] = await batchesOf(session, splits[0]!, { positions: true })
    expect(batch?.position).toBeUndefined()
  })
})
