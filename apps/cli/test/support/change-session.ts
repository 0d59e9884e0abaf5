import { createConnection, type ResultSetHeader } from 'mysql2/promise'
import pg from 'pg'
import type { SourceKind } from './load-source.ts'

/** A connection that writes. */
export interface ChangeSession extends AsyncDisposable {
  /** Runs a statement. Gives how many rows it touched. */
  execute(statement: string): Promise<number>
}

/** Opens a connection in the usual isolation, READ COMMITTED, that notices deadlocks soon. */
export async function openChangeSession(kind: SourceKind, url: string): Promise<ChangeSession> {
  return await (kind === 'mysql' ? openMysql(url) : openPostgres(url))
}

async function openMysql(url: string): Promise<ChangeSession> {
  const connection = await createConnection({ uri: url })
  await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED')
  await connection.query('SET SESSION innodb_lock_wait_timeout = 2')
  return {
    async execute(statement) {
      const [result] = await connection.query<ResultSetHeader>(statement)
      return result.affectedRows
    },
    [Symbol.asyncDispose]: () => connection.end(),
  }
}

async function openPostgres(url: string): Promise<ChangeSession> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query("SET deadlock_timeout = '20ms'")
  return {
    execute: async (statement) => (await client.query(statement)).rowCount ?? 0,
    [Symbol.asyncDispose]: () => client.end(),
  }
}

/** Two writers were in each other's way: the transaction is rolled back, and that is all. */
export function isConflict(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown }
  return conflicts.has(String(code))
}

const conflicts = new Set([
  // PostgreSQL: deadlock_detected, serialization_failure, unique_violation.
  '40P01',
  '40001',
  '23505',
  'ER_LOCK_DEADLOCK',
  'ER_LOCK_WAIT_TIMEOUT',
  'ER_DUP_ENTRY',
  // MariaDB: a row that a statement had found was changed by another one.
  'ER_CHECKREAD',
])
