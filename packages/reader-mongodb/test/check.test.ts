import { createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PluginError, type DataSource } from '@millrace/core/plugin'
import { never, openReader, readAll, TestDatabase, type StepParameters } from './test-source.ts'

const password = 'pw-4711-river'
/** On a test server, where users have to log in. */
let database: TestDatabase
/** On the server that was given. */
let plain: TestDatabase

beforeAll(async () => {
  const users = [
    { name: 'owner', password: 'owner', roles: [{ role: 'root', db: 'admin' }] },
    { name: 'reader', password, roles: [{ role: 'read', db: 'elsewhere' }] },
  ]
  database = await TestDatabase.onTestServer({ users })
  plain = await TestDatabase.create()
  for (const { db } of [database, plain]) {
    await db.createCollection('customers')
    await db.collection('customers').insertOne({ name: 'Ann', age: 7 })
  }
})

afterAll(async () => {
  await database[Symbol.asyncDispose]()
  await plain[Symbol.asyncDispose]()
})

async function errorOf(parameters: StepParameters, dataSource: DataSource): Promise<PluginError> {
  await using session = await openReader(
    { collectionName: 'customers', column: ['_id'], ...parameters },
    dataSource,
  )
  try {
    await session.check({ signal: never })
  } catch (error) {
    if (PluginError.isInstance(error)) return error
    throw error
  }
  throw new Error('check found nothing')
}

describe('check', () => {
  it('accepts what is right', async () => {
    const parameters = { collectionName: 'customers', column: ['name'], query: '{age: 7}' }
    await using session = await openReader(parameters, plain.dataSource())
    expect(await session.check({ signal: never })).toEqual([])
  })

  it('names the collection that is meant', async () => {
    expect(await errorOf({ collectionName: 'custmers' }, plain.dataSource())).toMatchObject({
      code: 'SOURCE_OBJECT_MISSING',
      message: expect.stringContaining('has no collection "custmers"') as string,
      hint: 'Did you mean customers?',
    })
    expect(await errorOf({ collectionName: 'x' }, plain.dataSource())).toMatchObject({
      hint: 'The collections are customers.',
    })
    expect(await errorOf({}, plain.dataSource({ database: 'nothing_here' }))).toMatchObject({
      code: 'SOURCE_OBJECT_MISSING',
      message: expect.stringContaining('nothing_here has no collections') as string,
    })
  })

  it('refuses a query that the server does not take', async () => {
    expect(await errorOf({ query: '{age: {$grater: 1}}' }, plain.dataSource())).toMatchObject({
      code: 'SOURCE_STATEMENT_INVALID',
      message: expect.stringContaining('$grater') as string,
    })
  })

  it('refuses an index that is not there', async () => {
    expect(await errorOf({ hint: '{age: 1}' }, plain.dataSource())).toMatchObject({
      code: 'SOURCE_STATEMENT_INVALID',
      message: expect.stringContaining('no index {"age":1}') as string,
      hint: 'Its indexes are {"_id":1}.',
    })
    const parameters = { collectionName: 'customers', column: ['name'] }
    for (const hint of ['{_id: 1}', '_id_', '{$natural: 1}']) {
      expect((await readAll(plain, { ...parameters, hint })).rows).toEqual([['Ann']])
    }
  })

  it('names the database that the data source lacks', async () => {
    const { database: _, ...source } = plain.dataSource()
    await using session = await openReader({ collectionName: 'c', column: ['_id'] }, source)
    await expect(session.check({ signal: never })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'data source "test" names no database',
    })
  })
})

describe('connecting', () => {
  const properties = { authDb: 'admin' }

  it('says that the password is wrong, and does not show it', async () => {
    const error = await errorOf({}, database.dataSource({ user: 'reader', password: 'wrong-4711' }))
    expect(error).toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      message: expect.stringMatching(/^connecting to mongodb at .* as reader: /) as string,
      hint: expect.stringContaining('authDb') as string,
    })
    expect(JSON.stringify([error.message, error.hint, error.stack])).not.toContain('wrong-4711')
  })

  it('says that a user may not read', async () => {
    expect(
      await errorOf({}, database.dataSource({ user: 'reader', password, properties })),
    ).toMatchObject({
      code: expect.stringMatching(/^SOURCE_(?:NOT_PERMITTED|OBJECT_MISSING)$/) as string,
      message: expect.stringContaining('customers') as string,
    })
  })

  it('says that nobody logged in', async () => {
    const { user: _, password: __, ...source } = database.dataSource()
    await using session = await openReader({ collectionName: 'customers', column: ['_id'] }, source)
    await expect(session.check({ signal: never })).rejects.toMatchObject({
      code: 'SOURCE_NOT_PERMITTED',
    })
  })

  it('names the replica set that the server is in', async () => {
    const wrong = { ...properties, replicaSet: 'rs9', connectTimeout: '500' }
    expect(await errorOf({}, database.dataSource({ properties: wrong }))).toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      message: expect.stringContaining(
        'is in the replica set "rs0", the data source asks for "rs9"',
      ) as string,
      hint: expect.stringContaining('replicaSet') as string,
    })
  })

  it('says where nobody listens', async () => {
    const hosts = [{ host: '127.0.0.1', port: 1 }]
    const error = await errorOf(
      {},
      database.dataSource({ hosts, properties: { connectTimeout: '300' } }),
    )
    expect(error).toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      message: expect.stringContaining('connecting to mongodb at 127.0.0.1:1') as string,
    })
    expect(error.message).toContain('ECONNREFUSED')
  })

  it('gives up a server that says nothing after connectTimeout', async () => {
    const silent = createServer()
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    const hosts = [{ host: '127.0.0.1', port }]
    const error = await errorOf(
      {},
      database.dataSource({ hosts, properties: { connectTimeout: '300' } }),
    )
    expect(error.code).toBe('SOURCE_UNREACHABLE')
    silent.close()
  })

  it('refuses properties that the driver does not take', async () => {
    expect(
      await errorOf({}, database.dataSource({ properties: { readPreference: 'whatever' } })),
    ).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('data source "test"') as string,
    })
  })
})
