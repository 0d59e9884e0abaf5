import type pg from 'pg'
import { PluginError, type Logger } from '@millrace/core/plugin'
import type { ChangesConfig } from '../config/postgres-config.ts'
import { sourceFaultOf, statementError } from '../connection/source-error.ts'
import { quoteName } from '../snapshot/table-name.ts'
import type { FollowedTable } from './followed-table.ts'

/** What the server says of a publication. */
export interface PublicationState {
  readonly isForAllTables: boolean
  readonly insert: boolean
  readonly update: boolean
  readonly delete: boolean
  readonly truncate: boolean
  /** Changes of partitions come as those of the table they are parts of. */
  readonly viaRoot: boolean
  /** Object ids of tables in it, and of those they are parts of. */
  readonly tables: ReadonlySet<number>
  /** Columns of tables of which it has not all. */
  readonly columns: ReadonlyMap<number, readonly string[]>
  /** Tables of which it has not all rows. */
  readonly filtered: ReadonlySet<number>
}

/** The publication of this name, or `undefined`. */
export async function readPublication(
  client: pg.Client,
  name: string,
): Promise<PublicationState | undefined> {
  const { rows } = await client.query<[string, boolean, Flags]>({
    rowMode: 'array',
    text: 'SELECT oid::text, puballtables, to_jsonb(p) FROM pg_publication p WHERE pubname = $1',
    values: [name],
  })
  const [row] = rows
  if (row === undefined) return undefined
  const [oid, isForAllTables, flags] = row
  const tables = await client.query<[string, boolean, string[] | null]>({
    rowMode: 'array',
    // A partitioned table that is in it stands there as such, or as its partitions.
    text: `WITH RECURSIVE named AS (
        SELECT r.prrelid AS oid, COALESCE(to_jsonb(r)->>'prqual', '') <> '' AS is_filtered,
          (SELECT array_agg(a.attname::text) FROM pg_attribute a WHERE a.attrelid = r.prrelid
            AND to_jsonb(r)->'prattrs' @> to_jsonb(a.attnum)) AS columns
        FROM pg_publication_rel r WHERE r.prpubid = $1::oid
        UNION ALL SELECT c.oid, false, NULL FROM pg_publication_tables t JOIN pg_namespace n ON n.nspname = t.schemaname
          JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.tablename WHERE t.pubname = $2
      ), below AS (SELECT oid FROM named UNION SELECT h.inhrelid FROM pg_inherits h JOIN below b ON b.oid = h.inhparent)
      SELECT oid::text, is_filtered, columns FROM named UNION ALL SELECT oid::text, false, NULL FROM below`,
    values: [oid, name],
  })
  return {
    isForAllTables,
    insert: flags.pubinsert,
    update: flags.pubupdate,
    delete: flags.pubdelete,
    truncate: flags.pubtruncate,
    viaRoot: flags.pubviaroot === true,
    tables: new Set(tables.rows.map(([table]) => Number(table))),
    columns: new Map(
      tables.rows.flatMap(([table, , columns]) =>
        columns === null ? [] : [[Number(table), columns] as const],
      ),
    ),
    filtered: new Set(
      tables.rows.flatMap(([table, isFiltered]) => (isFiltered ? [Number(table)] : [])),
    ),
  }
}

/**
 * A number that grows whenever a table is put into the publication, or the publication is made: the server gives each of these
 * facts an object id, and counts those up. The server sends nothing of what changed in a table while it was not in there.
 *
 * @param tables object ids; of others nothing is looked at
 */
export async function readMembership(
  client: pg.Client,
  name: string,
  tables: readonly number[],
): Promise<number | undefined> {
  const { rows } = await client.query<[string]>({
    rowMode: 'array',
    text: `SELECT greatest(p.oid::bigint, max(r.oid::bigint))::text FROM pg_publication p
      LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = ANY($2::oid[])
      WHERE p.pubname = $1 GROUP BY p.oid`,
    values: [name, tables],
  })
  const [row] = rows
  return row === undefined ? undefined : Number(row[0])
}

interface Flags {
  readonly pubinsert: boolean
  readonly pubupdate: boolean
  readonly pubdelete: boolean
  readonly pubtruncate: boolean
  /** Since PostgreSQL 13. */
  readonly pubviaroot?: boolean
}

/** The tables of the job that the publication lacks. */
export function uncovered(
  publication: PublicationState,
  tables: readonly FollowedTable[],
): readonly FollowedTable[] {
  if (publication.isForAllTables) return []
  return tables.filter(({ oid }) => !publication.tables.has(oid))
}

/** Oldest major version that takes partitioned tables into publications that name their tables. */
const partitionedVersion = 13

/**
 * Tables that a publication which names its tables cannot have: partitioned ones on old servers (PostgreSQL 12 documentation,
 * "CREATE PUBLICATION"). Their partitions could be named instead, but those made later would be missed.
 */
export function unpublishable(
  tables: readonly FollowedTable[],
  version: number,
): readonly FollowedTable[] {
  return version >= partitionedVersion ? [] : tables.filter(({ kind }) => kind === 'p')
}

/** What is wrong with a publication that should name such tables, and the statement that makes one which has them. */
export function unpublishableText(
  name: string,
  tables: readonly FollowedTable[],
  { version, isThere }: { readonly version: number; readonly isThere: boolean },
): { readonly message: string; readonly hint: string } {
  const names = tables.map((table) => `${table.namespace}.${table.name}`).join(', ')
  const drop = isThere ? `DROP PUBLICATION ${quoteName(name)}; ` : ''
  return {
    message: `PostgreSQL ${version} publishes the partitioned table ${names} only together with all other tables`,
    hint: `Let a superuser run: ${drop}${createPublicationSql(name, [], 'all_tables', version)}`,
  }
}

/** The statement that makes the publication. `version` is the major version of the server. */
export function createPublicationSql(
  name: string,
  tables: readonly FollowedTable[],
  mode: ChangesConfig['publicationMode'],
  version: number,
): string {
  const what = mode === 'all_tables' ? 'ALL TABLES' : `TABLE ${tableList(tables)}`
  const options = [
    ...(version >= partitionedVersion ? ['publish_via_partition_root = true'] : []),
    ...(version >= 18 ? ['publish_generated_columns = stored'] : []),
  ]
  const clause = options.length === 0 ? '' : ` WITH (${options.join(', ')})`
  return `CREATE PUBLICATION ${quoteName(name)} FOR ${what}${clause}`
}

/** The statement that adds tables to the publication. */
export function addTablesSql(name: string, tables: readonly FollowedTable[]): string {
  return `ALTER PUBLICATION ${quoteName(name)} ADD TABLE ${tableList(tables)}`
}

function tableList(tables: readonly FollowedTable[]): string {
  return tables
    .map(({ namespace, name }) => `${quoteName(namespace)}.${quoteName(name)}`)
    .join(', ')
}

/**
 * Where a job stands when it looks at its publication. What happens while the publication is not there, or lacks a table, is not
 * sent: a job that is `going on` from a position needs all as it was, one that is `taking up` tables has those added.
 */
export type PublishStage = 'beginning' | 'taking up' | 'going on'

/**
 * Sees to it that the publication is there and has the tables. Has to come before the slot: the server looks for it as of the
 * changes it sends.
 *
 * @throws PluginError SOURCE_NOT_PERMITTED with the statement that is missing; POSITION_LOST for a job that goes on when there is
 *   no publication, or one without a table that it follows
 */
export async function ensurePublication(
  client: pg.Client,
  name: string,
  {
    tables,
    mode = 'filtered',
    version,
    stage,
    logger,
  }: {
    readonly tables: readonly FollowedTable[]
    readonly mode?: ChangesConfig['publicationMode']
    readonly version: number
    readonly stage: PublishStage
    readonly logger: Logger
  },
): Promise<void> {
  const known = await readPublication(client, name)
  const lacking = known === undefined ? tables : uncovered(known, tables)
  const missing = stage === 'going on' ? await stillThere(client, lacking) : lacking
  if (known !== undefined && missing.length === 0) return
  const names = missing.map((table) => `${table.namespace}.${table.name}`).join(', ')
  if (known === undefined && stage !== 'beginning')
    throw publicationChanged(
      `publication ${name} is not there any more, and without it the server sends none`,
    )
  if (stage === 'going on')
    throw publicationChanged(
      `publication ${name} lacks ${names}, and what has changed in it meanwhile is not sent`,
    )
  const partitioned =
    known === undefined && mode === 'all_tables' ? [] : unpublishable(missing, version)
  if (partitioned.length > 0) {
    const found = { version, isThere: known !== undefined }
    const { message, hint } = unpublishableText(name, partitioned, found)
    throw new PluginError({ code: 'SOURCE_NOT_PERMITTED', message, hint })
  }
  const sql =
    known === undefined
      ? createPublicationSql(name, tables, mode, version)
      : addTablesSql(name, missing)
  if (mode === 'disabled' || (known !== undefined && mode !== 'filtered'))
    throw publicationMissing(
      known === undefined
        ? `publication ${name} is not there`
        : `publication ${name} lacks ${names}`,
      sql,
    )
  if (known === undefined) logger.info(`making publication ${name}`)
  else logger.info(`adding ${names} to publication ${name}`)
  try {
    await client.query(sql)
  } catch (error) {
    if (sourceFaultOf(error).state !== '42501') throw statementError(`running ${sql}`, error)
    throw publicationMissing(`making publication ${name}: ${sourceFaultOf(error).message}`, sql)
  }
}

/** Those of some tables that were not dropped. */
async function stillThere(
  client: pg.Client,
  tables: readonly FollowedTable[],
): Promise<readonly FollowedTable[]> {
  if (tables.length === 0) return []
  const { rows } = await client.query<[string]>({
    rowMode: 'array',
    text: 'SELECT oid::text FROM pg_class WHERE oid = ANY($1::oid[])',
    values: [tables.map(({ oid }) => oid)],
  })
  const oids = new Set(rows.map(([oid]) => Number(oid)))
  return tables.filter(({ oid }) => oids.has(oid))
}

/** The error for a publication that may have left changes out. */
export function publicationChanged(found: string): PluginError {
  return new PluginError({
    code: 'POSITION_LOST',
    message: `going on with changes: ${found}`,
    hint: 'Take a new snapshot, which puts the publication in order.',
  })
}

function publicationMissing(message: string, sql: string): PluginError {
  return new PluginError({
    code: 'SOURCE_NOT_PERMITTED',
    message,
    hint: `Let the owner of the tables run: ${sql}`,
  })
}
