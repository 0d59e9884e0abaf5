import type { SourceKind } from './load-source.ts'
import { MysqlChangeLog } from './mysql-change-log.ts'
import { PostgresChangeLog } from './postgres-change-log.ts'
import type { TestDatabase } from './test-database.ts'

/** One change of a row as the database's own log tells it, read by the database's own tools. */
export interface LoggedChange {
  readonly table: string
  readonly operation: 'c' | 'u' | 'd'
  /** Of the row afterwards, of a deleted row before; several columns are joined by a colon. */
  readonly key: string
  /** The key before, where it was another one. */
  readonly oldKey?: string | undefined
  /** Column `version` of the same row; absent where the log does not tell it: of a deleted row without its old image. */
  readonly version?: string | undefined
}

/** Columns of a table's key, which are its first; the column `version` follows. */
export type KeyWidths = ReadonlyMap<string, number>

/** What a database has committed since it was told to remember, in the order of its log. */
export interface ChangeLog extends AsyncDisposable {
  /** Every change so far. Call it once, when nobody writes any more. */
  read(keyWidths: KeyWidths): Promise<LoggedChange[]>
}

/** Remembers what is committed from now on, by means that have nothing to do with Millrace. */
export async function openChangeLog(kind: SourceKind, database: TestDatabase): Promise<ChangeLog> {
  return await (kind === 'mysql' ? MysqlChangeLog.open(database) : PostgresChangeLog.open(database))
}
