import {
  dataSourceOf,
  makeMysqlDatabase,
  makePostgresDatabase,
  type TestDatabase,
} from './test-database.ts'

export type SourceKind = 'mysql' | 'postgresql'

/** A row of the table: several rows share a `k`, no two a `f` or a `v`. */
export interface SourceRow {
  readonly k: string
  readonly f: string
  readonly v: string
}

/** A table or collection `t` that jobs read. */
export interface RowSource extends AsyncDisposable {
  readonly kind: SourceKind | 'mongodb'
  readonly rowCount: number
  /** The rows as they are there now. */
  rows(): Promise<readonly SourceRow[]>
  /** As an entry of a data source file. */
  dataSource(): Record<string, unknown>
}

/** A database with one table `t (id, k, f, v)` whose `id` is the primary key. */
export interface LoadSource extends RowSource {
  readonly kind: SourceKind
  readonly database: TestDatabase
}

/** Rows that share a `k`. */
export const rowsPerKey = 60

/** Makes the table with `rowCount` rows in a database of its own on the server that the environment names. */
export async function makeLoadSource(
  kind: SourceKind,
  rowCount: number,
  options: { readonly isKeyless?: boolean } = {},
): Promise<LoadSource> {
  const database = await (kind === 'mysql' ? makeMysqlDatabase() : makePostgresDatabase())
  await fillTable(kind, database, rowCount, options.isKeyless === true)
  return loadSourceOf(kind, database, rowCount)
}

/** The table of a database as a source. */
export function loadSourceOf(
  kind: SourceKind,
  database: TestDatabase,
  rowCount: number,
): LoadSource {
  return {
    kind,
    database,
    rowCount,
    rows: async () => (await database.query('SELECT k, f, v FROM t')) as unknown as SourceRow[],
    dataSource: () => dataSourceOf(kind, database),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

/** Makes the table and its rows. */
export async function fillTable(
  kind: SourceKind,
  database: Pick<TestDatabase, 'execute'>,
  rowCount: number,
  isKeyless = false,
): Promise<void> {
  const keyCount = Math.max(1, Math.ceil(rowCount / rowsPerKey))
  const numbers =
    kind === 'mysql' ? `seq_1_to_${rowCount}` : `generate_series(1, ${rowCount}) AS s (seq)`
  await database.execute(
    `CREATE TABLE t (id int ${isKeyless ? 'NOT NULL' : 'PRIMARY KEY'}, k varchar(40) NOT NULL, f varchar(40) NOT NULL, v varchar(200) NOT NULL)`,
    rowCount === 0
      ? 'DELETE FROM t'
      : `INSERT INTO t SELECT seq, concat('k', seq % ${keyCount}), concat('f', seq), concat('v', seq, repeat('x', seq % 50)) FROM ${numbers}`,
    kind === 'mysql' ? 'ANALYZE TABLE t' : 'ANALYZE t',
  )
}
