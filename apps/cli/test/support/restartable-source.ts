import { setTimeout as sleep } from 'node:timers/promises'
import { createConnection, type RowDataPacket } from 'mysql2/promise'
import pg from 'pg'
import { findMysql, startMysql } from '../../../../scripts/services/mysql.mjs'
import { findPostgres, startPostgres } from '../../../../scripts/services/postgres.mjs'
import { mysqlAnswers, postgresAnswers } from '../../../../scripts/services/probes.mjs'
import { ServerSession } from '../../../../scripts/services/server-session.mjs'
import { stopProcess } from '../../../../scripts/services/stop-process.mjs'
import { endProcess, restartProcess } from './restart-process.ts'
import { fillTable, loadSourceOf, type LoadSource, type SourceKind } from './load-source.ts'

/** A server of the test's own with a filled table, which can be restarted on the same data and port. */
export interface RestartableSource extends AsyncDisposable {
  readonly source: LoadSource
  restart(): Promise<void>
  /** Ends the server; what comes back starts it again. */
  stop(): Promise<() => Promise<void>>
}

/** Starts the server; it ends with the test process at the latest. */
export async function startRestartableSource(
  kind: SourceKind,
  rowCount: number,
): Promise<RestartableSource> {
  const session = new ServerSession()
  try {
    const { url, pid } = await startServer(kind, session)
    const database = databaseAt(kind, url)
    await fillTable(kind, database, rowCount)
    let current = pid
    return {
      source: loadSourceOf(kind, database, rowCount),
      async restart() {
        current = await answering(kind, url, await restartProcess(current, endSignal(kind)))
      },
      async stop() {
        const start = await endProcess(current, endSignal(kind))
        return async () => {
          current = await answering(kind, url, start())
        }
      },
      async [Symbol.asyncDispose]() {
        if (current !== pid) await stopProcess({ pid: current, signal: 'SIGQUIT' })
        await session.stop()
      },
    }
  } catch (error) {
    await session.stop()
    throw error
  }
}

async function startServer(kind: SourceKind, session: ServerSession) {
  if (kind === 'postgresql') {
    const folder = findPostgres()
    if (folder === undefined) throw new Error('found no PostgreSQL server')
    return await startPostgres(session, folder)
  }
  const binary = findMysql()
  if (binary === undefined) throw new Error('found no MariaDB or MySQL server')
  return await startMysql(session, binary)
}

/** The process, once its server answers. */
async function answering(kind: SourceKind, url: string, pid: number): Promise<number> {
  const port = Number(new URL(url).port)
  for (let tries = 0; tries < 600; tries += 1) {
    const answers =
      kind === 'postgresql'
        ? await postgresAnswers(port, { user: 'millrace', database: 'test' })
        : await mysqlAnswers(port)
    if (answers) return pid
    await sleep(50)
  }
  throw new Error(`the ${kind} server did not come back on port ${port}`)
}

/** Ends the server in the middle of what it does. */
function endSignal(kind: SourceKind): NodeJS.Signals {
  return kind === 'postgresql' ? 'SIGQUIT' : 'SIGKILL'
}

/** The database at a URL, by a connection per call: those that are open would not outlive the server. */
function databaseAt(kind: SourceKind, url: string): LoadSource['database'] {
  const query = kind === 'mysql' ? queryMysql : queryPostgres
  return {
    name: new URL(url).pathname.slice(1),
    url,
    async execute(...statements) {
      for (const statement of statements) await query(url, statement)
    },
    query: async (statement) => await query(url, statement),
    makeUser: () => Promise.reject(new Error('this server has one user')),
    async [Symbol.asyncDispose]() {},
  }
}

async function queryMysql(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const connection = await createConnection({ uri: url })
  try {
    const [rows] = await connection.query<RowDataPacket[]>(statement)
    return rows
  } finally {
    await connection.end()
  }
}

async function queryPostgres(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows
  } finally {
    await client.end()
  }
}
