import type { TableCatalogue } from '@millrace/core/sql'
import type { SourceConnection } from '../connection/source-connection.ts'
import { statementError } from '../connection/source-error.ts'
import { quoteText } from './table-name.ts'

/** The tables of a server. */
export function tableCatalogue(
  connect: () => Promise<SourceConnection>,
  signal: AbortSignal,
): TableCatalogue {
  const ask = async (sql: string) => {
    const connection = await connect()
    try {
      return await connection.query(sql, signal)
    } catch (error) {
      signal.throwIfAborted()
      throw statementError('looking for the tables to read', error)
    }
  }
  const names = async (sql: string) => {
    const rows = await ask(sql)
    return rows.map(([name]) => name ?? '').filter((name) => name !== '')
  }
  return {
    namespaces: () => names('SELECT SCHEMA_NAME FROM information_schema.SCHEMATA ORDER BY 1'),
    defaultNamespaces: () => names('SELECT DATABASE()'),
    async tables(namespace) {
      const rows = await ask(
        `SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES
          WHERE TABLE_SCHEMA = ${quoteText(namespace)} AND TABLE_TYPE <> 'SEQUENCE'`,
      )
      return rows.map(([name, type]) => ({
        name: name ?? '',
        // MariaDB says of tables that keep their history what they are.
        isOrdinary: type === 'BASE TABLE' || type === 'SYSTEM VERSIONED',
      }))
    },
  }
}
