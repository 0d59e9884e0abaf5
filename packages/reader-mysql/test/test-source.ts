import { randomBytes } from 'node:crypto'
import mysql from 'mysql2/promise'
import type { DataSource } from '@millrace/core/plugin'
import { testedReader, type StepParameters } from '@millrace/reader-tests'
import { mysqlReader } from '../src/index.ts'

export {
  batchesOf,
  column,
  never,
  readOptions,
  shown,
  type StepParameters,
} from '@millrace/reader-tests'

/** The server the tests use, as a data source. */
export function testDataSource(database: string, fields: Partial<DataSource> = {}): DataSource {
  const url = new URL(process.env['MILLRACE_TEST_MYSQL_URL'] ?? 'mysql://root@127.0.0.1:3306/test')
  return {
    name: 'test',
    type: 'mysql',
    hosts: [{ host: url.hostname, port: Number(url.port || '3306') }],
    user: decodeURIComponent(url.username),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
    database,
    properties: {},
    ...fields,
  }
}

/** A database of a random name with a connection to it; dropped on dispose. */
export class TestDatabase implements AsyncDisposable {
  readonly name: string
  readonly connection: mysql.Connection
  readonly version: string

  private constructor(name: string, connection: mysql.Connection, version: string) {
    this.name = name
    this.connection = connection
    this.version = version
  }

  static async create(): Promise<TestDatabase> {
    const { hosts, user, password } = testDataSource('')
    const connection = await mysql.createConnection({
      ...hosts[0],
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { password }),
      charset: 'utf8mb4',
    })
    const name = `millrace_${randomBytes(6).toString('hex')}`
    await connection.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`)
    await connection.query(`USE ${name}`)
    await connection.query("SET SESSION sql_mode = '', time_zone = '+00:00'")
    const [rows] = await connection.query('SELECT VERSION() AS version')
    const [row] = rows as { version: string }[]
    return new TestDatabase(name, connection, row?.version ?? '')
  }

  get isMariaDb(): boolean {
    return /mariadb/i.test(this.version)
  }

  async run(...statements: string[]): Promise<void> {
    for (const statement of statements) await this.connection.query(statement)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.query(`DROP DATABASE ${this.name}`)
    await this.connection.end()
  }
}

const tested = testedReader(mysqlReader)

export const { validate, open: openReader } = tested

/** Everything the parameters select, split for `desired` channels. */
export const readAll = (database: TestDatabase, parameters: StepParameters, desired?: number) =>
  tested.readAll(parameters, testDataSource(database.name), desired)
