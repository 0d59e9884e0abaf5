import type pg from 'pg'
import type { UniqueKey } from '@millrace/core/sql'
import type { CatalogueType } from '../types/native-types.ts'
import type { CatalogueColumn } from './source-object.ts'
import type { TableName } from './table-name.ts'

/** The columns of a table in order; empty when there is no such table. */
export async function readCatalogue(
  client: pg.Client,
  table: TableName,
): Promise<readonly CatalogueColumn[]> {
  if (table.name === undefined) return []
  const { rows } = await client.query<[string, number, string, boolean, boolean]>({
    rowMode: 'array',
    // Since PostgreSQL 18 a column may be declared NOT NULL without its rows having been looked at.
    text: `SELECT a.attname, a.atttypid, format_type(a.atttypid, a.atttypmod),
        NOT a.attnotnull OR EXISTS (SELECT FROM pg_constraint c
          WHERE c.conrelid = a.attrelid AND c.contype = 'n' AND NOT c.convalidated AND c.conkey = ARRAY[a.attnum]),
        EXISTS (SELECT FROM pg_index i
          WHERE i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY (i.indkey))
      FROM pg_attribute a
      WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
      ORDER BY a.attnum`,
    values: [table.text],
  })
  return rows.map(([name, typeOid, typeName, isNullable, isPrimaryKey]) => ({
    name,
    typeOid,
    typeName,
    isNullable,
    isPrimaryKey,
  }))
}

/**
 * The unique keys of a table over its columns as they are, ordered and compared as the columns are, all of which the
 * user may read; the columns may be NULL. None for a table that others inherit from: their rows come with its own, and
 * its index knows nothing of them.
 */
export async function readUniqueKeys(
  client: pg.Client,
  table: TableName,
): Promise<readonly UniqueKey[]> {
  if (table.name === undefined) return []
  const { rows } = await client.query<[boolean, string[]]>({
    rowMode: 'array',
    text: `SELECT i.indisprimary, array_agg(a.attname::text ORDER BY part.number)
      FROM pg_index i
        CROSS JOIN LATERAL unnest(i.indclass::oid[], i.indcollation::oid[])
          WITH ORDINALITY AS part (operators, collation_id, number)
        LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[part.number - 1]
        LEFT JOIN pg_opclass o ON o.oid = part.operators
      WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
        AND NOT EXISTS (SELECT FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhparent
          WHERE h.inhparent = i.indrelid AND c.relkind = 'r')
      GROUP BY i.indexrelid, i.indisprimary
      HAVING bool_and(COALESCE(o.opcdefault AND a.attcollation = part.collation_id
        AND has_column_privilege(i.indrelid, a.attnum, 'SELECT'), false))
      ORDER BY i.indexrelid::regclass::text`,
    values: [table.text],
  })
  return rows.map(([isPrimary, columns]) => ({ isPrimary, columns }))
}

/** The types of these ids, and the base types of domains among them. */
export async function readTypes(
  client: pg.Client,
  oids: readonly number[],
): Promise<ReadonlyMap<number, CatalogueType>> {
  const types = new Map<number, CatalogueType>()
  let wanted = [...new Set(oids)]
  while (wanted.length > 0) {
    const { rows } = await client.query<[string, string, string, string, string, string]>({
      rowMode: 'array',
      text: `SELECT oid::text, format_type(oid, NULL), typtype::text, typcategory::text, typelem::text, typbasetype::text
        FROM pg_type WHERE oid = ANY ($1::oid[])`,
      values: [wanted],
    })
    for (const [oid, name, kind, category, elementOid, baseOid] of rows) {
      types.set(Number(oid), {
        oid: Number(oid),
        name,
        kind,
        category,
        elementOid: Number(elementOid),
        baseOid: Number(baseOid),
      })
    }
    wanted = rows.map((row) => Number(row[5])).filter((oid) => oid !== 0 && !types.has(oid))
  }
  return types
}

/** Names of the tables beside `table`, as they have to be written, for the nearest one. */
export async function readTableNames(
  client: pg.Client,
  table: TableName,
): Promise<readonly string[]> {
  const { rows } = await client.query<[string]>({
    rowMode: 'array',
    text: `SELECT quote_ident(c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND CASE WHEN $1::text IS NULL THEN n.nspname = ANY (current_schemas(false)) ELSE n.nspname = $1 END
      LIMIT 5000`,
    values: [table.schema ?? null],
  })
  return rows.map(([name]) => name)
}

/** Rows of the table as the server guesses them, or `undefined` when it has nothing to go by. */
export async function readEstimatedRows(
  client: pg.Client,
  table: TableName,
): Promise<number | undefined> {
  if (table.name === undefined) return undefined
  const { rows } = await client.query<[string | null, boolean | null]>({
    rowMode: 'array',
    // A partitioned table has no rows of its own.
    text: `WITH RECURSIVE parts (id) AS (SELECT to_regclass($1)::oid
        UNION ALL SELECT h.inhrelid FROM pg_inherits h JOIN parts ON h.inhparent = parts.id)
      SELECT SUM(GREATEST(reltuples, 0))::int8::text, bool_or(reltuples <= 0 AND pg_relation_size(oid) > 0)
      FROM pg_class JOIN parts ON oid = id WHERE relkind <> 'p'`,
    values: [table.text],
  })
  const [analysed, isUncounted] = rows[0] ?? []
  const count = isUncounted === true ? await plannedRows(client, table) : Number(analysed ?? 0)
  return count > 0 ? count : undefined
}

/** Rows as the planner reckons them from the size of a table that was never analysed. */
async function plannedRows(client: pg.Client, { text }: TableName): Promise<number> {
  const { rows } = await client.query<[string]>({
    rowMode: 'array',
    text: `EXPLAIN SELECT FROM ${text}`,
  })
  return Number(/ rows=(\d+)/.exec(rows[0]?.[0] ?? '')?.[1] ?? 0)
}
