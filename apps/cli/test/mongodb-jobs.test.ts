import { Decimal128, Long, ObjectId } from 'mongodb'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { expectClearError, recognisablePassword } from './support/clear-error.ts'
import { dataKeyCount, dataKeys } from './support/data-keys.ts'
import { redisJob, type Parameters } from './support/jobs.ts'
import { makeMongoDatabase, type MongoDatabase } from './support/mongo-database.ts'
import { test, type RedisTarget } from './support/redis-test.ts'

let mongo: MongoDatabase

const ann = {
  _id: new ObjectId('507f1f77bcf86cd799439011'),
  name: 'Ann',
  visits: Long.fromString('9007199254740993'),
  balance: Decimal128.fromString('1.50'),
  active: true,
  since: new Date('2026-02-02T03:04:05Z'),
  address: { town: 'Bergen', zip: 7 },
  tags: ['a', 'b'],
}
const bob = { _id: 'bob', name: 'Bob', tags: [] }

beforeAll(async () => {
  mongo = await makeMongoDatabase()
  const people = mongo.db.collection<{ _id: unknown }>('people')
  await people.insertMany([ann, bob])
  const numbers = mongo.db.collection<{ _id: unknown }>('numbers')
  const ids = [1, 'one', new ObjectId(), new Date(1), true, 1.5]
  await numbers.insertMany(
    Array.from({ length: 600 }, (_, n) => ({ _id: n < ids.length ? ids[n] : n + 10, n })),
  )
})

afterAll(async () => mongo?.[Symbol.asyncDispose]())

const columns = [
  { name: '_id', type: 'string' },
  { name: 'name', type: 'string' },
  { name: 'visits', type: 'long' },
  { name: 'balance', type: 'double' },
  { name: 'active', type: 'bool' },
  { name: 'since', type: 'date' },
  { name: 'address.zip', type: 'document.int' },
  { name: 'tags', type: 'array', splitter: '/' },
  { name: 'missing', type: 'string' },
]

const read = (parameter: Parameters) => ({
  stepType: 'mongodb',
  parameter: { datasource: 'docs', collectionName: 'people', column: columns, ...parameter },
})

const folderOf = (target: RedisTarget) => target.folder({ docs: { ...mongo.dataSource } })

const annId = String(ann._id)

describe.concurrent('a MongoDB collection', () => {
  test('case 33: to strings, missing fields as empty text, instants in the zone of the job', async ({
    target,
  }) => {
    const writer = { writeMode: { type: 'string', mode: 'set', valueFieldDelimiter: '|' } }
    const { exitCode, stderr, report } = await folderOf(target).run(
      redisJob({ reader: read({}), writer }),
    )
    expect(exitCode, stderr).toBe(0)
    expect(await target.client.get(annId)).toBe(
      'Ann|9007199254740993|1.50|true|2026-02-02 11:04:05|7|a/b|',
    )
    expect(await target.client.get('bob')).toBe('Bob|||||||')
    expect(report).toMatchObject({ recordsRead: 2, recordsWritten: 2, recordsDirty: 0 })
  })

  test('to hashes, whole rows, every digit kept', async ({ target }) => {
    const writer = { writeMode: { type: 'hash', mode: 'row' } }
    const reader = read({ column: [...columns, { name: 'rest', type: 'combine' }] })
    const { exitCode, stderr } = await folderOf(target).run(redisJob({ reader, writer }))
    expect(exitCode, stderr).toBe(0)
    expect(await target.client.hgetall(annId)).toEqual({
      name: 'Ann',
      visits: '9007199254740993',
      balance: '1.50',
      active: 'true',
      since: '2026-02-02 11:04:05',
      'address.zip': '7',
      tags: 'a/b',
      rest: '{"address":{"town":"Bergen","zip":7}}',
    })
    expect(await target.client.hgetall('bob')).toEqual({ name: 'Bob', tags: '', rest: '{}' })
  })

  test('to JSON: the commands that are sent', async ({ target }) => {
    const column = [
      { name: '_id', type: 'string' },
      { name: 'visits', type: 'long' },
      { name: 'active', type: 'bool' },
      { name: 'address', type: 'json' },
      { name: 'tags', type: 'arrays' },
    ]
    const writer = { writeMode: { type: 'json', mode: 'set' } }
    const job = redisJob({ reader: read({ column, query: '{active: true}' }), writer })
    const { exitCode, stdout, stderr } = await folderOf(target).preview(job, {
      flags: ['--format', 'json'],
    })
    expect(exitCode, stderr).toBe(0)
    const commands = JSON.parse(stdout) as string[][]
    const set = commands.find(([name]) => name === 'JSON.SET') ?? []
    expect(set.slice(0, 3)).toEqual(['JSON.SET', annId, '$'])
    expect(set[3]).toContain('"address":{"town":"Bergen","zip":7}')
    expect(set[3]).toContain('"tags":["a","b"]')
    expect(set[3]).toContain('"visits":9007199254740993')
    expect(set[3]).toContain('"active":true')
  })

  test('to lists and streams', async ({ target }) => {
    const column = ['_id', 'name'].map((name) => ({ name }))
    const reader = read({ column })
    const list = { writeMode: { type: 'list', mode: 'rpush' } }
    const first = await folderOf(target).run(redisJob({ reader, writer: list }))
    expect(first.exitCode, first.stderr).toBe(0)
    expect(await target.client.lrange(annId, 0, -1)).toEqual(['Ann'])
    await target.clear()
    const stream = { writeMode: { type: 'stream', mode: 'xadd' } }
    const second = await folderOf(target).run(redisJob({ reader, writer: stream }))
    expect(second.exitCode, second.stderr).toBe(0)
    const [message] = await target.client.xrange('bob', '-', '+')
    expect(message?.[1]).toEqual(['name', 'Bob'])
  })

  test('of DataX: a connection inside the job', async ({ target }) => {
    const { dataSource } = mongo
    const job = {
      job: {
        setting: { speed: { channel: 2 }, errorLimit: { record: 0 } },
        content: [
          {
            reader: {
              name: 'mongodbreader',
              parameter: {
                address: mongo.addresses,
                userName: '',
                userPassword: '',
                dbName: dataSource['database'],
                collectionName: 'people',
                column: [
                  { name: '_id', type: 'string' },
                  { name: 'tags', type: 'Array', spliter: ',' },
                ],
              },
            },
            writer: { name: 'rediswriter', parameter: { datasource: 'r', keyIndexes: 0 } },
          },
        ],
      },
    }
    const { exitCode, stderr } = await folderOf(target).run(job)
    expect(exitCode, stderr).toBe(0)
    expect(await target.client.get(annId)).toBe('a,b')
    expect(await target.client.get('bob')).toBe('')
  })

  test('case 33: a query with concurrent 3 gives the rows of concurrent 1, whatever the types of _id', async ({
    target,
  }) => {
    const parameter = { collectionName: 'numbers', query: '{n: {$lt: 500}}', column: ['n', '_id'] }
    const found: string[][] = []
    for (const concurrent of [1, 3]) {
      const setting = { speed: { throttle: false, concurrent } }
      const { exitCode, stderr, report } = await folderOf(target).run(
        redisJob({ reader: read(parameter), setting }),
      )
      expect(exitCode, stderr).toBe(0)
      expect(report).toMatchObject({ recordsRead: 500, recordsWritten: 500 })
      expect(report?.splits).toEqual({ total: concurrent, done: concurrent })
      found.push(await dataKeys(target.client))
      await target.clear()
    }
    expect(found[1]).toEqual(found[0])
    expect(found[0]).toHaveLength(500)
  })

  test('check --connect accepts the job, and names a collection that is not there', async ({
    target,
  }) => {
    const folder = folderOf(target)
    const fine = await folder.check(redisJob({ reader: read({}) }), { flags: ['--connect'] })
    expect(fine.exitCode, fine.stderr).toBe(0)
    const wrong = redisJob({ reader: read({ collectionName: 'peple' }) })
    const { exitCode, stdout, stderr } = await folder.check(wrong, { flags: ['--connect'] })
    expect(exitCode).toBe(2)
    expect(stdout + stderr).toContain('Did you mean people?')
  })

  test('check says what has no effect in the data source, and beside whole documents', async ({
    target,
  }) => {
    const properties = { readPrefernce: 'secondary', readPreference: 'secondary' }
    const folder = target.folder({ docs: { ...mongo.dataSource, properties } })
    const tables = [{ schema: mongo.name, table: 'people', excludeColumns: ['tags'] }]
    const parameter = { datasource: 'docs', tables, batchSize: 5 }
    const job = redisJob({ reader: { stepType: 'mongodb', parameter } })
    const { exitCode, stdout } = await folder.check(job)
    expect(exitCode, stdout).toBe(0)
    const warnings = stdout.split('\n').filter((line) => line.includes('warning: '))
    expect(warnings.map((line) => line.replace(/^.*warning: /, ''))).toEqual([
      'steps[0].parameter.datasource: data source "docs": the property "readPrefernce" has no effect',
      'steps[0].parameter.datasource: data source "docs": readPreference secondary has no effect: documents of pipelines and their changes are read from the primary',
      'steps[0].parameter.batchSize: batchSize has no effect: documents of tables are read whole',
    ])
    expect(stdout).toContain('Did you mean readPreference?')
    const refused = { ...parameter, tables: [{ ...tables[0], sql: 'x' }], query: '{_id: 1}' }
    const result = await folder.check(
      redisJob({ reader: { stepType: 'mongodb', parameter: refused } }),
    )
    expect(result.exitCode).toBe(2)
    expect(result.stdout).toContain('tables and query exclude each other')
    expect(result.stdout).toContain('tables[0].sql: does not go with documents')
  })

  test('check points at what is wrong without a connection', async ({ target }) => {
    const column = [
      { name: 'tags', type: 'array' },
      { name: 'a', type: 'strng' },
    ]
    const job = redisJob({ reader: read({ column, query: "{'a': " }) })
    const result = await folderOf(target).check(job)
    expect(result.exitCode).toBe(2)
    const text = result.stdout + result.stderr
    expect(text).toMatch(/job\.json:\d+:\d+.*the array "tags" has no splitter/)
    expect(text).toMatch(/there is no type "strng"/)
    expect(text).toMatch(/the query cannot be read/)
    expect(await dataKeyCount(target.client)).toBe(0)
  })

  test('a server that is not there ends the job with exit code 3', async ({ target }) => {
    const url = `mongodb://reader:${recognisablePassword}@127.0.0.1:1/shop?connectTimeoutMS=300`
    const docs = { type: 'mongodb', url }
    const result = await target.folder({ docs }).run(redisJob({ reader: read({}) }))
    const mentions = ['connecting to mongodb at 127.0.0.1:1 as reader', 'ECONNREFUSED']
    expectClearError(result, { exitCode: 3, code: 'SOURCE_UNREACHABLE', mentions })
  })
})
