import { runReaderCases, sampleDataset } from '@millrace/testkit'
import { afterAll, describe, test } from 'vitest'
import type { DataSource } from '@millrace/core/plugin'
import { mysqlReader } from '../src/index.ts'
import { conformanceTables } from './conformance-source.ts'
import { TestDatabase } from './test-source.ts'

const secret = 'tiger-lily-47'
const database = await TestDatabase.create()
const tables = conformanceTables(database)

// A user with a password, as the one of the tests may have none.
const user = `${database.name}_user`
await database.run(`CREATE USER ${user} IDENTIFIED BY '${secret}'`, `GRANT ALL ON *.* TO ${user}`)

afterAll(async () => {
  await database.run(`DROP USER ${user}`)
  await database[Symbol.asyncDispose]()
})

const nativeTypes = {
  bool: 'bit(1)',
  int32: 'int',
  int64: 'bigint',
  uint64: 'bigint unsigned',
  decimal: 'decimal(22,2)',
  float: 'double',
  string: 'longtext',
  bytes: 'varbinary(300)',
  date: 'date',
  time: 'time',
  timeMicroseconds: 'time(6)',
  datetime: 'datetime',
  datetimeMicroseconds: 'datetime(6)',
  timestamptz: 'timestamp',
  timestamptzMilliseconds: 'timestamp(3)',
  timestamptzMicroseconds: 'timestamp(6)',
  json: 'json',
  ...(database.isMariaDb ? { uuid: 'uuid', jsonText: 'json' } : {}),
}

/** A table of the ids 1, 4 and 7, read by a statement. */
const queried = (select: (table: string) => string) => tables.holdQueried(sampleDataset(3), select)

const closed = (fields: Partial<DataSource>) =>
  tables.holdElsewhere(sampleDataset(3), { password: secret, ...fields })

describe('the MySQL reader', () => {
  const rightConfig = { datasource: 'test', table: ['people'], column: ['id'] }
  runReaderCases(
    {
      plugin: mysqlReader,
      hold: (dataset) => tables.hold(dataset),
      holdTables: (datasets) => tables.holdTables(datasets),
      holdFollowed: (datasets) => tables.holdFollowed(datasets),
      nativeTypes,
      wrongConfigs: [
        { ...rightConfig, column: { a: 1 } },
        { ...rightConfig, splitPk: [1] },
      ],
      rightConfig,
      blockedSource: () => queried((table) => `SELECT id, SLEEP(60) AS pause FROM ${table}`),
      // The server keeps the end of a row back until it has filled a buffer.
      pausingSource: () =>
        queried(
          (table) =>
            `SELECT id, REPEAT('x', 200000) AS pad, IF(id = 7, SLEEP(60), 0) AS pause FROM ${table} ORDER BY id`,
        ),
      failingSource: async () => ({
        ...(await queried(
          (table) =>
            `SELECT id, (SELECT other.id FROM ${table} AS other WHERE ${table}.id = 7) AS one FROM ${table} ORDER BY id`,
        )),
        dataSources: [tables.dataSource({ user, password: secret })],
      }),
      accepted: { secret, source: () => closed({ user }) },
      refused: { secret, source: () => closed({ user: 'nobody_here' }) },
      unreachable: { secret, source: () => closed({ hosts: [{ host: '127.0.0.1', port: 1 }] }) },
      lacks: {
        rowsProduced: 'the server does not tell how many rows it sent',
        forgetChanges: 'the binlog is that of the whole server',
      },
    },
    { test },
  )
})
