import { createServer, type Server } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { expectClearError, recognisablePassword } from './support/clear-error.ts'
import { redisJob, streamRows, type Parameters } from './support/jobs.ts'
import { startPasswordGate } from './support/password-gate.ts'
import { freePort, startPrivateRedis, type PrivateRedis } from './support/private-redis.ts'
import { test, type RedisTarget } from './support/redis-test.ts'
import {
  dataSourceOf,
  makeMysqlDatabase,
  makePostgresDatabase,
  type TestDatabase,
} from './support/test-database.ts'
import { dataKeyCount } from './support/data-keys.ts'

const databases = new Map<'mysql' | 'postgresql', TestDatabase>()
const rows = streamRows(['string', 'string'], [['k', 'v']])
const correctPassword = 'correct-horse-9'
let closed: PrivateRedis

beforeAll(async () => {
  databases.set('mysql', await makeMysqlDatabase())
  databases.set('postgresql', await makePostgresDatabase())
  for (const database of databases.values()) {
    await database.execute('CREATE TABLE t (id int PRIMARY KEY, v varchar(10))')
    await database.execute("INSERT INTO t VALUES (1, 'a')")
  }
  closed = await startPrivateRedis(['--requirepass', correctPassword], correctPassword)
})

afterAll(async () => {
  for (const database of databases.values()) await database[Symbol.asyncDispose]()
  await closed?.[Symbol.asyncDispose]()
})

function databaseOf(stepType: 'mysql' | 'postgresql'): TestDatabase {
  const database = databases.get(stepType)
  if (database === undefined) throw new Error(`no ${stepType} database`)
  return database
}

describe.concurrent('Redis', () => {
  test('case 27: selectDatabase writes there and nowhere else', async ({ target }) => {
    const { exitCode, stderr } = await target
      .folder()
      .run(redisJob({ reader: rows, writer: { selectDatabase: '3' } }))
    expect(exitCode, stderr).toBe(0)
    expect(await target.server.client.info('keyspace')).toMatch(/db3:keys=2,/)
    expect(await dataKeyCount(target.client)).toBe(0)
  })

  test('case 27: a database that is not there ends the job before anything is read', async ({
    target,
  }) => {
    const result = await target
      .folder()
      .run(redisJob({ reader: rows, writer: { selectDatabase: '999' } }))
    expectClearError(result, {
      exitCode: 3,
      code: 'TARGET_UNFIT',
      mentions: ['DB index is out of range', '999'],
    })
    expect(result.report).toMatchObject({ recordsRead: 0, recordsWritten: 0 })
  })

  test('a refused connection', async ({ target }) => {
    const port = await freePort()
    const folder = target.folder({ gone: { type: 'redis', host: '127.0.0.1', port } })
    const result = await folder.run(redisJob({ reader: rows, writer: { datasource: 'gone' } }))
    expectClearError(result, {
      exitCode: 3,
      code: 'TARGET_UNREACHABLE',
      mentions: [`127.0.0.1:${port}`, 'gone', 'refused'],
    })
  })

  test('a host that does not exist', async ({ target }) => {
    const folder = target.folder({ gone: { type: 'redis', host: 'no-such-host.invalid' } })
    const result = await folder.run(redisJob({ reader: rows, writer: { datasource: 'gone' } }))
    expectClearError(result, {
      exitCode: 3,
      code: 'TARGET_UNREACHABLE',
      mentions: ['no-such-host.invalid'],
    })
  })

  test.for<[string, Parameters]>([
    ['a wrong password', { password: recognisablePassword }],
    ['a missing password', {}],
    ['an unknown user', { user: 'nobody', password: recognisablePassword }],
  ])('%s', async ([, fields], { target }) => {
    const source = { type: 'redis', host: '127.0.0.1', port: closed.port, ...fields }
    const folder = target.folder({ closed: source })
    const result = await folder.run(redisJob({ reader: rows, writer: { datasource: 'closed' } }), {
      flags: ['--log-level', 'info'],
    })
    expectClearError(result, { exitCode: 3, mentions: ['closed', /password|WRONGPASS|NOAUTH/] })
    expect(['TARGET_UNREACHABLE', 'TARGET_NOT_PERMITTED']).toContain(result.report?.code)
    expect(await closed.isEmpty()).toBe(true)
  })

  test('the right password, in a file, a URL and an environment variable', async ({ target }) => {
    // A server of its own: tests beside this one look whether theirs stays empty.
    const start = startPrivateRedis(['--requirepass', correctPassword], correctPassword)
    await using server = await start
    const address = { type: 'redis', host: '127.0.0.1', port: server.port }
    const folder = target.folder({
      field: { ...address, password: correctPassword },
      variable: { ...address, password: '${env:CACHE_PASSWORD}' },
      url: { type: 'redis', url: `redis://:${correctPassword}@127.0.0.1:${server.port}/0` },
    })
    for (const datasource of ['field', 'variable', 'url']) {
      const job = redisJob({ reader: rows, writer: { datasource } })
      const { exitCode, stderr } = await folder.run(job, {
        env: { CACHE_PASSWORD: correctPassword },
      })
      expect(exitCode, stderr).toBe(0)
      expect(stderr).not.toContain(correctPassword)
    }
  })

  test('a user without the right to write: the missing permission is named', async ({ target }) => {
    await target.client.acl(
      'SETUSER',
      'reader',
      'on',
      `>${recognisablePassword}`,
      '~*',
      '+@read',
      '+@connection',
      '+info',
    )
    const folder = target.folder({
      limited: {
        type: 'redis',
        host: '127.0.0.1',
        port: target.server.port,
        user: 'reader',
        password: recognisablePassword,
      },
    })
    const result = await folder.run(redisJob({ reader: rows, writer: { datasource: 'limited' } }))
    expectClearError(result, {
      exitCode: 3,
      code: 'TARGET_NOT_PERMITTED',
      mentions: [/'?set'?/i],
    })
    expect(await target.isEmpty()).toBe(true)
  })

  test('a replica is refused', async ({ target }) => {
    const replica = await startPrivateRedis([
      '--replicaof',
      '127.0.0.1',
      String(target.server.port),
    ])
    try {
      const folder = target.folder({ copy: { type: 'redis', url: replica.url } })
      const result = await folder.run(redisJob({ reader: rows, writer: { datasource: 'copy' } }))
      expectClearError(result, { exitCode: 3, code: 'TARGET_UNFIT', mentions: [/replica/] })
    } finally {
      await replica[Symbol.asyncDispose]()
    }
  })
})

describe.concurrent.each(['mysql', 'postgresql'] as const)('%s', (stepType) => {
  const reader = { stepType, parameter: { datasource: 'source', table: 't', column: ['id', 'v'] } }

  test('a refused connection', async ({ target }) => {
    const port = await freePort()
    const source = dataSourceOf(stepType, databaseOf(stepType), {
      host: '127.0.0.1',
      port,
      password: recognisablePassword,
    })
    const result = await target.folder({ source }).run(redisJob({ reader }))
    expectClearError(result, {
      exitCode: 3,
      code: 'SOURCE_UNREACHABLE',
      mentions: [`127.0.0.1:${port}`, 'source', /refused/i],
    })
  })

  test('a wrong password', async ({ target }) => {
    const database = databaseOf(stepType)
    const user = await database.makeUser(correctPassword)
    // The private PostgreSQL of the tests trusts everybody.
    await using gate = stepType === 'postgresql' ? await startPasswordGate(user) : undefined
    const source = dataSourceOf(stepType, database, {
      user,
      password: recognisablePassword,
      ...(gate === undefined ? {} : { port: gate.port }),
    })
    const result = await target.folder({ source }).run(redisJob({ reader }))
    expectClearError(result, {
      exitCode: 3,
      code: 'SOURCE_UNREACHABLE',
      mentions: [user, /password|denied/i],
    })
    expect(await target.isEmpty()).toBe(true)
  })

  test('the right password', async ({ target }) => {
    const database = databaseOf(stepType)
    const user = await database.makeUser(correctPassword)
    const source = dataSourceOf(stepType, database, { user, password: correctPassword })
    const result = await target.folder({ source }).run(redisJob({ reader }))
    expect(result.exitCode, result.stderr).toBe(0)
    expect(JSON.stringify(result)).not.toContain(correctPassword)
    expect(await target.client.get('1')).toBe('a')
  })

  test('a database that is not there', async ({ target }) => {
    const source = dataSourceOf(stepType, databaseOf(stepType), { database: 'millrace_cli_absent' })
    const result = await target.folder({ source }).run(redisJob({ reader }))
    expectClearError(result, { exitCode: 3, mentions: ['millrace_cli_absent'] })
  })

  test('a table the user may not read names the right', async ({ target }) => {
    const database = databaseOf(stepType)
    const user = await database.makeUser(correctPassword)
    const table = `hidden_${user.slice(-6)}`
    await database.execute(`CREATE TABLE ${table} (id int, v varchar(10))`)
    if (stepType === 'mysql') return await expectMysqlDenied(target, database, table)
    const source = dataSourceOf(stepType, database, { user, password: correctPassword })
    const hidden = { stepType, parameter: { ...reader.parameter, table } }
    const result = await target.folder({ source }).run(redisJob({ reader: hidden }))
    expectClearError(result, {
      exitCode: 3,
      code: 'SOURCE_NOT_PERMITTED',
      mentions: [table, /SELECT/i],
    })
  })
})

/** On MySQL rights are given per database: a table of another one is out of reach. */
async function expectMysqlDenied(
  target: RedisTarget,
  database: TestDatabase,
  table: string,
): Promise<void> {
  const other = await makeMysqlDatabase()
  try {
    const user = await other.makeUser(correctPassword)
    const source = dataSourceOf('mysql', other, { user, password: correctPassword })
    const reader = {
      stepType: 'mysql',
      parameter: {
        datasource: 'source',
        table: `${database.name}.${table}`,
        column: ['id', 'v'],
      },
    }
    const result = await target.folder({ source }).run(redisJob({ reader }))
    expectClearError(result, {
      exitCode: 3,
      code: 'SOURCE_NOT_PERMITTED',
      mentions: [table, /SELECT/i],
    })
  } finally {
    await other[Symbol.asyncDispose]()
  }
}

describe.concurrent('a server that accepts and never answers', () => {
  let server: Server
  let port = 0

  beforeAll(async () => {
    server = createServer(() => {})
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    port = typeof address === 'object' && address !== null ? address.port : 0
  })

  afterAll(() => {
    server.close()
  })

  test('ends after the timeout of the writer', async ({ target }) => {
    const folder = target.folder({ mute: { type: 'redis', host: '127.0.0.1', port } })
    const writer = { datasource: 'mute', timeout: 300, retryTimeout: 300 }
    const result = await folder.run(redisJob({ reader: rows, writer }))
    expectClearError(result, {
      exitCode: 3,
      code: 'TARGET_UNREACHABLE',
      mentions: [`127.0.0.1:${port}`],
    })
  })
})
