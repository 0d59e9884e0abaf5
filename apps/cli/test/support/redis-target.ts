import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { makeJobFolder, type JobFolder } from './job-folder.ts'
import { startPrivateRedis, type PrivateRedis } from './private-redis.ts'

/** The Redis that the jobs of a test file write to. */
export interface RedisTarget {
  readonly server: PrivateRedis
  readonly client: Redis
  /** A job folder whose data source `r` is this Redis. */
  folder(dataSources?: Readonly<Record<string, unknown>>): JobFolder
}

/** Starts a private Redis for the test file, empties it before each test and stops it in the end. */
export function useRedisTarget(): RedisTarget {
  let server: PrivateRedis | undefined
  const started = () => {
    if (server === undefined) throw new Error('the Redis is started by beforeAll: use it in tests')
    return server
  }
  beforeAll(async () => {
    server = await startPrivateRedis()
  })
  beforeEach(async () => {
    await started().clear()
  })
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
  })
  return {
    get server() {
      return started()
    },
    get client() {
      return started().client
    },
    folder: (dataSources = {}) =>
      makeJobFolder({ r: { type: 'redis', url: started().url }, ...dataSources }),
  }
}
