import { randomBytes } from 'node:crypto'
import pg from 'pg'
import type { DataSource } from '@millrace/core/plugin'
import { testedReader, type StepParameters } from '@millrace/reader-tests'
import { postgresReader } from '../src/index.ts'

export {
  batchesOf,
  column,
  never,
  readOptions,
  shown,
  type StepParameters,
} from '@millrace/reader-tests'

const serverUrl = () =>
  new URL(process.env['MILLRACE_TEST_POSTGRES_URL'] ?? 'postgres://root@127.0.0.1:5432/test')

/** The server the tests use, as a data source. */
export function testDataSource(database: string, fields: Partial<DataSource> = {}): DataSource {
  const url = serverUrl()
  return {
    name: 'test',
    type: 'postgresql',
    hosts: [{ host: url.hostname, port: Number(url.port || '5432') }],
    user: decodeURIComponent(url.username),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
    database,
    properties: {},
    ...fields,
  }
}

/** A connection of the test's own to a database of the server. */
export async function connectTo(database: string): Promise<pg.Client> {
  const url = serverUrl()
  url.pathname = `/${database}`
  const client = new pg.Client({ connectionString: url.href, application_name: 'millrace test' })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** A name nobody else uses. */
export function randomName(): string {
  return `millrace_${randomBytes(6).toString('hex')}`
}

/** A database of a random name with a connection to it; dropped on dispose. */
export class TestDatabase implements AsyncDisposable {
  readonly name: string
  readonly connection: pg.Client
  readonly #admin: pg.Client

  private constructor(name: string, connection: pg.Client, admin: pg.Client) {
    this.name = name
    this.connection = connection
    this.#admin = admin
  }

  /** @param options - what follows `CREATE DATABASE name`: an encoding, say */
  static async create(options = ''): Promise<TestDatabase> {
    const admin = await connectTo(serverUrl().pathname.slice(1))
    const name = randomName()
    await admin.query(`CREATE DATABASE ${name} ${options}`)
    return new TestDatabase(name, await connectTo(name), admin)
  }

  async run(...statements: string[]): Promise<void> {
    for (const statement of statements) await this.connection.query(statement)
  }

  /** Rows of a query, cells as the driver's text. */
  async rows(sql: string): Promise<readonly (readonly string[])[]> {
    // Inside a transaction the server would show the same activity again and again.
    await this.connection.query('SELECT pg_stat_clear_snapshot()')
    const types = { getTypeParser: () => (text: string) => text }
    const { rows } = await this.connection.query<string[]>({ rowMode: 'array', text: sql, types })
    return rows
  }

  /** Major version of the server. */
  async version(): Promise<number> {
    const [row] = await this.rows("SELECT current_setting('server_version_num')")
    return Math.floor(Number(row?.[0]) / 10_000)
  }

  /** Process ids of the reader's connections to this database; of those whose query is like `query`, if given. */
  async readerPids(query = '%'): Promise<readonly number[]> {
    const rows = await this.rows(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database()
         AND application_name = 'millrace' AND query LIKE '${query}'`,
    )
    return rows.map(([pid]) => Number(pid))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.end()
    await this.#admin.query(`DROP DATABASE ${this.name} WITH (FORCE)`)
    await this.#admin.end()
  }
}

/** Waits until a claim holds; a claim that never does ends in the test's own time limit. */
export async function until(claim: () => Promise<boolean>): Promise<void> {
  while (!(await claim())) await new Promise((resolve) => setTimeout(resolve, 20))
}

const tested = testedReader(postgresReader)

export const { validate, open: openReader } = tested

/** Everything the parameters select, split for `desired` channels. */
export const readAll = (database: TestDatabase, parameters: StepParameters, desired?: number) =>
  tested.readAll(parameters, testDataSource(database.name), desired)
