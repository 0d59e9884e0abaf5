import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Finding } from '@millrace/core/plugin'
import { never, openReader, TestDatabase, testDataSource } from './test-source.ts'

let database: TestDatabase
const user = `reader_${Math.trunc(Math.random() * 1e9)}`
const password = 'heron-marsh-12'

beforeAll(async () => {
  database = await TestDatabase.create()
  await database.run(
    'CREATE TABLE people (id int PRIMARY KEY, name varchar(20))',
    'CREATE TABLE old (id int PRIMARY KEY) ENGINE = MyISAM',
    'CREATE VIEW persons AS SELECT * FROM people',
    `CREATE USER '${user}'@'%' IDENTIFIED BY '${password}'`,
    `GRANT SELECT ON ${database.name}.* TO '${user}'@'%'`,
  )
})
afterAll(async () => {
  await database?.run(`DROP USER '${user}'@'%'`)
  await database?.[Symbol.asyncDispose]()
})

async function findings(parameters: object, fields: object = {}): Promise<readonly Finding[]> {
  const source = testDataSource(database.name, fields)
  await using session = await openReader({ ...parameters }, [source], [], { follows: true })
  return await session.check({ signal: never })
}

describe('the check of a job that follows changes', () => {
  it('finds nothing wrong with tables on a server set up for it', async () => {
    expect(await findings({ tables: [{ table: 'people', columns: ['id'] }] })).toEqual([])
    expect(await findings({ table: ['people'], column: ['name', 'id'] })).toEqual([])
  })

  it('warns of a server id that is taken', async () => {
    const [rows] = await database.connection.query('SELECT @@server_id AS id')
    const [{ id: serverId } = { id: 0 }] = rows as { id: number }[]
    const tables = [{ table: 'people' }]
    expect(await findings({ tables, changes: { serverId } })).toMatchObject([
      { severity: 'warning', path: ['changes', 'serverId'] },
    ])
    expect(await findings({ tables, changes: { serverId: serverId + 1 } })).toEqual([])
  })

  it('refuses what has no changes', async () => {
    const wrong: [object, RegExp][] = [
      [{ connection: [{ datasource: 'test', querySql: ['SELECT 1'] }] }, /statement/],
      [{ table: ['people'], column: ['id'], where: 'id > 1' }, /where/],
      [{ table: ['people'], column: ['id', 'now()'] }, /now\(\)/],
      [{ tables: [{ table: 'people', sql: 'SELECT * FROM people' }] }, /statement/],
      [{ tables: [{ table: 'persons', keys: ['id'] }] }, /view/],
    ]
    for (const [parameters, message] of wrong) {
      const found = await findings(parameters)
      expect(found).toContainEqual(
        expect.objectContaining({
          severity: 'error',
          message: expect.stringMatching(message) as unknown,
        }),
      )
    }
  })

  it('warns of tables without transactions', async () => {
    const [found] = await findings({ tables: [{ table: 'old' }] })
    expect(found).toMatchObject({
      severity: 'warning',
      hint: expect.stringContaining('InnoDB') as unknown,
    })
  })

  it('names the grants that lack', async () => {
    const parameters = { tables: [{ table: 'people' }] }
    const account = { user, password }
    const rightToLook = database.isMariaDb ? 'BINLOG MONITOR' : 'REPLICATION CLIENT'
    const hints = async () => (await findings(parameters, account)).map(({ hint }) => hint ?? '')
    expect(await hints()).toContainEqual(expect.stringContaining(`GRANT ${rightToLook} ON`))
    await database.run(`GRANT ${rightToLook} ON *.* TO '${user}'@'%'`)
    expect(await hints()).toContainEqual(`GRANT REPLICATION SLAVE ON *.* TO '${user}'@'%';`)
    await database.run(`GRANT REPLICATION SLAVE ON *.* TO '${user}'@'%'`)
    if (!database.isMariaDb) {
      expect(await hints()).toContainEqual(expect.stringContaining('GRANT RELOAD'))
      await database.run(`GRANT LOCK TABLES ON *.* TO '${user}'@'%'`)
    }
    expect(await hints()).toEqual([])
  })
})
