import type { DataSource } from '@millrace/core/plugin'
import type { ConformanceTables } from '@millrace/reader-tests'
import { runReaderCases, sampleDataset } from '@millrace/testkit'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { postgresReader } from '../src/index.ts'
import { conformanceTables } from './conformance-source.ts'
import { TestDatabase } from './test-source.ts'

const secret = 'tiger-lily-47'
let database: TestDatabase
let tables: ConformanceTables

beforeAll(async () => {
  database = await TestDatabase.create()
  // A connection that the reader forgot must fail a test, not block the ones after it.
  await database.run("SET lock_timeout = '5s'", "SET timezone TO 'UTC'")
  tables = conformanceTables(database)
})
afterAll(async () => {
  await database?.[Symbol.asyncDispose]()
})

const nativeTypes = {
  bool: 'boolean',
  int32: 'integer',
  int64: 'bigint',
  decimal: 'numeric(22,2)',
  float: 'double precision',
  floatSpecial: 'double precision',
  string: 'text',
  bytes: 'bytea',
  date: 'date',
  time: 'time',
  timeMicroseconds: 'time',
  datetime: 'timestamp',
  datetimeMicroseconds: 'timestamp',
  timestamptz: 'timestamptz',
  timestamptzMilliseconds: 'timestamptz',
  timestamptzMicroseconds: 'timestamptz',
  uuid: 'uuid',
  json: 'jsonb',
  jsonText: 'json',
}

/** A table of the ids 1, 4 and 7, read by a statement. */
const queried = (select: (table: string) => string) => tables.holdQueried(sampleDataset(3), select)

const closed = (fields: Partial<DataSource>) =>
  tables.holdElsewhere(sampleDataset(3), { password: secret, ...fields })

describe('the PostgreSQL reader', () => {
  const rightConfig = { datasource: 'test', table: ['people'], column: ['id'] }
  runReaderCases(
    {
      plugin: postgresReader,
      hold: (dataset) => tables.hold(dataset),
      holdTables: (datasets) => tables.holdTables(datasets),
      holdFollowed: (datasets) => tables.holdFollowed(datasets),
      nativeTypes,
      wrongConfigs: [
        { ...rightConfig, column: { a: 1 } },
        { ...rightConfig, splitPk: [1] },
      ],
      rightConfig,
      blockedSource: () =>
        queried((table) => `SELECT id, pg_sleep(60)::text AS pause FROM ${table}`),
      // The server keeps the end of a row back until it has filled a buffer.
      pausingSource: () =>
        queried(
          (table) =>
            `SELECT id, repeat('x', 200000) AS pad, CASE WHEN id = 7 THEN pg_sleep(60)::text END AS pause FROM ${table} ORDER BY id`,
        ),
      failingSource: async () => ({
        ...(await queried((table) => `SELECT id, 1 / (7 - id) AS one FROM ${table} ORDER BY id`)),
        dataSources: [tables.dataSource({ password: secret })],
      }),
      // The server asks for none, which the reader does not know.
      accepted: { secret, source: () => closed({}) },
      refused: { secret, source: () => closed({ user: 'nobody_here' }) },
      unreachable: { secret, source: () => closed({ hosts: [{ host: '127.0.0.1', port: 1 }] }) },
      lacks: { rowsProduced: 'the server does not tell how many rows it sent' },
    },
    { test },
  )
})
