import { createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PluginError, type DataSource } from '@millrace/core/plugin'
import { openPasswordServer } from './password-server.ts'
import {
  batchesOf,
  never,
  openReader,
  randomName,
  testDataSource,
  TestDatabase,
  type StepParameters,
} from './test-source.ts'

let database: TestDatabase
const user = randomName()
const password = `pw-${randomName()}`

beforeAll(async () => {
  database = await TestDatabase.create()
  await database.run(
    'CREATE TABLE customers (id int PRIMARY KEY, name text, secret int, "Upper" int)',
    'CREATE TABLE hidden (id int)',
    'CREATE SCHEMA closed',
    'CREATE TABLE closed.t (id int)',
    `CREATE ROLE ${user} LOGIN PASSWORD '${password}'`,
    `GRANT SELECT (id, name) ON customers TO ${user}`,
  )
})

afterAll(async () => {
  await database.run(`DROP OWNED BY ${user}`, `DROP ROLE ${user}`)
  await database[Symbol.asyncDispose]()
})

async function errorOf(
  parameters: StepParameters,
  fields: Partial<DataSource> = {},
): Promise<PluginError> {
  await using session = await openReader(parameters, [testDataSource(database.name, fields)])
  try {
    await session.check({ signal: never })
  } catch (error) {
    if (PluginError.isInstance(error)) return error
    throw error
  }
  throw new Error('check found nothing')
}

describe('check', () => {
  it('accepts what is right, reading no row', async () => {
    await using session = await openReader({ table: 'customers', column: ['id', 'NAME'] }, [
      testDataSource(database.name),
    ])
    expect(await session.check({ signal: never })).toEqual([])
  })

  it.each([
    [{ table: 'custmers', column: ['id'] }, 'SOURCE_OBJECT_MISSING', 'customers'],
    [{ table: 'public.custmers', column: ['id'] }, 'SOURCE_OBJECT_MISSING', 'customers'],
    [{ table: 'nowhere.customers', column: ['id'] }, 'SOURCE_OBJECT_MISSING', ''],
    [{ table: 'customers', column: ['nam'] }, 'SOURCE_OBJECT_MISSING', 'name'],
    [{ table: 'customers', column: ['"upper"'] }, 'SOURCE_OBJECT_MISSING', '"Upper"'],
    [{ table: 'customers', column: ['zzz'] }, 'SOURCE_OBJECT_MISSING', 'id, name, secret'],
    [{ table: 'customers', column: ['id'], where: 'nme = 1' }, 'SOURCE_OBJECT_MISSING', 'name'],
    [{ table: 'customers', column: ['id'], where: 'id = = 1' }, 'SOURCE_STATEMENT_INVALID', ''],
    [{ table: 'customers', column: ['id'], where: "id = 'x'" }, 'SOURCE_STATEMENT_INVALID', ''],
    [{ querySql: 'selct 1' }, 'SOURCE_STATEMENT_INVALID', ''],
    [{ querySql: 'delete from customers' }, 'SOURCE_STATEMENT_INVALID', ''],
    [{ querySql: 'select nosuch(1)' }, 'SOURCE_STATEMENT_INVALID', ''],
    [
      { table: 'customers', column: ['id'], session: 'set nonsense to 1' },
      'SOURCE_STATEMENT_INVALID',
      '',
    ],
    [{ table: 'customers', column: ['id'], preSql: 'select x' }, 'SOURCE_OBJECT_MISSING', ''],
  ])('%j', async (parameters, code, hint) => {
    const error = await errorOf(parameters)
    expect(error.code).toBe(code)
    expect(error.hint ?? '').toContain(hint)
  })

  it('says all that is missing at once', async () => {
    const error = await errorOf({ table: ['custmers', 'hiden'], column: ['id'] })
    expect(error.code).toBe('SOURCE_OBJECT_MISSING')
    expect(error.message).toContain('Did you mean customers?')
    expect(error.message).toContain('Did you mean hidden?')
  })

  it('finds tables whose columns do not match', async () => {
    const tables = { table: ['customers', 'hidden'], column: ['*'] }
    await using session = await openReader(tables, [testDataSource(database.name)])
    const findings = await session.check({ signal: never })
    expect(findings).toMatchObject([{ severity: 'error', message: expect.stringContaining('4') }])
  })

  it('names what the user may not read', async () => {
    const mine = { user, password }
    for (const parameters of [
      { table: 'hidden', column: ['id'] },
      { table: 'closed.t', column: ['id'] },
      { table: 'customers', column: ['id', 'secret'] },
      { querySql: 'select * from hidden' },
    ]) {
      const error = await errorOf(parameters, mine)
      expect(error.code).toBe('SOURCE_NOT_PERMITTED')
      expect(error.message).toContain('permission denied')
    }
  })
})

describe('connecting', () => {
  const parameters = { table: 'customers', column: ['id'] }

  it('says where and never the password, when the server refuses it', async () => {
    const { server, port } = await openPasswordServer()
    const hosts = [{ host: '127.0.0.1', port }]
    const refused = await errorOf(parameters, { hosts, user: 'app', password: 'not-it-at-all' })
    expect(refused.code).toBe('SOURCE_UNREACHABLE')
    expect(refused.message).toContain(`127.0.0.1:${port}: password authentication failed`)
    expect(`${refused.message} ${refused.hint}`).not.toContain('not-it-at-all')
    server.close()
  })

  it('says that the data source has no password when the server asks for one', async () => {
    const { server, port } = await openPasswordServer()
    const hosts = [{ host: '127.0.0.1', port }]
    const { password: _, ...source } = testDataSource(database.name, { hosts, user: 'app' })
    await using session = await openReader(parameters, [source])
    await expect(session.check({ signal: never })).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      message: expect.stringContaining('asks for a password'),
    })
    server.close()
  })

  it('says where when nobody listens, and that a role or database is not there', async () => {
    const closed = await errorOf(parameters, { hosts: [{ host: '127.0.0.1', port: 1 }] })
    expect(closed.code).toBe('SOURCE_UNREACHABLE')
    expect(closed.message).toContain('127.0.0.1:1')
    const nobody = await errorOf(parameters, { user: 'nobody_here', password: 'not-it-at-all' })
    expect(nobody.code).toBe('SOURCE_UNREACHABLE')
    expect(nobody.message).toContain('nobody_here')
    expect(`${nobody.message} ${nobody.hint}`).not.toContain('not-it-at-all')
    const nowhere = await errorOf(parameters, { database: 'no_such_database' })
    expect(nowhere.code).toBe('SOURCE_UNREACHABLE')
    expect(nowhere.message).toContain('no_such_database')
  })

  it('gives up a server that says nothing', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const silent = { hosts: [{ host: '127.0.0.1', port }], properties: { connectTimeout: '100' } }
    expect((await errorOf(parameters, silent)).code).toBe('SOURCE_UNREACHABLE')
    server.close()
  })

  it('stops with the reason of an abort while a server says nothing', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const controller = new AbortController()
    const reason = new Error('enough')
    server.once('connection', () => controller.abort(reason))
    const silent = testDataSource(database.name, { hosts: [{ host: '127.0.0.1', port }] })
    await using session = await openReader(parameters, [silent])
    await expect(session.check({ signal: controller.signal })).rejects.toBe(reason)
    server.close()
  })

  it('tries the hosts in order', async () => {
    const hosts = [{ host: '127.0.0.1', port: 1 }, ...testDataSource('').hosts]
    await using session = await openReader(parameters, [testDataSource(database.name, { hosts })])
    expect(await session.check({ signal: never })).toEqual([])
  })

  it('reads over TLS where the server has it, and refuses where it has not', async () => {
    const tls = { rejectUnauthorized: false }
    const [row] = await database.rows("SELECT current_setting('ssl')")
    if (row?.[0] !== 'on') {
      expect((await errorOf(parameters, { tls })).code).toBe('SOURCE_UNREACHABLE')
      return
    }
    await using session = await openReader({ querySql: "select repeat('x', 100000), 'ü'" }, [
      testDataSource(database.name, { tls }),
    ])
    const { splits } = await session.split(1, { signal: never })
    const batches = await batchesOf(session, splits[0]!)
    expect(batches.map(({ rows }) => rows)).toEqual([[['x'.repeat(100_000), 'ü']]])
  })

  it('stops with the reason of an abort', async () => {
    await using session = await openReader(parameters, [testDataSource(database.name)])
    const reason = new Error('enough')
    await expect(session.check({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('connects anew when its connection was lost between two calls', async () => {
    await using session = await openReader({ table: 'customers', column: ['id'] }, [
      testDataSource(database.name),
    ])
    await session.check({ signal: never })
    await database.rows(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'millrace'",
    )
    while ((await database.readerPids()).length > 0) await new Promise(setImmediate)
    const { splits } = await session.split(1, { signal: never })
    expect(await batchesOf(session, splits[0]!)).toEqual([])
    expect(await session.check({ signal: never })).toEqual([])
  })
})
