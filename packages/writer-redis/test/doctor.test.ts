import type { DataSource, Finding } from '@millrace/core/plugin'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startRedis, type PrivateRedis } from './redis-server.ts'
import { openWriter, schemaOf } from './write-rows.ts'

let server: PrivateRedis
let redis: Redis

beforeAll(async () => {
  server = await startRedis()
  redis = new Redis({ port: server.port })
})
beforeEach(async () => void (await redis.flushall()))
afterAll(async () => {
  redis?.disconnect()
  await server?.[Symbol.asyncDispose]()
})

const template = { keyIndexes: undefined, keyTemplate: 'user:#{c0}', writeMode: { type: 'set' } }

async function findingsOf(
  parameters: Record<string, unknown>,
  dataSource: Partial<DataSource> = {},
  options: { readonly follows?: boolean } = {},
): Promise<readonly Finding[]> {
  const hosts = [{ host: '127.0.0.1', port: server.port }]
  await using session = await openWriter(
    parameters,
    { hosts, ...dataSource },
    { job: 'load', ...options },
  )
  return await session.check([schemaOf(['string', 'string'])], {
    signal: new AbortController().signal,
  })
}

const warned = (findings: readonly Finding[], text: string) =>
  findings.find(({ message }) => message.includes(text))

describe('what is told of a server before the start names the fix', () => {
  it('where it keeps nothing on disk', async () => {
    const finding = warned(await findingsOf({}), 'keeps nothing on disk')
    expect(finding).toMatchObject({ severity: 'warning' })
    expect(finding?.hint).toContain('CONFIG SET appendonly yes')
  })

  it('where it may drop keys', async () => {
    await redis.config('SET', 'maxmemory', '1gb')
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru')
    try {
      await expect(findingsOf({})).rejects.toMatchObject({
        code: 'TARGET_UNFIT',
        hint: expect.stringContaining('CONFIG SET maxmemory-policy noeviction') as string,
      })
      const finding = warned(await findingsOf({ allowEviction: true }), 'may drop rows')
      expect(finding?.hint).toContain('CONFIG SET maxmemory-policy noeviction')
    } finally {
      await redis.config('SET', 'maxmemory-policy', 'noeviction')
      await redis.config('SET', 'maxmemory', '0')
    }
  })

  it('where its memory is small', async () => {
    await redis.config('SET', 'maxmemory', '5mb')
    try {
      const finding = warned(await findingsOf({}), 'of maxmemory 5.0 MiB')
      expect(finding?.hint).toContain('CONFIG SET maxmemory')
    } finally {
      await redis.config('SET', 'maxmemory', '0')
    }
  })

  it('where keys of the job hold values of another type', async () => {
    for (const id of [1, 2]) await redis.set(`user:${id}`, 'old')
    await redis.sadd('user:3', 'm')
    await redis.rpush('other:1', 'x')
    const finding = warned(await findingsOf(template), 'another type')
    expect(finding?.message).toContain('2 of 3 keys like user:* ')
    expect(finding?.message).toContain('(2 string; the job writes set)')
    expect(finding?.hint).toContain("redis-cli --scan --pattern 'user:*'")
    expect(warned(await findingsOf({}), 'another type')).toBeUndefined()
  })
})

describe('rights that are missing are told before the start', () => {
  const loader = { user: 'loader', password: 'secret' }

  async function permit(...rights: readonly string[]): Promise<void> {
    await redis.call('ACL', 'SETUSER', 'loader', 'reset', 'on', '>secret', '+@all', ...rights)
  }

  const findings = async (options?: { readonly follows?: boolean }) =>
    await findingsOf(template, loader, options)

  it.each(['hgetall', 'hdel', 'eval', 'watch', 'exec', 'persist'])(
    'the checkpoint needs %s',
    async (command) => {
      await permit('~*', `-${command}`)
      await expect(findings()).rejects.toMatchObject({
        code: 'TARGET_NOT_PERMITTED',
        message: expect.stringContaining(command.toUpperCase()) as string,
      })
    },
  )

  it('the checkpoint needs its key', async () => {
    await permit('~user:*')
    await expect(findings()).rejects.toMatchObject({
      code: 'TARGET_NOT_PERMITTED',
      hint: expect.stringContaining('ACL SETUSER <user> ~millrace:{load}') as string,
    })
  })

  it('rows need their keys, as far as these are known', async () => {
    await permit('~millrace:*')
    const finding = warned(await findings(), 'does not permit SADD on keys like user:1')
    expect(finding?.hint).toContain('ACL SETUSER <user> ~user:1')
    await permit('~millrace:*', '~user:*')
    expect(warned(await findings(), 'does not permit')).toBeUndefined()
  })

  it('following changes needs to hear of requests, and to empty tables', async () => {
    await permit('~*', '-lrange')
    expect(warned(await findings(), 'does not permit')).toBeUndefined()
    await expect(findings({ follows: true })).rejects.toMatchObject({
      message: expect.stringContaining('LRANGE') as string,
    })
    await permit('~*', '-unlink')
    const finding = warned(await findings({ follows: true }), 'does not permit UNLINK')
    expect(finding?.hint).toContain('+unlink')
  })
})
