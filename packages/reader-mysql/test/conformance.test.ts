import { randomBytes } from 'node:crypto'
import { runReaderCases, sampleDataset, type Dataset, type ReaderSource } from '@millrace/testkit'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { mysqlReader } from '../src/index.ts'
import { TestDatabase, testDataSource } from './test-source.ts'

const secret = 'tiger-lily-47'
let database: TestDatabase

beforeAll(async () => {
  database = await TestDatabase.create()
})
afterAll(async () => {
  await database?.[Symbol.asyncDispose]()
})

/** Connections of the database besides the test's own. */
async function openConnections(): Promise<number> {
  const [rows] = await database.connection.query(
    'SELECT COUNT(*) AS count FROM information_schema.processlist WHERE db = ? AND id <> CONNECTION_ID()',
    [database.name],
  )
  return Number((rows as { count: number }[])[0]?.count)
}

async function hold(dataset: Dataset, parameters: object = {}): Promise<ReaderSource> {
  const table = `people_${randomBytes(6).toString('hex')}`
  await database.run(
    `CREATE TABLE ${table} (id BIGINT PRIMARY KEY, name VARCHAR(200) NOT NULL, note VARCHAR(2000))`,
  )
  for (let at = 0; at < dataset.rows.length; at += 1000) {
    const rows = dataset.rows.slice(at, at + 1000)
    await database.connection.query(`INSERT INTO ${table} VALUES ?`, [rows])
  }
  return {
    config: {
      datasource: 'test',
      table: [table],
      column: ['id', 'name', 'note'],
      splitPk: 'id',
      ...parameters,
    },
    dataSources: [testDataSource(database.name)],
    openConnections,
    [Symbol.asyncDispose]: () => database.run(`DROP TABLE ${table}`),
  }
}

async function blockedSource(): Promise<ReaderSource> {
  const source = await hold(sampleDataset(3))
  const { table } = source.config as { table: string[] }
  const querySql = [`SELECT id, SLEEP(60) AS pause FROM ${table[0]}`]
  return { ...source, config: { connection: [{ datasource: 'test', querySql }] } }
}

async function refusedSource(): Promise<ReaderSource> {
  const source = await hold(sampleDataset(3))
  const dataSource = testDataSource(database.name, { user: 'nobody_here', password: secret })
  return { ...source, dataSources: [dataSource] }
}

describe('the MySQL reader', () => {
  const rightConfig = { datasource: 'test', table: ['people'], column: ['id'] }
  runReaderCases(
    {
      plugin: mysqlReader,
      hold,
      wrongConfigs: [
        { ...rightConfig, column: { a: 1 } },
        { ...rightConfig, splitPk: [1] },
      ],
      rightConfig,
      blockedSource,
      refused: { secret, source: refusedSource },
    },
    { test },
  )
})
