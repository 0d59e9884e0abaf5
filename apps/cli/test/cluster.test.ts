import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { aclArguments } from './support/acl-arguments.ts'
import { expectClearError, recognisablePassword } from './support/clear-error.ts'
import { hookEnvironment } from './support/fault-hooks.ts'
import { makeJobFolder, type CommandOptions, type JobFolder } from './support/job-folder.ts'
import { redisJob, streamRows, type Parameters } from './support/jobs.ts'
import { freePort } from './support/private-redis.ts'
import { startRedisCluster, type RedisCluster } from './support/redis-cluster.ts'
import { waitUntil } from './support/wait-until.ts'

let cluster: RedisCluster
let folder: JobFolder

beforeAll(async () => {
  cluster = await startRedisCluster({ password: recognisablePassword })
  const [, second] = cluster.masters
  const plain = {
    type: 'redis',
    host: '127.0.0.1',
    port: second?.port,
    password: recognisablePassword,
  }
  folder = makeJobFolder({
    r: cluster.dataSource(),
    plain,
    database: { ...cluster.dataSource(), database: '1' },
    halfDown: {
      ...plain,
      host: undefined,
      port: undefined,
      cluster: [`127.0.0.1:${await freePort()}`, `127.0.0.1:${second?.port}`],
    },
    loader: { ...cluster.dataSource(), user: 'loader', password: 'secret' },
  })
})
afterEach(async () => await cluster.clear())
afterAll(async () => {
  folder?.remove()
  await cluster?.[Symbol.asyncDispose]()
})

const rowCount = 1000
const joined = { valueFieldDelimiter: ',' }

function jobOf(writer: Parameters, setting: Parameters = {}) {
  const rows = Array.from({ length: rowCount }, (_, id) => [id, id % 7, `v${id}`])
  return redisJob({ reader: streamRows(['long', 'long', 'string'], rows), writer, setting })
}

/** How many keys each master holds. */
async function spread(): Promise<number[]> {
  return await Promise.all(cluster.masters.map(({ client }) => client.dbsize()))
}

describe('every kind of value arrives on the node of its slot', () => {
  const client = () => cluster.client
  test.for<[string, Parameters, (key: string) => Promise<unknown>, (id: number) => unknown]>([
    [
      'strings',
      { type: 'string', ...joined },
      (key) => client().get(key),
      (id) => `${id % 7},v${id}`,
    ],
    [
      'lists',
      { type: 'list', mode: 'rpush', ...joined },
      (key) => client().lrange(key, 0, -1),
      (id) => [`${id % 7},v${id}`],
    ],
    [
      'sets',
      { type: 'set', ...joined },
      (key) => client().smembers(key),
      (id) => [`${id % 7},v${id}`],
    ],
    [
      'sorted sets',
      { type: 'zset' },
      (key) => client().zrange(key, '0', '-1', 'WITHSCORES'),
      (id) => [`v${id}`, String(id % 7)],
    ],
    ['hashes', { type: 'hash' }, (key) => client().hgetall(key), (id) => ({ [id % 7]: `v${id}` })],
  ])('%s', async ([, writeMode, read, expected]) => {
    for (const expireTime of [undefined, { seconds: '1000' }]) {
      const result = await folder.run(jobOf({ writeMode, expireTime }))
      expect(result.exitCode, result.stderr).toBe(0)
      expect(result.report).toMatchObject({ recordsWritten: rowCount, recordsDirty: 0 })
      expect(result.report?.guarantee).toBe('at-least-once')
      expect(await cluster.keys()).toHaveLength(rowCount)
      for (const id of [0, 1, 500, 999]) {
        expect(await read(String(id))).toEqual(expected(id))
        const seconds = await cluster.client.ttl(String(id))
        if (expireTime === undefined) expect(seconds).toBe(-1)
        else expect(seconds).toBeGreaterThan(900)
      }
      for (const count of await spread()) expect(count).toBeGreaterThan(200)
      await cluster.clear()
    }
  })
})

describe('keys', () => {
  test('of a list keep the order of their elements', async () => {
    const rows = Array.from({ length: 5000 }, (_, at) => [at % 10, at])
    const writer = { writeMode: { type: 'list', mode: 'rpush' }, batchSize: 100 }
    const result = await folder.run(
      redisJob({ reader: streamRows(['long', 'long'], rows), writer }),
    )
    expect(result.exitCode, result.stderr).toBe(0)
    for (let key = 0; key < 10; key += 1) {
      const expected = Array.from({ length: 500 }, (_, at) => String(10 * at + key))
      expect(await cluster.client.lrange(String(key), 0, -1)).toEqual(expected)
    }
  })

  test('of another type are overwritten, with their expiry', async () => {
    for (const id of [3, 400]) await cluster.client.set(String(id), 'old')
    const writer = { writeMode: { type: 'set' }, expireTime: { seconds: 1000 } }
    const result = await folder.run(jobOf(writer))
    expect(result.exitCode, result.stderr).toBe(0)
    expect(result.stderr).toContain('2 keys held a value of another type')
    for (const id of [3, 4, 400]) {
      expect(await cluster.client.scard(String(id))).toBe(1)
      expect(await cluster.client.ttl(String(id))).toBeGreaterThan(900)
    }
  })

  test('of another type are told of, whichever masters have them', async () => {
    for (const id of [3, 4, 400, 900]) await cluster.client.set(String(id), 'old')
    const result = await folder.run(jobOf({ writeMode: { type: 'set' }, batchSize: 250 }))
    expect(result.exitCode, result.stderr).toBe(0)
    expect(result.stderr).toContain('2 of the first 250 keys of the job hold a value of another')
    expect(result.stderr).toContain('4 of the first 1000 keys of the job hold a value of another')
  })

  test('of another type make rows of lists dirty, and are left alone', async () => {
    for (const id of [3, 400]) await cluster.client.set(String(id), 'old')
    const writer = { writeMode: { type: 'list', mode: 'rpush' }, expireTime: { seconds: 1000 } }
    const result = await folder.run(jobOf(writer, { errorLimit: { record: 2 } }))
    expect(result.exitCode, result.stderr).toBe(0)
    expect(result.report).toMatchObject({ recordsWritten: rowCount - 2, recordsDirty: 2 })
    expect(await cluster.client.get('400')).toBe('old')
    expect(await cluster.client.ttl('400')).toBe(-1)
    expect(await cluster.client.ttl('401')).toBeGreaterThan(900)
  })

  test('with one hash tag all go to one node', async () => {
    const rows = Array.from({ length: rowCount }, (_, id) => [id, `{a}:${id}`, `v${id}`])
    const reader = streamRows(['long', 'string', 'string'], rows)
    const result = await folder.run(redisJob({ reader, writer: { keyIndexes: 1 } }))
    expect(result.exitCode, result.stderr).toBe(0)
    expect(await cluster.keys()).toHaveLength(rowCount)
    expect((await spread()).filter((count) => count >= rowCount)).toHaveLength(1)
  })

  test.for([{ type: 'list', mode: 'rpush' }, { type: 'set' }] as const)(
    'with one hash tag in the template are written with the checkpoint (%j)',
    async (writeMode) => {
      const rows = Array.from({ length: rowCount }, (_, id) => [id, `v${id}`])
      const reader = streamRows(['long', 'string'], rows)
      const column = [
        { type: 'long', name: 'id' },
        { type: 'string', name: 'v' },
      ]
      const named = { ...reader, parameter: { ...reader.parameter, column } }
      await cluster.client.set('{a}:3', 'old')
      const writer = {
        writeMode,
        keyIndexes: undefined,
        keyTemplate: '{a}:#{id}',
        expireTime: { seconds: 1000 },
      }
      const setting = { errorLimit: { record: 1 } }
      const job = redisJob({ reader: named, writer, setting })
      const result = await folder.run(job, { flags: ['--name', 'tagged'] })
      expect(result.exitCode, result.stderr).toBe(0)
      expect(await cluster.client.exists('millrace:{a}:tagged')).toBe(1)
      const isList = writeMode.type === 'list'
      expect(result.report).toMatchObject({ recordsDirty: isList ? 1 : 0 })
      expect(await cluster.client.type('{a}:3')).toBe(isList ? 'string' : 'set')
      expect(await cluster.client.ttl('{a}:4')).toBeGreaterThan(900)
      expect((await spread()).filter((count) => count > 0)).toHaveLength(1)
      const path = folder.pathOf('job.json')
      const status = await folder.millrace(['status', path, '--name', 'tagged', '--json'])
      expect(JSON.parse(status.stdout)).toMatchObject({ state: 'complete', owner: null })
      const checked = await folder.check(job, { flags: ['--connect', '--name', 'tagged'] })
      expect(checked.stdout).toContain('~{a}:*')
      expect(checked.stdout).toContain('~millrace:{a}:tagged')
      expect(checked.stdout).toContain('+cluster|slots')
    },
  )

  test('of one job name lead to a checkpoint that says when it is complete', async () => {
    const result = await folder.run(jobOf({}), { flags: ['--name', 'orders'] })
    expect(result.exitCode, result.stderr).toBe(0)
    expect(await cluster.client.exists('millrace:{orders}')).toBe(1)
    const path = folder.pathOf('job.json')
    const status = await folder.millrace(['status', path, '--name', 'orders', '--json'])
    expect(JSON.parse(status.stdout)).toMatchObject({ state: 'complete', owner: null })
    const again = await folder.run(jobOf({}), { flags: ['--name', 'orders', '--resume'] })
    expect(again.stderr).toContain('nothing to resume')
  })
})

test.for(['list', 'set'] as const)(
  'a slot on its way takes each %s once, wherever its key is by then',
  async (type) => {
    const [to, , from] = cluster.masters
    if (from === undefined || to === undefined) throw new Error('no masters')
    const tag = '{a}'
    const slot = await cluster.client.cluster('KEYSLOT', tag)
    expect(slot).toBeGreaterThan(11_000)
    for (let id = 0; id < 100; id += 1)
      await cluster.client.call(type === 'list' ? 'RPUSH' : 'SADD', `${tag}${id}`, 'old')
    const endMove = await cluster.beginMove(slot, 50, { from, to })
    try {
      const rows = Array.from({ length: 600 }, (_, at) => [`${tag}${at % 300}`, `v${at}`])
      const writeMode = type === 'list' ? { type, mode: 'rpush' } : { type }
      const reader = streamRows(['string', 'string'], rows)
      const result = await folder.run(redisJob({ reader, writer: { writeMode, batchSize: 50 } }))
      expect(result.exitCode, result.stderr).toBe(0)
      expect(result.report).toMatchObject({ recordsWritten: 600, recordsDirty: 0 })
      expect(await to.client.call('CLUSTER', 'COUNTKEYSINSLOT', slot)).toBe(250)
    } finally {
      await endMove()
    }
    for (let id = 0; id < 300; id += 1) {
      const key = `${tag}${id}`
      const values =
        type === 'list' ? await to.client.lrange(key, 0, -1) : await to.client.smembers(key)
      const expected = [...(id < 100 ? ['old'] : []), `v${id}`, `v${id + 300}`]
      expect(type === 'list' ? values : values.toSorted(), key).toEqual(
        type === 'list' ? expected : expected.toSorted(),
      )
    }
    await cluster.moveSlots([slot], to, from)
  },
)

describe('the data source', () => {
  test.for([
    ['names one node, with redisMode', { datasource: 'plain', redisMode: 'ClusterMode' }],
    [
      'names one node, with the other redisMode',
      { datasource: 'plain', redisMode: 'clusterDirectMode' },
    ],
    ['names a node that is down, too', { datasource: 'halfDown' }],
  ] as const)('%s', async ([, writer]) => {
    const result = await folder.run(jobOf(writer))
    expect(result.exitCode, result.stderr).toBe(0)
    expect(await cluster.keys()).toHaveLength(rowCount)
  })

  test('without redisMode is told what to set', async () => {
    const result = await folder.run(jobOf({ datasource: 'plain' }))
    expectClearError(result, {
      exitCode: 3,
      code: 'TARGET_UNFIT',
      mentions: ['node of a Redis cluster', '"redisMode": "ClusterMode"'],
    })
    expect(await cluster.keys()).toEqual([])
  })

  test('may not select a database', async () => {
    const result = await folder.run(jobOf({ datasource: 'database' }))
    expectClearError(result, {
      exitCode: 2,
      code: 'CONFIG_INVALID',
      mentions: ['only database 0', 'database 1'],
    })
  })

  test('may have a user with just the rights of the job', async () => {
    const named = { flags: ['--name', 'load'] }
    const keys = { keyIndexes: undefined, keyTemplate: 'row:#{id}', writeMode: { type: 'set' } }
    const jobFor = (datasource: string) => {
      const rows = Array.from({ length: rowCount }, (_, id) => [id, `v${id}`])
      const { parameter, ...reader } = streamRows(['long', 'string'], rows)
      const column = [
        { type: 'long', name: 'id' },
        { type: 'string', name: 'v' },
      ]
      return redisJob({
        reader: { ...reader, parameter: { ...parameter, column } },
        writer: { ...keys, datasource },
      })
    }
    const checked = await folder.check(jobFor('r'), { flags: ['--connect', ...named.flags] })
    expect(checked.exitCode, checked.stderr).toBe(0)
    const rule = aclArguments(checked.stdout)
    expect(rule).toEqual(expect.arrayContaining(['-@all', '+sadd', '+cluster|slots', '~row:*']))
    const setUser = async (rights: readonly string[]) => {
      for (const { client } of cluster.masters)
        await client.call('ACL', 'SETUSER', 'loader', 'reset', '>secret', ...rights)
    }
    await setUser(rule.filter((right) => right !== '+cluster|slots'))
    const refused = await folder.run(jobFor('loader'), named)
    expectClearError(refused, {
      exitCode: 3,
      code: 'TARGET_NOT_PERMITTED',
      mentions: ['CLUSTER SLOTS', '+cluster|slots'],
    })
    await setUser(rule)
    for (const { client } of cluster.masters) await client.call('ACL', 'LOG', 'RESET')
    await cluster.client.set('row:7', 'of another type')
    const result = await folder.run(jobFor('loader'), named)
    expect(result.exitCode, result.stderr).toBe(0)
    expect(result.stderr).not.toContain('may not')
    expect(await cluster.keys()).toHaveLength(rowCount)
    for (const { client } of cluster.masters) {
      const log = (await client.call('ACL', 'LOG')) as string[][]
      const objects = log.map((entry) => entry[entry.indexOf('object') + 1])
      // Looks that only help to say more beforehand.
      const optional = ['acl|dryrun', 'config|get', 'scan']
      expect(objects.filter((object) => !optional.includes(object ?? ''))).toEqual([])
    }
  })
})

test('check --connect looks at every master; preview at none', async () => {
  const checked = await folder.check(jobOf({}), { flags: ['--connect'] })
  expect(checked.exitCode, checked.stderr).toBe(0)
  const previewed = await folder.preview(jobOf({ redisMode: 'ClusterMode' }), {
    flags: ['--limit', '1'],
  })
  expect(previewed.stdout.trim()).toMatch(/^SET 0 /)
  const [, , third] = cluster.masters
  await third?.client.call('ACL', 'SETUSER', 'default', '-set')
  try {
    const refused = await folder.check(jobOf({}), { flags: ['--connect'] })
    expectClearError(refused, { exitCode: 3, mentions: [`127.0.0.1:${third?.port}`, 'SET'] })
  } finally {
    await third?.client.call('ACL', 'SETUSER', 'default', '+set')
  }
})

test('check --connect tells once what is the same of all masters, and names those it is true of', async () => {
  const [first, second, third] = cluster.masters
  for (const node of [first, third])
    await node?.client.config('SET', 'maxmemory-policy', 'allkeys-lru', 'maxmemory', '1gb')
  try {
    const refused = await folder.check(jobOf({}), { flags: ['--connect'] })
    expectClearError(refused, { exitCode: 3, mentions: ['may drop rows'] })
    const { exitCode, stdout, stderr } = await folder.check(jobOf({ allowEviction: true }), {
      flags: ['--connect'],
    })
    const lines = `${stdout}${stderr}`.split('\n')
    expect(exitCode, stderr).toBe(0)
    const linesOf = (text: string) => lines.filter((line) => line.includes(text))
    const [dropping = '', ...others] = linesOf('may drop rows')
    expect(others).toEqual([])
    expect(dropping).toContain(`127.0.0.1:${first?.port}, 127.0.0.1:${third?.port} (data source r)`)
    expect(dropping).not.toContain(`:${second?.port}`)
    const [keepsNothing = '', ...further] = linesOf('keeps nothing on disk')
    expect(further).toEqual([])
    for (const { port } of cluster.masters) expect(keepsNothing).toContain(`127.0.0.1:${port}`)
  } finally {
    for (const { client } of cluster.masters)
      await client.config('SET', 'maxmemory-policy', 'noeviction', 'maxmemory', '0')
  }
})

test('a cluster that lacks a part is refused before anything is written', async () => {
  const [first] = cluster.masters
  await first?.client.call('CLUSTER', 'DELSLOTS', '5')
  try {
    const result = await folder.run(jobOf({}))
    expectClearError(result, {
      exitCode: 3,
      code: 'TARGET_UNFIT',
      mentions: ['nobody serves 1 of its 16384 slots'],
    })
  } finally {
    await first?.client.call('CLUSTER', 'ADDSLOTS', '5')
    await waitUntil('the cluster is complete', async () => {
      const infos = await Promise.all(cluster.masters.map(({ client }) => client.cluster('INFO')))
      return infos.every((info) => info.includes('cluster_state:ok'))
    })
  }
})

test('TLS holds for every node, and announced names may lead elsewhere', async () => {
  const certificates = mkdtempSync(join(tmpdir(), 'millrace-tls-'))
  try {
    const key = join(certificates, 'key.pem')
    const cert = join(certificates, 'cert.pem')
    const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2']
    await promisify(execFile)('openssl', [
      ...request,
      '-subj',
      '/CN=localhost',
      ...names,
      '-keyout',
      key,
      '-out',
      cert,
    ])
    await using secured = await startRedisCluster({ tls: { key, cert } })
    const announced = secured.masters.map(({ tlsPort }) => `127.0.0.1:${tlsPort}`)
    const [seed] = announced
    // Every node but the first is reached under another name.
    const natMap = secured.masters
      .map(({ tlsPort }) => `127.0.0.1:${tlsPort}=localhost:${tlsPort}`)
      .join(',')
    const job = makeJobFolder({
      r: { type: 'redis', cluster: [seed], tls: { ca: cert }, properties: { natMap } },
      distrusted: { type: 'redis', cluster: [seed], tls: true },
    })
    try {
      const refused = await job.run(jobOf({ datasource: 'distrusted' }))
      expectClearError(refused, {
        exitCode: 3,
        code: 'TARGET_UNREACHABLE',
        mentions: ['certificate'],
      })
      const result = await job.run(jobOf({}))
      expect(result.exitCode, result.stderr).toBe(0)
      const counts = await Promise.all(secured.masters.map(({ client }) => client.dbsize()))
      // The checkpoint of the job is a key as well.
      expect(counts.reduce((sum, count) => sum + count)).toBe(rowCount + 1)
    } finally {
      job.remove()
    }
  } finally {
    rmSync(certificates, { recursive: true, force: true })
  }
})

test('a replay into lists that was killed goes on only when elements may be repeated', async () => {
  const keys = Array.from({ length: 20 }, (_, at) => `k${at}`)
  for (const key of keys) await cluster.client.set(key, 'mine')
  const reader = streamRows(
    ['string', 'string'],
    keys.map((key) => [key, `value of ${key}`]),
  )
  const writer = { writeMode: { type: 'list', mode: 'rpush' }, batchSize: 3 }
  const setting = { errorLimit: { record: 100 } }
  const { report, stderr } = await folder.run(redisJob({ reader, writer, setting }))
  expect(report, stderr).toMatchObject({ recordsDirty: 20 })
  for (const key of keys) await cluster.client.del(key)
  const replay = async (flags: readonly string[], options: CommandOptions = {}) =>
    await folder.millrace(
      ['replay', report?.dirtyFile ?? '', '--job', folder.pathOf('job.json'), ...flags],
      options,
    )
  const fault = { place: 'after-reply', action: 'kill', atReach: 3 } as const
  const killed = await replay([], { env: hookEnvironment({ fault }) })
  expect(killed.exitCode, killed.stderr).toBeNull()
  expectClearError(await replay([]), {
    exitCode: 2,
    mentions: ['[RESUME_UNDECIDED]', '--allow-duplicates', '--restart'],
  })
  const last = await replay(['--allow-duplicates'])
  expect(last.exitCode, last.stderr).toBe(0)
  for (const key of keys)
    expect(new Set(await cluster.client.lrange(key, 0, -1))).toEqual(new Set([`value of ${key}`]))
})
