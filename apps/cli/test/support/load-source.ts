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

/** A database with one table `t (id, k, f, v)` whose `id` is the primary key. */
export interface LoadSource extends AsyncDisposable {
  readonly kind: SourceKind
  readonly database: TestDatabase
  readonly rowCount: number
  /** The rows as they are in the table now. */
  rows(): Promise<readonly SourceRow[]>
  /** As an entry of a data source file. */
  dataSource(): Record<string, unknown>
}

/** Rows that share a `k`. */
export const rowsPerKey = 60

/** Makes the table with `rowCount` rows on the server that the environment names. */
export async function makeLoadSource(kind: SourceKind, rowCount: number): Promise<LoadSource> {
  const database = await (kind === 'mysql' ? makeMysqlDatabase() : makePostgresDatabase())
  const keyCount = Math.max(1, Math.ceil(rowCount / rowsPerKey))
  const numbers =
    kind === 'mysql' ? `seq_1_to_${rowCount}` : `generate_series(1, ${rowCount}) AS s (seq)`
  await database.execute(
    `CREATE TABLE t (id int PRIMARY KEY, k varchar(40) NOT NULL, f varchar(40) NOT NULL, v varchar(200) NOT NULL)`,
    rowCount === 0
      ? 'DELETE FROM t'
      : `INSERT INTO t SELECT seq, concat('k', seq % ${keyCount}), concat('f', seq), concat('v', seq, repeat('x', seq % 50)) FROM ${numbers}`,
    kind === 'mysql' ? 'ANALYZE TABLE t' : 'ANALYZE t',
  )
  return {
    kind,
    database,
    rowCount,
    rows: async () => (await database.query('SELECT k, f, v FROM t')) as unknown as SourceRow[],
    dataSource: () => dataSourceOf(kind, database),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}
