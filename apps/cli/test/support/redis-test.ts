import { Redis } from 'ioredis'
import { test as base } from 'vitest'
import { makeJobFolder, type JobFolder } from './job-folder.ts'
import { startPrivateRedis, type PrivateRedis } from './private-redis.ts'
import { dataKeyCount } from './data-keys.ts'

/** A database of the test file's Redis that no other test uses, so that tests may run side by side. */
export interface RedisTarget {
  /** The Redis of the test file. */
  readonly server: PrivateRedis
  /** A client of the test's own database. */
  readonly client: Redis
  /** URL of the test's own database. */
  readonly url: string
  /** A job folder, removed after the test, whose data source `r` is the test's own database. */
  folder(dataSources?: Readonly<Record<string, unknown>>): JobFolder
  /** Whether the database holds no key. */
  isEmpty(): Promise<boolean>
  /** Empties the database. */
  clear(): Promise<void>
}

const databaseCount = 256
/** Databases below this one are left to tests that name one. */
let nextDatabase = 16

/** `test` with a Redis per file and a database of it per test, as `target`. */
export const test = base
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the dependencies from the pattern
  .extend('server', { scope: 'file' }, async ({}, { onCleanup }): Promise<PrivateRedis> => {
    const server = await startPrivateRedis(['--databases', String(databaseCount)])
    onCleanup(() => server[Symbol.asyncDispose]())
    return server
  })
  .extend('target', async ({ server }, { onCleanup }): Promise<RedisTarget> => {
    const url = server.url.replace(/\/0$/, `/${nextDatabase}`)
    nextDatabase += 1
    const client = new Redis(url)
    const folders: JobFolder[] = []
    onCleanup(() => {
      client.disconnect()
      for (const folder of folders) folder.remove()
    })
    return {
      server,
      client,
      url,
      folder(dataSources = {}) {
        const folder = makeJobFolder({ r: { type: 'redis', url }, ...dataSources })
        folders.push(folder)
        return folder
      },
      isEmpty: async () => (await dataKeyCount(client)) === 0,
      clear: async () => void (await client.flushdb()),
    }
  })
