import { randomBytes } from 'node:crypto'
import { createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PluginError, type DataSource } from '@millrace/core/plugin'
import {
  batchesOf,
  never,
  openReader,
  testDataSource,
  TestDatabase,
  type StepParameters,
} from './test-source.ts'

let database: TestDatabase
const user = `millrace_${randomBytes(4).toString('hex')}`
const password = `pw-${randomBytes(8).toString('hex')}`

beforeAll(async () => {
  database = await TestDatabase.create()
  await database.run(
    'CREATE TABLE customers (id int PRIMARY KEY, name varchar(20), secret int)',
    'CREATE TABLE hidden (id int)',
    `CREATE USER '${user}'@'%' IDENTIFIED BY '${password}'`,
    `GRANT SELECT (id, name) ON ${database.name}.customers TO '${user}'@'%'`,
  )
})

afterAll(async () => {
  await database.run(`DROP USER '${user}'@'%'`)
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
    { table: 'customers 😀', column: ['id'] },
    { table: '😀.customers', column: ['id'] },
  ])('%j', async (parameters) => {
    const { code } = await errorOf(parameters)
    // MariaDB takes no such name at all; MySQL takes it, and finds nothing.
    expect(['SOURCE_STATEMENT_INVALID', 'SOURCE_OBJECT_MISSING']).toContain(code)
  })

  it.each([
    [{ table: 'custmers', column: ['id'] }, 'SOURCE_OBJECT_MISSING', 'customers'],
    [{ table: 'customers', column: ['nam'] }, 'SOURCE_OBJECT_MISSING', 'name'],
    [{ table: 'customers', column: ['id'], where: 'nme = 1' }, 'SOURCE_OBJECT_MISSING', 'name'],
    [{ table: 'customers', column: ['id'], where: 'id = = 1' }, 'SOURCE_STATEMENT_INVALID', ''],
    [{ table: 'customers', column: ['id'], where: '1) or (1' }, undefined, ''],
    [{ querySql: 'selct 1' }, 'SOURCE_STATEMENT_INVALID', ''],
    [{ querySql: 'set @x = 1' }, 'SOURCE_STATEMENT_INVALID', 'SELECT'],
    [
      { table: 'customers', column: ['id'], session: 'set nonsense = 1' },
      'SOURCE_STATEMENT_INVALID',
      '',
    ],
    [{ table: 'customers', column: ['id'], preSql: 'select x' }, 'SOURCE_OBJECT_MISSING', ''],
  ])('%j', async (parameters, code, hint) => {
    if (code === undefined) {
      await using session = await openReader(parameters, [testDataSource(database.name)])
      expect(await session.check({ signal: never })).toEqual([])
      return
    }
    const error = await errorOf(parameters)
    expect(error.code).toBe(code)
    expect(error.hint ?? '').toContain(hint)
  })

  it('says all that is missing at once', async () => {
    const error = await errorOf({ table: ['custmers', 'hiden'], column: ['id'] })
    expect(error.code).toBe('SOURCE_OBJECT_MISSING')
    expect(error.message).toContain('custmers')
    expect(error.message).toContain('hiden')
  })

  it('names what the user may not read', async () => {
    const mine = { user, password }
    const table = await errorOf({ table: 'hidden', column: ['id'] }, mine)
    expect(table.code).toBe('SOURCE_NOT_PERMITTED')
    const column = await errorOf({ table: 'customers', column: ['id', 'secret'] }, mine)
    expect(['SOURCE_NOT_PERMITTED', 'SOURCE_OBJECT_MISSING']).toContain(column.code)
    const { hosts } = testDataSource('')
    const other = await errorOf(
      { table: 'customers', column: ['id'] },
      { ...mine, hosts, database: 'mysql' },
    )
    expect(other.code).toBe('SOURCE_NOT_PERMITTED')
  })
})

describe('connecting', () => {
  const parameters = { table: 'customers', column: ['id'] }

  it('says where and never the password, when the password is wrong', async () => {
    const error = await errorOf(parameters, { user, password: 'not-it-at-all' })
    const { host, port } = testDataSource('').hosts[0]!
    expect(error.code).toBe('SOURCE_UNREACHABLE')
    expect(error.message).toContain(`${host}:${port}`)
    expect(`${error.message} ${error.hint}`).not.toContain('not-it-at-all')
  })

  it('says where when nobody listens, or no such database is there', async () => {
    const closed = await errorOf(parameters, { hosts: [{ host: '127.0.0.1', port: 1 }] })
    expect(closed.code).toBe('SOURCE_UNREACHABLE')
    expect(closed.message).toContain('127.0.0.1:1')
    expect((await errorOf(parameters, { database: 'no_such_database' })).code).toBe(
      'SOURCE_UNREACHABLE',
    )
  })

  it('gives up a server that says nothing', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const silent = { hosts: [{ host: '127.0.0.1', port }], properties: { connectTimeout: '100' } }
    expect((await errorOf(parameters, silent)).code).toBe('SOURCE_UNREACHABLE')
    server.close()
  })

  it('tries the hosts in order', async () => {
    const hosts = [{ host: '127.0.0.1', port: 1 }, ...testDataSource('').hosts]
    await using session = await openReader(parameters, [testDataSource(database.name, { hosts })])
    expect(await session.check({ signal: never })).toEqual([])
  })

  it('reads over TLS where the server has it, and refuses where it has not', async () => {
    const [rows] = await database.connection.query("SHOW VARIABLES LIKE 'have_ssl'")
    const [row] = rows as { Value: string }[]
    const hasTls = database.isMariaDb ? row?.Value === 'YES' : true
    const tls = { rejectUnauthorized: false }
    if (!hasTls) {
      expect(await errorOf(parameters, { tls })).toMatchObject({
        code: 'SOURCE_UNREACHABLE',
        message: expect.stringContaining('the server does not speak TLS'),
      })
      return
    }
    await using session = await openReader({ querySql: "select repeat('x', 100000), 'ü'" }, [
      testDataSource(database.name, { tls }),
    ])
    const { splits } = await session.split(1, { signal: never })
    const batches = await batchesOf(session, splits[0]!)
    expect(batches.map(({ rows: found }) => found)).toEqual([[['x'.repeat(100_000), 'ü']]])
    const unknown = await errorOf(parameters, { tls: { rejectUnauthorized: true } })
    expect(unknown.code).toBe('SOURCE_UNREACHABLE')
  })

  it('logs in with a password', async () => {
    await using session = await openReader(parameters, [
      testDataSource(database.name, { user, password }),
    ])
    expect(await session.check({ signal: never })).toEqual([])
  })

  it('stops with the reason of an abort', async () => {
    await using session = await openReader(parameters, [testDataSource(database.name)])
    const reason = new Error('enough')
    await expect(session.check({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})
