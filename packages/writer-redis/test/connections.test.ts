import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { DataSource } from '@millrace/core/plugin'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort, startRedis, type PrivateRedis } from './redis-server.ts'
import { openWriter, schemaOf, TestLogger, textBatch, writeBatch, writeRows } from './write-rows.ts'

const password = 'pass word/%"'
let server: PrivateRedis
let redis: Redis
let certificates: string

beforeAll(async () => {
  certificates = await mkdtemp(join(tmpdir(), 'millrace-tls-'))
  await promisify(execFile)('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=DNS:localhost,IP:127.0.0.1',
    '-keyout',
    join(certificates, 'key.pem'),
    '-out',
    join(certificates, 'cert.pem'),
  ])
  server = await startRedis(
    ['--requirepass', password, '--unixsocket', join(certificates, 'redis.sock')],
    { password },
  )
  redis = new Redis({ port: server.port, password })
  await redis.call(
    'ACL',
    'SETUSER',
    'loader',
    'on',
    '>secret',
    '~data:*',
    '+set',
    '+select',
    '+client',
  )
  await redis.call(
    'ACL',
    'SETUSER',
    'reader',
    'on',
    '>secret',
    '~*',
    '+@read',
    '+ping',
    '+acl|dryrun',
  )
  await redis.call('ACL', 'SETUSER', 'open', 'on', 'nopass', '~*', '+@all')
})
afterAll(async () => {
  redis?.disconnect()
  await server?.[Symbol.asyncDispose]()
  await rm(certificates, { recursive: true, force: true })
})

const at = (extra: Partial<DataSource> = {}): Partial<DataSource> => ({
  hosts: [{ host: '127.0.0.1', port: server.port }],
  password,
  ...extra,
})

async function codeOf(
  work: Promise<unknown>,
): Promise<{ code: string; message: string; hint: string }> {
  try {
    await work
  } catch (error) {
    const { code, message, hint } = error as { code: string; message: string; hint: string }
    expect(`${message} ${hint}`).not.toContain(password)
    return { code, message, hint }
  }
  throw new Error('nothing was thrown')
}

describe('database', () => {
  it('is selectDatabase, else that of the data source', async () => {
    await writeRows({ selectDatabase: '3' }, at({ database: '2' }), [['db3', 'v']])
    await writeRows({}, at({ database: '2' }), [['db2', 'v']])
    await redis.select(3)
    expect(await redis.keys('db*')).toEqual(['db3'])
    await redis.select(2)
    expect(await redis.keys('db*')).toEqual(['db2'])
    await redis.select(0)
    expect(await redis.keys('db*')).toEqual([])
  })

  it('has to be there', async () => {
    const { code, message } = await codeOf(writeRows({ selectDatabase: '99' }, at(), [['k', 'v']]))
    expect(code).toBe('TARGET_UNFIT')
    expect(message).toContain('DB index is out of range')
    expect(message).toContain('16 databases (0 to 15)')
    await using session = await openWriter({ selectDatabase: 99 }, at())
    expect(await codeOf(writeBatch(session, textBatch([['k', 'v']])))).toMatchObject({
      code: 'TARGET_UNFIT',
    })
  })
})

describe('credentials', () => {
  it.each([
    ['wrong', { password: 'wrong' }],
    ['wrong user', { user: 'nobody', password: 'wrong' }],
    ['none', { password: undefined as unknown as string }],
  ])('that are %s are refused at once, on both paths', async (_, extra) => {
    const { code, message } = await codeOf(writeRows({}, at(extra), [['k', 'v']]))
    expect(code).toBe('TARGET_UNREACHABLE')
    expect(message).toMatch(/WRONGPASS|NOAUTH/)
    await using session = await openWriter({}, at(extra))
    expect(await codeOf(writeBatch(session, textBatch([['k', 'v']])))).toMatchObject({
      code: 'TARGET_UNREACHABLE',
    })
  })

  it('of a user with just the rights of the job are enough', async () => {
    const loader = at({ user: 'loader', password: 'secret', database: '1' })
    expect(await writeRows({}, loader, [['data:1', 'v']])).toMatchObject({ written: 1 })
    expect(
      await writeRows({}, at({ user: 'open', password: '' }), [['data:2', 'v']]),
    ).toMatchObject({ written: 1 })
  })

  it('without a right name the command', async () => {
    const reader = at({ user: 'reader', password: 'secret' })
    const checked = await codeOf(writeRows({}, reader, [['k', 'v']]))
    expect(checked.code).toBe('TARGET_NOT_PERMITTED')
    expect(checked.message).toMatch(/SET/)
    const loader = at({ user: 'loader', password: 'secret' })
    await using session = await openWriter({ writeMode: { type: 'set' } }, loader)
    const written = await codeOf(writeBatch(session, textBatch([['data:3', 'v']])))
    expect(written.code).toBe('TARGET_NOT_PERMITTED')
    expect(written.message).toMatch(/SADD/)
    expect(written.message).not.toContain('data:3')
    expect(await codeOf(writeBatch(session, textBatch([['data:4', 'v']])))).toMatchObject({
      code: 'TARGET_NOT_PERMITTED',
    })
  })

  it('that fail leave no connection, whatever was to be written next', async () => {
    const loader = at({ user: 'loader', password: 'secret' })
    const session = await openWriter({ writeMode: { type: 'set' } }, loader)
    for (const name of ['data:5', 'data:6']) {
      const { code } = await codeOf(writeBatch(session, textBatch([[name, 'v']])))
      expect(code).toBe('TARGET_NOT_PERMITTED')
      await expect.poll(async () => await redis.client('LIST')).not.toContain('user=loader')
    }
    await session[Symbol.asyncDispose]()
  })

  it('without a right on the keys fail, too', async () => {
    const loader = at({ user: 'loader', password: 'secret' })
    const { code } = await codeOf(writeRows({}, loader, [['other', 'v']]))
    expect(code).toBe('TARGET_NOT_PERMITTED')
  })
})

describe('places', () => {
  it('may be a unix socket', async () => {
    const socket = { hosts: [], socketPath: join(certificates, 'redis.sock'), password }
    expect(await writeRows({}, socket, [['unix', 'v']])).toMatchObject({ written: 1 })
    expect(await redis.get('unix')).toBe('v')
  })

  it('are tried in order', async () => {
    const hosts = [
      { host: '127.0.0.1', port: 1 },
      { host: '127.0.0.1', port: server.port },
    ]
    expect(await writeRows({}, at({ hosts }), [['second', 'v']])).toMatchObject({ written: 1 })
  })

  it('that refuse connections are named at once', async () => {
    const hosts = [{ host: '127.0.0.1', port: 1 }]
    const { code, message } = await codeOf(writeRows({}, { hosts }, [['k', 'v']]))
    expect(code).toBe('TARGET_UNREACHABLE')
    expect(message).toMatch(/127\.0\.0\.1:1 \(data source .*\): .*ECONNREFUSED/)
    await using session = await openWriter({}, { hosts })
    expect(await codeOf(writeBatch(session, textBatch([['k', 'v']])))).toMatchObject({
      code: 'TARGET_UNREACHABLE',
    })
  })

  it('may use TLS, verified or not', async () => {
    const [cert, key] = [join(certificates, 'cert.pem'), join(certificates, 'key.pem')]
    await using secure = await startRedis([
      '--tls-cert-file',
      cert,
      '--tls-key-file',
      key,
      '--tls-ca-cert-file',
      cert,
      '--tls-auth-clients',
      'no',
    ])
    const control = new Redis({ port: secure.port })
    const tlsPort = await freePort()
    await control.config('SET', 'tls-port', String(tlsPort))
    control.disconnect()
    const ca = await readFile(cert, 'utf8')
    const hosts = [{ host: 'localhost', port: tlsPort }]
    const verified = { hosts, tls: { ca, rejectUnauthorized: true } }
    expect(await writeRows({}, verified, [['a', 'v']])).toMatchObject({ written: 1 })
    expect(
      await writeRows({}, { hosts, tls: { rejectUnauthorized: false } }, [['b', 'v']]),
    ).toMatchObject({ written: 1 })
    const { code } = await codeOf(
      writeRows({}, { hosts, tls: { rejectUnauthorized: true } }, [['c', 'v']]),
    )
    expect(code).toBe('TARGET_UNREACHABLE')
  })
})

describe('fitness', () => {
  it('a replica is refused', async () => {
    await using replica = await startRedis(['--replicaof', '127.0.0.1', '1'])
    const hosts = [{ host: '127.0.0.1', port: replica.port }]
    const { code, message } = await codeOf(writeRows({}, { hosts }, [['k', 'v']]))
    expect(code).toBe('TARGET_UNFIT')
    expect(message).toMatch(/is a replica of 127\.0\.0\.1:1/)
  })

  it('a cluster node has to be named as one', async () => {
    await using node = await startRedis(['--cluster-enabled', 'yes'])
    const hosts = [{ host: '127.0.0.1', port: node.port }]
    const { code, message, hint } = await codeOf(writeRows({}, { hosts }, [['k', 'v']]))
    expect(code).toBe('TARGET_UNFIT')
    expect(message).toMatch(/is a node of a Redis cluster/)
    expect(hint).toContain('"redisMode": "ClusterMode"')
    const alone = await codeOf(writeRows({ redisMode: 'ClusterMode' }, { hosts }, [['k', 'v']]))
    expect(alone.message).toMatch(/knows of no slots/)
  })

  it('a single Redis is no cluster', async () => {
    const { code, message, hint } = await codeOf(
      writeRows({ redisMode: 'ClusterMode' }, at(), [['k', 'v']]),
    )
    expect(code).toBe('TARGET_UNFIT')
    expect(message).toMatch(/is not a node of a cluster/)
    expect(hint).toContain('redisMode')
  })

  it('of a cluster are its database, its addresses and no socket', async () => {
    const cluster = [{ host: '127.0.0.1', port: server.port }]
    const database = await codeOf(writeRows({}, { cluster, database: '1' }, [['k', 'v']]))
    expect(database.code).toBe('CONFIG_INVALID')
    expect(database.message).toMatch(/only database 0/)
    const natMap = { natMap: '10.0.0.1=127.0.0.1:7001' }
    const addresses = await codeOf(writeRows({}, { cluster, properties: natMap }, [['k', 'v']]))
    expect(addresses.code).toBe('CONFIG_INVALID')
    expect(addresses.message).toMatch(/natMap holds "10\.0\.0\.1=127\.0\.0\.1:7001"/)
    const socket = await codeOf(
      writeRows({ redisMode: 'ClusterMode' }, { socketPath: '/x' }, [['k', 'v']]),
    )
    expect(socket.message).toMatch(/unix socket/)
  })

  it('that could not be looked at is told, with the commands', async () => {
    const loader = at({ user: 'loader', password: 'secret' })
    const { findings } = await writeRows({}, loader, [['data:1', 'v']])
    expect(findings).toEqual([
      expect.objectContaining({ severity: 'warning', hint: 'ACL SETUSER <user> +role +info' }),
    ])
    expect(findings[0]?.message).toMatch(/does not answer ROLE and INFO .*replica.*drop keys/)
    await redis.call('ACL', 'SETUSER', 'loader', '+role')
    const [second] = (await writeRows({}, loader, [['data:1', 'v']])).findings
    expect(second?.message).toMatch(/does not answer INFO/)
    await redis.call('ACL', 'SETUSER', 'loader', '-role')
  })

  it('columns are compared with the source', async () => {
    await using session = await openWriter({ keyIndexes: 7 }, at())
    const findings = await session.check([schemaOf(['int', 'string'])], {
      signal: new AbortController().signal,
    })
    expect(findings.map((finding) => finding.message).join()).toMatch(
      /column index 7 is out of range/,
    )
    expect(await codeOf(writeBatch(session, textBatch([['k', 'v']])))).toMatchObject({
      code: 'CONFIG_INVALID',
    })
  })
})

it('a job is written over one connection, on which its first keys are looked at, too', async () => {
  const opened = async () =>
    Number(/^total_connections_received:(\d+)/m.exec(await redis.info('stats'))?.[1])
  await redis.rpush('foreign', 'old')
  const before = await opened()
  const logger = new TestLogger()
  const hosts = [{ host: '127.0.0.1', port: server.port }]
  await using session = await openWriter(
    { writeMode: { type: 'set' } },
    { hosts, password },
    { logger },
  )
  await Promise.all([
    writeBatch(session, textBatch([['foreign', 'a']])),
    writeBatch(session, textBatch([['other', 'b']])),
  ])
  expect(logger.lines[0]).toContain('1 of the first 1 keys')
  expect(await opened()).toBe(before + 1)
  await redis.del('foreign', 'other')
})
