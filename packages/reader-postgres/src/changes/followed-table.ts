import type pg from 'pg'
import type { TableName } from '../snapshot/table-name.ts'

/** A column of a table that is followed, as the catalogue has it now. */
export interface FollowedColumn {
  readonly name: string
  readonly typeOid: number
  readonly typeModifier: number
  readonly isNullable: boolean
  /** The log does not hold what is computed. */
  readonly isGenerated: boolean
  /** Whether it belongs to the replica identity. */
  readonly isIdentity: boolean
  /** Whether its values may be kept outside of the row (TOAST), which changes that leave them as they are do not send. */
  readonly isLarge: boolean
}

/** A table that is followed, as the catalogue has it now. */
export interface FollowedTable {
  readonly oid: number
  readonly namespace: string
  readonly name: string
  /** `r` ordinary, `p` partitioned, `v` view, … */
  readonly kind: string
  /** `pg_class.relreplident`: `d` default, `n` nothing, `f` full, `i` index. */
  readonly replicaIdentity: string
  /** Without a log: it has no changes. */
  readonly isUnlogged: boolean
  /** Whether the user may put it into a publication. */
  readonly isOwn: boolean
  readonly columns: readonly FollowedColumn[]
}

/** Asks the catalogue for a table; `undefined` when there is none. */
export async function readFollowedTable(
  client: pg.Client,
  { text }: TableName,
): Promise<FollowedTable | undefined> {
  const tables = await client.query<[string, string, string, string, string, boolean, boolean]>({
    rowMode: 'array',
    text: `SELECT c.oid::text, n.nspname::text, c.relname::text, c.relkind::text, c.relreplident::text,
        c.relpersistence <> 'p', pg_has_role(c.relowner, 'USAGE')
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1)`,
    values: [text],
  })
  const [table] = tables.rows
  if (table === undefined) return undefined
  const [oid, namespace, name, kind, replicaIdentity, isUnlogged, isOwn] = table
  const columns = await readColumns(client, oid)
  return { oid: Number(oid), namespace, name, kind, replicaIdentity, isUnlogged, isOwn, columns }
}

/** Values are kept outside of rows of more than 2 kB; a character takes up to 4 bytes. */
const fewCharacters = 500

async function readColumns(client: pg.Client, oid: string): Promise<readonly FollowedColumn[]> {
  // `attgenerated` is there since PostgreSQL 12.
  const { rows } = await client.query<[string, string, number, boolean, boolean, boolean, boolean]>(
    {
      rowMode: 'array',
      // Text of a few hundred characters is kept outside in the widest of rows alone, and not looked at here.
      text: `SELECT a.attname::text, a.atttypid::text, a.atttypmod, NOT a.attnotnull,
        COALESCE(to_jsonb(a)->>'attgenerated', '') <> '',
        c.relreplident = 'f' OR EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND a.attnum = ANY (i.indkey)
          AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident ELSE false END),
        a.attstorage IN ('x', 'e') AND (a.atttypid NOT IN ('varchar'::regtype, 'bpchar'::regtype)
          OR a.atttypmod < 0 OR a.atttypmod > ${fewCharacters})
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
      ORDER BY a.attnum`,
      values: [oid],
    },
  )
  return rows.map(
    ([name, typeOid, typeModifier, isNullable, isGenerated, isIdentity, isLarge]) => ({
      name,
      typeOid: Number(typeOid),
      typeModifier,
      isNullable,
      isGenerated,
      isIdentity,
      isLarge,
    }),
  )
}

/** The tables of which a table is a part, the nearest first: its partition roots and what it inherits from. */
export async function readAncestors(client: pg.Client, oid: number): Promise<readonly number[]> {
  const { rows } = await client.query<[string]>({
    rowMode: 'array',
    text: `WITH RECURSIVE above (oid, depth) AS (
        SELECT inhparent, 1 FROM pg_inherits WHERE inhrelid = $1::oid
        UNION ALL SELECT h.inhparent, depth + 1 FROM pg_inherits h JOIN above ON h.inhrelid = above.oid)
      SELECT oid::text FROM above ORDER BY depth`,
    values: [String(oid)],
  })
  return rows.map(([parent]) => Number(parent))
}

/** Types as they are written with their modifiers: `numeric(10,2)`. */
export async function readTypeNames(
  client: pg.Client,
  types: readonly { readonly typeOid: number; readonly typeModifier: number }[],
): Promise<readonly string[]> {
  const { rows } = await client.query<[string]>({
    rowMode: 'array',
    text: `SELECT COALESCE(format_type(oid, modifier), '???')
      FROM unnest($1::oid[], $2::int[]) WITH ORDINALITY AS t (oid, modifier, place) ORDER BY place`,
    values: [types.map(({ typeOid }) => typeOid), types.map(({ typeModifier }) => typeModifier)],
  })
  return rows.map(([name]) => name)
}
