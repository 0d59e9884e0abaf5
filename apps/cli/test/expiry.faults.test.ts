import { afterAll, beforeAll, describe, expect } from 'vitest'
import { hookEnvironment } from './support/fault-hooks.ts'
import { makeJobFolder } from './support/job-folder.ts'
import { redisJob, streamRows, type Parameters } from './support/jobs.ts'
import { startRedisCluster, type RedisCluster } from './support/redis-cluster.ts'
import { test } from './support/redis-test.ts'
import { touchedKeys } from './support/wrong-types.ts'

const rowCount = 2000
const isForeign = (id: number) => id % 100 === 7
const ids = Array.from({ length: rowCount }, (_, id) => id)
const foreign = new Set(ids.filter(isForeign).map(String))
const killed = {
  env: hookEnvironment({ fault: { place: 'before-repair', action: 'kill', atReach: 1 } }),
}

const kinds: readonly [type: string, writer: Parameters][] = [
  ['set', { writeMode: { type: 'set' }, expireTime: { seconds: 10_000 } }],
  ['zset', { writeMode: { type: 'zset' }, expireTime: { unixtime: 4_102_444_800 } }],
  ['hash', { writeMode: { type: 'hash' }, expireTime: { seconds: 10_000 } }],
]

function jobOf(writer: Parameters) {
  const rows = ids.map((id) => [id, id % 7, `v${id}`])
  const reader = streamRows(['long', 'long', 'string'], rows)
  return redisJob({ reader, writer: { ...writer, batchSize: 250, valueFieldDelimiter: ',' } })
}

describe('killed between the refusal of a row and its repair', () => {
  test.for(kinds)(
    'a %s leaves keys that are not its own as they were',
    async ([type, writer], { target }) => {
      for (const key of foreign) await target.client.set(key, 'theirs')
      const folder = target.folder()
      const first = await folder.run(jobOf(writer), killed)
      expect(first.exitCode, first.stderr).toBe(null)
      // Rows of the same batch were written, with their expiry.
      expect(await target.client.ttl('8')).toBeGreaterThan(9000)
      expect(await touchedKeys(target.client, foreign)).toEqual([])
      const second = await folder.run(jobOf(writer), { flags: ['--resume'] })
      expect(second.exitCode, second.stderr).toBe(0)
      for (const id of ids) {
        expect(await target.client.type(String(id))).toBe(type)
        expect(await target.client.ttl(String(id))).toBeGreaterThan(9000)
      }
    },
  )
})

describe('killed between the refusal of a row and its repair on a cluster', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await startRedisCluster()
  })
  afterAll(async () => await cluster?.[Symbol.asyncDispose]())

  test.for(kinds)('a %s leaves keys that are not its own as they were', async ([type, writer]) => {
    const { client } = cluster
    for (const key of foreign) await client.set(key, 'theirs')
    const folder = makeJobFolder({ r: cluster.dataSource() })
    try {
      const first = await folder.run(jobOf(writer), killed)
      expect(first.exitCode, first.stderr).toBe(null)
      expect(await client.ttl('8')).toBeGreaterThan(9000)
      for (const key of foreign) {
        expect(await client.get(key)).toBe('theirs')
        expect(await client.ttl(key), key).toBe(-1)
      }
      const second = await folder.run(jobOf(writer), { flags: ['--resume'] })
      expect(second.exitCode, second.stderr).toBe(0)
      for (const id of ids) {
        expect(await client.type(String(id))).toBe(type)
        expect(await client.ttl(String(id))).toBeGreaterThan(9000)
      }
    } finally {
      folder.remove()
      await cluster.clear()
    }
  })
})
