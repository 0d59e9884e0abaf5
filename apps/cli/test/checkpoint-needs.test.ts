import { describe, expect } from 'vitest'

import { aclArguments } from './support/acl-arguments.ts'
import { expectClearError } from './support/clear-error.ts'
import { dataKeys } from './support/data-keys.ts'
import { redisJob, streamRows, type Parameters } from './support/jobs.ts'
import { pipelineFolder } from './support/pipeline-folder.ts'
import { startPrivateRedis } from './support/private-redis.ts'
import { test, type RedisTarget } from './support/redis-test.ts'
import { CommandReader, startProxy, type RespProxy } from './support/resp-proxy.ts'
import { makePostgresDatabase } from './support/test-database.ts'

const reader = streamRows(
  ['string', 'string'],
  [
    ['k1', 'a'],
    ['k2', 'b'],
    ['k1', 'c'],
  ],
)
const list = { writeMode: { type: 'list', mode: 'rpush' } }

/** A proxy that refuses some commands, or ends the connections on which they come. */
async function startProxyWithout(
  refused: readonly string[],
  { server: { port } }: RedisTarget,
  closes = false,
): Promise<RespProxy> {
  return await startProxy(port, (reset) => {
    const commands = new CommandReader()
    return {
      fromClient(bytes, client, server) {
        for (const command of commands.feed(bytes)) {
          if (!refused.includes(command.name)) server.write(command.bytes)
          else if (closes) reset()
          else client.write(`-ERR unknown command '${command.name}'\r\n`)
        }
      },
    }
  })
}

test('a proxy without transactions gets the tables of a pipeline, and no changes', async ({
  target,
}) => {
  await using proxy = await startProxyWithout(['MULTI', 'EXEC'], target)
  await using database = await makePostgresDatabase()
  await database.execute(
    'CREATE TABLE item (id int PRIMARY KEY, name text)',
    "INSERT INTO item VALUES (1, 'one')",
  )
  const url = target.url.replace(/:\d+\//, `:${proxy.port}/`)
  const pipeline = pipelineFolder({ ...target, url }, 'postgresql', database, {
    tables: { 'public.item': {} },
  })
  const followed = await pipeline.catchUp()
  expectClearError(followed, {
    exitCode: 3,
    code: 'TARGET_UNFIT',
    mentions: ['keeps no checkpoint in this target', '--snapshot-only'],
  })
  expect(await target.isEmpty()).toBe(true)
  for (const _ of ['first', 'again']) {
    const { exitCode, stderr, report } = await pipeline.run()
    expect(exitCode, stderr).toBe(0)
    expect(report).toMatchObject({ guarantee: 'at-least-once', recordsWritten: 1 })
  }
  expect(await target.client.hgetall('item:id:1')).toEqual({ id: '1', name: 'one' })
})

describe('a proxy that does not take', () => {
  test.for<[string, readonly string[], boolean]>([
    ['transactions', ['MULTI', 'EXEC'], false],
    ['watched keys and scripts', ['WATCH', 'EVAL'], false],
    ['scripts, and that closes connections', ['EVAL'], true],
  ])('%s is served without the guarantee', async ([, refused, closes], { target }) => {
    await using proxy = await startProxyWithout(refused, target, closes)
    const database = new URL(target.url).pathname.slice(1)
    const job = target.folder({
      p: { type: 'redis', host: '127.0.0.1', port: proxy.port, database },
    })
    const result = await job.run(redisJob({ reader, writer: { datasource: 'p', ...list } }))
    expect(result.exitCode, result.stderr).toBe(0)
    expect(result.stderr).toMatch(/does not take .*: the job runs without a checkpoint/)
    expect(result.report).toMatchObject({ status: 'complete', guarantee: 'at-least-once' })
    expect(await target.client.lrange('k1', 0, -1)).toEqual(['a', 'c'])
    expect(await target.client.keys('*')).toEqual(expect.arrayContaining(['k1', 'k2']))
    expect(await target.client.dbsize()).toBe(2)
    const expiring = { writeMode: { type: 'set' }, expireTime: { seconds: 1000 } }
    await target.client.del('k1', 'k2')
    const sets = await job.run(redisJob({ reader, writer: { datasource: 'p', ...expiring } }))
    expect(sets.exitCode, sets.stderr).toBe(0)
    expect(sets.stderr.includes('keys of another type that the job meets may get it')).toBe(
      refused.includes('EVAL'),
    )
    expect(await target.client.ttl('k1')).toBeGreaterThan(900)
    const resumed = await job.run(redisJob({ reader, writer: { datasource: 'p', ...list } }), {
      flags: ['--resume'],
    })
    expectClearError(resumed, {
      exitCode: 2,
      code: 'RESUME_UNDECIDED',
      mentions: ['there is nothing to resume'],
    })
  })
})

describe('a user who may not run', () => {
  test.for(['watch', 'multi', 'exec', 'eval'])('%s is told so', async (command, { target }) => {
    const user = `no-${command}`
    await target.client.call('ACL', 'SETUSER', user, 'on', '>p', '~*', '+@all', `-${command}`)
    const url = target.url.replace('redis://', `redis://${user}:p@`)
    const result = await target
      .folder({ r: { type: 'redis', url } })
      .run(redisJob({ reader, writer: list }))
    expectClearError(result, {
      exitCode: 3,
      code: 'TARGET_NOT_PERMITTED',
      mentions: [`does not permit ${command.toUpperCase()}`, `+${command}`],
    })
    expect(await target.isEmpty()).toBe(true)
  })
})

describe('the rule that check --connect prints is enough', () => {
  test.for<[string, Parameters]>([
    ['strings', { writeMode: { type: 'string' }, expireTime: { seconds: 1000 } }],
    ['lists that expire', { ...list, expireTime: { unixtime: 4_102_444_800 } }],
    ['sets over keys of another type', { writeMode: { type: 'set' } }],
    ['sorted sets', { writeMode: { type: 'zset' }, expireTime: { seconds: 1000 } }],
    [
      'hashes of a template',
      {
        keyIndexes: undefined,
        keyTemplate: 'a[*]:#{c0}',
        writeMode: { type: 'hash', mode: 'row' },
      },
    ],
  ])('for %s', async ([name, writer], { target }) => {
    const isZset = name === 'sorted sets'
    const rows = isZset
      ? streamRows(['string', 'long', 'string'], [['k1', 1, 'm']])
      : {
          ...reader,
          parameter: {
            ...reader.parameter,
            column: [
              { type: 'string', name: 'c0' },
              { type: 'string', name: 'c1' },
            ],
          },
        }
    const job = redisJob({ reader: rows, writer })
    const folder = target.folder()
    const { exitCode, stdout } = await folder.check(job, { flags: ['--connect'] })
    expect(exitCode, stdout).toBe(0)
    expect(stdout).toMatch(/^ {2}ACL SETUSER <user> /m)
    const user = `just-${target.url.split('/').at(-1)}`
    await target.client.call('ACL', 'SETUSER', user, '>p', ...aclArguments(stdout))
    if (name.startsWith('sets')) await target.client.set('k1', 'of another type')
    const url = target.url.replace('redis://', `redis://${user}:p@`)
    const limited = target.folder({ r: { type: 'redis', url } })
    const result = await limited.run(job)
    expect(result.exitCode, result.stderr).toBe(0)
    expect(result.stderr).not.toContain('NOPERM')
    expect(result.report).toMatchObject({ status: 'complete', recordsDirty: 0 })
    expect((await dataKeys(target.client)).length).toBeGreaterThan(0)
    // Nothing of it was refused behind the job's back, but looks that only help to say more beforehand.
    const optional = ['acl|dryrun', 'config|get', 'scan']
    const log = (await target.client.call('ACL', 'LOG')) as string[][]
    const refused = log.filter((entry) => entry[entry.indexOf('username') + 1] === user)
    const objects = refused.map((entry) => entry[entry.indexOf('object') + 1] ?? '')
    expect(objects.filter((object) => !optional.includes(object))).toEqual([])
  })
})

describe('a server that drops keys when its memory is full', () => {
  test.for<[string, Parameters]>([
    ['allkeys-lru', {}],
    ['volatile-ttl', { expireTime: { seconds: 100 } }],
  ])('%s is refused, unless that is allowed', async ([policy, writer], { target }) => {
    const settings = ['--maxmemory', '100mb', '--maxmemory-policy', policy]
    await using server = await startPrivateRedis(settings)
    const job = (extra: Parameters = {}) =>
      redisJob({ reader, writer: { datasource: 'full', ...writer, ...extra } })
    const folder = target.folder({ full: { type: 'redis', url: server.url } })
    expectClearError(await folder.run(job()), {
      exitCode: 3,
      code: 'TARGET_UNFIT',
      mentions: [policy, 'maxmemory 104857600', 'allowEviction: true'],
    })
    expect(await server.isEmpty()).toBe(true)
    const allowed = await folder.run(job({ allowEviction: 'true' }))
    expect(allowed.exitCode, allowed.stderr).toBe(0)
    expect(allowed.stderr).toContain('may drop')
  })

  test('does no harm with volatile keys when nothing of the job expires', async ({ target }) => {
    const settings = ['--maxmemory', '100mb', '--maxmemory-policy', 'volatile-lru']
    await using server = await startPrivateRedis(settings)
    const folder = target.folder({ full: { type: 'redis', url: server.url } })
    const result = await folder.run(redisJob({ reader, writer: { datasource: 'full' } }))
    expect(result.exitCode, result.stderr).toBe(0)
    expect(result.stderr).toContain('keeps nothing on disk')
    expect(result.stderr).not.toContain('may drop')
  })
})
