import { randomBytes } from 'node:crypto'
import mysql from 'mysql2/promise'
import type { Cell, RecordBatch, Row } from '@millrace/core/record'
import type {
  DataSource,
  Finding,
  PluginContext,
  ReaderSession,
  ReadOptions,
  Split,
} from '@millrace/core/plugin'
import { mysqlReader } from '../src/index.ts'

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

/** Parameters of the step, as a job file has them. */
export type Parameters = Record<string, unknown>

export const never = new AbortController().signal

export const readOptions: ReadOptions = {
  signal: never,
  maxRows: 1000,
  maxBytes: 1 << 20,
  maxDelayMs: 100,
}

/** What validation of the parameters gives: the plugin's config. */
export async function configOf(parameters: Parameters) {
  const result = await mysqlReader.config['~standard'].validate(parameters)
  if (result.issues !== undefined) throw new Error(JSON.stringify(result.issues))
  return result.value
}

/** Findings that need no server. */
export async function validate(parameters: Parameters): Promise<readonly Finding[]> {
  return mysqlReader.validate?.(await configOf(parameters)) ?? []
}

/** Opens the reader on data sources, one for each connection of the job; warnings are collected. */
export async function openReader(
  parameters: Parameters,
  dataSources: readonly DataSource[],
  warnings: string[] = [],
  context: Partial<PluginContext> = {},
): Promise<ReaderSession> {
  const config = await configOf({ datasource: 'test', ...parameters })
  const references = mysqlReader.dataSources?.(config) ?? []
  const logger = { debug() {}, info() {}, warn: (message: string) => void warnings.push(message) }
  return mysqlReader.open(
    config,
    {
      step: 'Reader',
      logger,
      timeZone: 'UTC',
      concurrency: 2,
      dataSources: references.map((_, index) => dataSources[index] ?? dataSources[0]!),
      ...context,
    },
    { signal: never },
  )
}

export async function batchesOf(
  session: ReaderSession,
  split: Split,
  options: Partial<ReadOptions> = {},
): Promise<RecordBatch[]> {
  const batches: RecordBatch[] = []
  for await (const batch of session.read(split, { ...readOptions, ...options })) batches.push(batch)
  return batches
}

/** Everything the parameters select, split for `desired` channels. */
export async function readAll(
  database: TestDatabase,
  parameters: Parameters,
  desired = 1,
): Promise<{ rows: Row[]; splits: readonly Split[]; warnings: string[]; fields: string[][] }> {
  const warnings: string[] = []
  await using session = await openReader(parameters, [testDataSource(database.name)], warnings)
  const findings = await session.check({ signal: never })
  warnings.push(...findings.map(({ message }) => message))
  const [schema] = await session.describe({ signal: never })
  const plan = await session.split(desired, { signal: never })
  const rows: Row[] = []
  for (const split of plan.splits) {
    for (const batch of await batchesOf(session, split)) rows.push(...batch.rows)
  }
  return {
    rows,
    splits: plan.splits,
    warnings,
    fields: (schema?.fields ?? []).map(({ name, type, nativeType }) => [name, type, nativeType]),
  }
}

/** Cells of one column. */
export function column(rows: readonly Row[], index: number): Cell[] {
  return rows.map((row) => row[index])
}

/** A cell in a form that compares by value and shows well: bytes as hex. */
export function shown(cell: Cell): Cell {
  return cell instanceof Uint8Array ? `0x${Buffer.from(cell).toString('hex')}` : cell
}
