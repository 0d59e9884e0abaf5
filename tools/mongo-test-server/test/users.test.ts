import { MongoClient } from 'mongodb'
import { expect, it, onTestFinished } from 'vitest'
import { serve } from './served.ts'

const users = [
  { name: 'root', password: 'all=of,it', roles: [{ role: 'root', db: 'admin' }] },
  { name: 'reader', password: 'pässwörd', roles: [{ role: 'read', db: 'shop' }] },
  {
    name: 'keeper',
    password: 'k',
    roles: [
      { role: 'readAnyDatabase', db: 'admin' },
      { role: 'clusterManager', db: 'admin' },
    ],
  },
]

const root = { auth: { username: 'root', password: 'all=of,it' } }

/** @returns a client that logs in as somebody else */
async function as(url: string, username: string, password: string) {
  const client = new MongoClient(url, { auth: { username, password } })
  onTestFinished(() => client.close())
  return await client.connect()
}

it('logs clients in by SCRAM-SHA-256', async () => {
  const { server, collection } = await serve({ users }, root)
  await collection().insertOne({ _id: 1 })
  const reader = await as(server.url, 'reader', 'pässwörd')
  expect(await reader.db('shop').collection('items').countDocuments()).toBe(1)
  const status = await reader.db('admin').command({ connectionStatus: 1 })
  expect(status['authInfo']).toEqual({
    authenticatedUsers: [{ user: 'reader', db: 'admin' }],
    authenticatedUserRoles: [{ role: 'read', db: 'shop' }],
  })
  await expect(as(server.url, 'reader', 'password')).rejects.toMatchObject({ code: 18 })
  await expect(as(server.url, 'nobody', 'x')).rejects.toMatchObject({ code: 18 })
})

it('serves nobody who has not logged in', async () => {
  const { server } = await serve({ users }, root)
  const client = new MongoClient(server.url)
  onTestFinished(() => client.close())
  expect(await client.db('admin').command({ ping: 1 })).toMatchObject({ ok: 1 })
  await expect(client.db('shop').collection('items').findOne()).rejects.toMatchObject({
    code: 13,
    codeName: 'Unauthorized',
  })
})

it('lets users do what their roles allow', async () => {
  const { server, collection } = await serve({ users }, root)
  await collection().insertMany([{ _id: 1 }, { _id: 2 }])
  const shop = (await as(server.url, 'reader', 'pässwörd')).db('shop')
  const other = (await as(server.url, 'reader', 'pässwörd')).db('other')
  const refused = { code: 13 }
  await expect(other.collection('x').findOne()).rejects.toMatchObject(refused)
  await expect(shop.collection('items').deleteMany({})).rejects.toMatchObject(refused)
  const split = { splitVector: 'shop.items', keyPattern: { _id: 1 }, maxChunkSizeBytes: 20 }
  await expect(shop.command(split)).rejects.toMatchObject(refused)
  await expect(shop.admin().serverStatus()).rejects.toMatchObject(refused)
  await expect(shop.client.watch().tryNext()).rejects.toMatchObject(refused)
  const keeper = await as(server.url, 'keeper', 'k')
  const { splitKeys } = await keeper.db('shop').command(split)
  expect(splitKeys).toEqual([{ _id: 2 }])
  const { databases } = await shop.admin().listDatabases()
  expect(databases.map(({ name }) => name)).toEqual(['shop'])
  expect(await keeper.db('other').collection('x').findOne()).toBeNull()
  expect(await keeper.watch([], { maxAwaitTimeMS: 20 }).tryNext()).toBeNull()
})
