import type { UniqueKey } from '@millrace/core/sql'
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
    `SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, COLUMN_KEY, CHARACTER_SET_NAME, PRIVILEGES
      FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = ${schemaOf(table)} AND TABLE_NAME = ${nameLiteral(table.name)}
      ORDER BY ORDINAL_POSITION`,
    signal,
  )
  return rows.map(([name, dataType, columnType, isNullable, key, charset, privileges]) => ({
    name: name ?? '',
    dataType: (dataType ?? '').toLowerCase(),
    columnType: columnType ?? '',
    isNullable: isNullable === 'YES',
    isPrimaryKey: key === 'PRI',
    isReadable: (privileges ?? '').split(',').includes('select'),
    ...(charset == null ? {} : { charset }),
  }))
}

/** Engines that take a declared key for granted, since the rows are not theirs. */
const carelessEngines = ['MRG_MYISAM', 'FEDERATED', 'CONNECT', 'SPIDER']

/**
 * The unique keys of a table over whole columns; the columns may be NULL. None for a table whose engine does not see to
 * it that they are unique.
 */
export async function readUniqueKeys(
  connection: SourceConnection,
  table: TableName,
  signal: AbortSignal,
): Promise<readonly UniqueKey[]> {
  if (table.name === undefined) return []
  const rows = await connection.query(
    `SELECT INDEX_NAME, COLUMN_NAME, SUB_PART
      FROM information_schema.STATISTICS
      WHERE TABLE_SCHEMA = ${schemaOf(table)} AND TABLE_NAME = ${quoteText(table.name)} AND NON_UNIQUE = 0
        AND (SELECT UPPER(ENGINE) FROM information_schema.TABLES
          WHERE TABLE_SCHEMA = ${schemaOf(table)} AND TABLE_NAME = ${quoteText(table.name)})
          NOT IN (${carelessEngines.map(quoteText).join(', ')})
      ORDER BY INDEX_NAME, SEQ_IN_INDEX`,
    signal,
  )
  const keys = new Map<string, string[]>()
  const unusable = new Set<string>()
  for (const [index, column, prefixLength] of rows) {
    const name = index ?? ''
    // A part that is an expression has no column; one that is a prefix says nothing of the whole text.
    if (column == null || prefixLength != null) unusable.add(name)
    else keys.set(name, [...(keys.get(name) ?? []), column])
  }
  return [...keys]
    .filter(([name]) => !unusable.has(name))
    .map(([name, columns]) => ({ isPrimary: name === 'PRIMARY', columns }))
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
      WHERE TABLE_SCHEMA = ${schemaOf(table)} AND TABLE_NAME = ${nameLiteral(table.name)}`,
    signal,
  )
  const count = row?.[0]
  return count == null ? undefined : Number(count)
}

function schemaOf(table: TableName): string {
  return table.schema === undefined ? 'DATABASE()' : nameLiteral(table.schema)
}

/** No name on the server has characters beyond the basic plane, and comparing with them is an error: NULL equals none. */
function nameLiteral(name: string): string {
  return /[\u{10000}-\u{10ffff}]/u.test(name) ? 'NULL' : quoteText(name)
}
