import type pg from 'pg'
import type { ListedTable, TableCatalogue } from '@millrace/core/sql'
import { statementError } from '../connection/source-error.ts'

/** The tables of a database; a partition is a part of its root, and read with it. */
export function tableCatalogue(
  run: <T>(work: (client: pg.Client) => Promise<T>) => Promise<T>,
): TableCatalogue {
  const ask = async (text: string, values: readonly unknown[] = []) =>
    await run(async (client) => {
      try {
        const query = { rowMode: 'array' as const, text, values: [...values] }
        return (await client.query<[string, boolean]>(query)).rows
      } catch (error) {
        throw statementError('looking for the tables to read', error)
      }
    })
  const names = async (text: string) => (await ask(text)).map(([name]) => name)
  return {
    namespaces: () => names('SELECT nspname::text FROM pg_namespace ORDER BY 1'),
    defaultNamespaces: () => names('SELECT name::text FROM unnest(current_schemas(false)) AS name'),
    async tables(namespace) {
      const rows = await ask(
        `SELECT c.relname::text, c.relkind IN ('r', 'p') AND NOT c.relispartition
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`,
        [namespace],
      )
      return rows.map(([name, isOrdinary]): ListedTable => ({ name, isOrdinary }))
    },
  }
}
