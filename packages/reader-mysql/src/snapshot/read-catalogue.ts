import type { SourceConnection } from '../connection/source-connection.ts'
import type { CatalogueColumn } from './source-object.ts'
import { quoteText, type TableName } from './table-name.ts'

/** The columns of a table in order; empty when there is no such table or it is not ours to see. */
export async function readCatalogue(
  connection: SourceConnection,
  table: TableName,
  signal: AbortSignal,
): Promise<readonly CatalogueColumn[]> {
  if (table.name === undefined) return []
  const rows = await connection.query(
    `SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, COLUMN_KEY, CHARACTER_SET_NAME
      FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = ${schemaOf(table)} AND TABLE_NAME = ${quoteText(table.name)}
      ORDER BY ORDINAL_POSITION`,
    signal,
  )
  return rows.map(([name, dataType, columnType, isNullable, key, charset]) => ({
    name: name ?? '',
    dataType: (dataType ?? '').toLowerCase(),
    columnType: columnType ?? '',
    isNullable: isNullable === 'YES',
    isPrimaryKey: key === 'PRI',
    ...(charset == null ? {} : { charset }),
  }))
}

/** Names of the tables beside `table`, for the nearest one. */
export async function readTableNames(
  connection: SourceConnection,
  table: TableName,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const rows = await connection.query(
    `SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${schemaOf(table)} LIMIT 5000`,
    signal,
  )
  return rows.map(([name]) => name ?? '')
}

/** Rows of the table as the server guesses them, or `undefined`. */
export async function readEstimatedRows(
  connection: SourceConnection,
  table: TableName,
  signal: AbortSignal,
): Promise<number | undefined> {
  if (table.name === undefined) return undefined
  const [row] = await connection.query(
    `SELECT TABLE_ROWS FROM information_schema.TABLES
      WHERE TABLE_SCHEMA = ${schemaOf(table)} AND TABLE_NAME = ${quoteText(table.name)}`,
    signal,
  )
  const count = row?.[0]
  return count == null ? undefined : Number(count)
}

function schemaOf(table: TableName): string {
  return table.schema === undefined ? 'DATABASE()' : quoteText(table.schema)
}
