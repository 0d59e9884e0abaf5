import { randomBytes } from 'node:crypto'
import type { DataSource } from '@millrace/core/plugin'
import { runReaderCases, sampleDataset, type Dataset, type ReaderSource } from '@millrace/testkit'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { postgresReader } from '../src/index.ts'

const secret = 'tiger-lily-47'
const url = new URL(
  process.env['MILLRACE_TEST_POSTGRES_URL'] ?? 'postgres://root@127.0.0.1:5432/test',
)
const database = `millrace_${randomBytes(6).toString('hex')}`
const admin = new Client({ connectionString: url.href })
const inside = new Client({ connectionString: new URL(`/${database}`, url).href })

beforeAll(async () => {
  await admin.connect()
  await admin.query(`CREATE DATABASE ${database}`)
  await inside.connect()
  // A connection that the reader forgot must fail a test, not block the ones after it.
  await inside.query("SET lock_timeout = '5s'")
})
afterAll(async () => {
  await inside.end()
  await admin.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)
  await admin.end()
})

function dataSource(fields: Partial<DataSource> = {}): DataSource {
  const password = decodeURIComponent(url.password)
  return {
    name: 'test',
    type: 'postgresql',
    hosts: [{ host: url.hostname, port: Number(url.port || '5432') }],
    user: decodeURIComponent(url.username),
    ...(password === '' ? {} : { password }),
    database,
    properties: {},
    ...fields,
  }
}

/** Connections to the database besides the test's own. */
async function openConnections(): Promise<number> {
  const { rows } = await inside.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
  )
  return rows[0]?.count ?? 0
}

async function hold(dataset: Dataset): Promise<ReaderSource> {
  const table = `people_${randomBytes(6).toString('hex')}`
  await inside.query(
    `CREATE TABLE ${table} (id bigint PRIMARY KEY, name varchar(200) NOT NULL, note varchar(2000))`,
  )
  const columns = [0, 1, 2].map((index) => dataset.rows.map((row) => row[index]))
  await inside.query(
    `INSERT INTO ${table} SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[])`,
    columns,
  )
  return {
    config: {
      datasource: 'test',
      table: [table],
      column: ['id', 'name', 'note'],
      splitPk: 'id',
    },
    dataSources: [dataSource()],
    openConnections,
    [Symbol.asyncDispose]: async () => {
      await inside.query(`DROP TABLE ${table}`)
    },
  }
}

async function blockedSource(): Promise<ReaderSource> {
  const source = await hold(sampleDataset(3))
  const { table } = source.config as { table: string[] }
  const querySql = [`SELECT id, pg_sleep(60)::text AS pause FROM ${table[0]}`]
  return { ...source, config: { connection: [{ datasource: 'test', querySql }] } }
}

async function refusedSource(): Promise<ReaderSource> {
  const source = await hold(sampleDataset(3))
  return { ...source, dataSources: [dataSource({ user: 'nobody_here', password: secret })] }
}

describe('the PostgreSQL reader', () => {
  const rightConfig = { datasource: 'test', table: ['people'], column: ['id'] }
  runReaderCases(
    {
      plugin: postgresReader,
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
