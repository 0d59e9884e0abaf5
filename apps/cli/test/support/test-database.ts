import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise'
import pg from 'pg'

/** A database made for one test file, on the server that the environment names. */
export interface TestDatabase extends AsyncDisposable {
  readonly name: string
  /** Connection URL of the database. */
  readonly url: string
  /** Runs statements, one after the other. */
  execute(...statements: readonly string[]): Promise<void>
  /** Rows of a statement, by column name. */
  query(statement: string): Promise<Record<string, unknown>[]>
  /** Makes a user with this password who may read the database, dropped with it. Returns its name. */
  makeUser(password: string): Promise<string>
}

/** The database at `url` as a single-field entry of a data source file. */
export function dataSourceOf(
  type: 'mysql' | 'postgresql' | 'mongodb',
  database: Pick<TestDatabase, 'name' | 'url'>,
  overrides: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  if (type === 'mongodb') return { type, connection_string: database.url, ...overrides }
  const { hostname, port, username, password } = new URL(database.url)
  return {
    type,
    host: hostname,
    port: Number(port),
    user: decodeURIComponent(username),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    database: database.name,
    ...overrides,
  }
}

/** Makes a database whose changes are followed: what a pipeline left of itself on the server is dropped with it. */
export async function makeChangeDatabase(kind: 'mysql' | 'postgresql'): Promise<TestDatabase> {
  if (kind === 'mysql') return await makeMysqlDatabase()
  const database = await makePostgresDatabase()
  return {
    ...database,
    async [Symbol.asyncDispose]() {
      await dropSlots(database)
      await database[Symbol.asyncDispose]()
    },
  }
}

/** Ends the connections over which the changes of a database are read. Gives how many there were. */
export async function cutLogReaders(
  kind: 'mysql' | 'postgresql',
  database: TestDatabase,
  user: string,
): Promise<number> {
  if (kind === 'postgresql') {
    const cut = await database.query(
      `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots
        WHERE database = '${database.name}' AND active AND NOT temporary`,
    )
    return cut.length
  }
  // The table of processes cannot be asked on MySQL 9 while a statement has characters that it does not take.
  const threads = (await database.query('SHOW PROCESSLIST')).filter(
    ({ user: owner, command }) => owner === user && String(command).startsWith('Binlog Dump'),
  )
  for (const { id } of threads)
    await database.execute(`KILL ${Number(id)}`).catch((error: unknown) => {
      // It has ended meanwhile.
      if ((error as { readonly code?: unknown }).code !== 'ER_NO_SUCH_THREAD') throw error
    })
  return threads.length
}

/** Makes a user who may follow the changes of a MySQL or MariaDB database, and has connections of its own name. */
export async function makeReplicationUser(
  database: TestDatabase,
  password: string,
): Promise<string> {
  const user = await database.makeUser(password)
  await database.execute(
    `GRANT SELECT, RELOAD, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO '${user}'@'%'`,
  )
  return user
}

/** Drops the slots of a PostgreSQL database; whoever reads them is disconnected. */
export async function dropSlots(database: TestDatabase): Promise<void> {
  const slots = `FROM pg_replication_slots WHERE database = '${database.name}'`
  // The process that used the slot may take a moment to end.
  for (let tries = 0; tries < 50; tries += 1) {
    await database.query(`SELECT pg_terminate_backend(active_pid) ${slots} AND active`)
    await database.query(`SELECT pg_drop_replication_slot(slot_name) ${slots} AND NOT active`)
    const [left] = await database.query(`SELECT count(*) AS count ${slots}`)
    if (Number(left?.['count']) === 0) return
    await sleep(100)
  }
  throw new Error(`the slots of ${database.name} are still in use`)
}

/** Makes a MySQL or MariaDB database; dropped on dispose. */
export async function makeMysqlDatabase(): Promise<TestDatabase> {
  const server = serverUrl('MILLRACE_TEST_MYSQL_URL')
  const name = randomName()
  const connection: Connection = await createConnection({
    uri: server.href,
    multipleStatements: false,
  })
  const users: string[] = []
  await connection.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`)
  await connection.query(`USE ${name}`)
  return {
    name,
    url: withDatabase(server, name),
    async execute(...statements) {
      for (const statement of statements) await connection.query(statement)
    },
    async query(statement) {
      const [rows] = await connection.query<RowDataPacket[]>(statement)
      return rows.map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([name, cell]) => [name.toLowerCase(), cell as unknown]),
        ),
      )
    },
    async makeUser(password) {
      const user = randomName()
      await connection.query(`CREATE USER '${user}'@'%' IDENTIFIED BY '${password}'`)
      await connection.query(`GRANT SELECT ON ${name}.* TO '${user}'@'%'`)
      users.push(user)
      return user
    },
    async [Symbol.asyncDispose]() {
      await connection.query(`DROP DATABASE ${name}`)
      for (const user of users) await connection.query(`DROP USER '${user}'@'%'`)
      await connection.end()
    },
  }
}

/** Makes a PostgreSQL database, in the server's encoding or this one; dropped on dispose. */
export async function makePostgresDatabase(encoding?: string): Promise<TestDatabase> {
  const server = serverUrl('MILLRACE_TEST_POSTGRES_URL')
  const name = randomName()
  const admin = new pg.Client({ connectionString: server.href })
  await admin.connect()
  const options =
    encoding === undefined ? '' : ` ENCODING '${encoding}' LOCALE 'C' TEMPLATE template0`
  await admin.query(`CREATE DATABASE ${name}${options}`)
  const client = new pg.Client({ connectionString: withDatabase(server, name) })
  await client.connect()
  const users: string[] = []
  return {
    name,
    url: withDatabase(server, name),
    async execute(...statements) {
      for (const statement of statements) await client.query(statement)
    },
    async query(statement) {
      const { rows } = await client.query<Record<string, unknown>>(statement)
      return rows
    },
    async makeUser(password) {
      const user = randomName()
      await client.query(`CREATE ROLE ${user} LOGIN PASSWORD '${password}'`)
      await client.query(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${user}`)
      users.push(user)
      return user
    },
    async [Symbol.asyncDispose]() {
      for (const user of users) await client.query(`DROP OWNED BY ${user}`)
      await client.end()
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)
      for (const user of users) await admin.query(`DROP ROLE ${user}`)
      await admin.end()
    },
  }
}

function randomName(): string {
  return `millrace_cli_${randomBytes(6).toString('hex')}`
}

function serverUrl(variable: string): URL {
  const text = process.env[variable]
  if (text === undefined) throw new Error(`${variable} is not set: no server to test against`)
  return new URL(text)
}

function withDatabase(server: URL, name: string): string {
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}
