import type pg from 'pg'
import { PluginError } from '@millrace/core/plugin'
import type { TableSchema } from '@millrace/core/record'
import { parseColumn } from '@millrace/core/sql'
import { statementError } from '../connection/source-error.ts'
import type { DescribedObject } from '../snapshot/source-object.ts'
import type { FollowedObject } from './followed-relations.ts'
import { readFollowedTable, type FollowedColumn, type FollowedTable } from './followed-table.ts'

/**
 * What following the changes of an object takes besides reading it; its schema says what they give of the row before.
 *
 * @throws PluginError CONFIG_INVALID for what has no changes: statements, conditions, expressions, views
 */
export async function describeFollowed(
  client: pg.Client,
  described: DescribedObject,
): Promise<FollowedObject> {
  const { object, schema } = described
  const { label, table: name } = object
  if (name === undefined) throw notFollowed(`${label} is a statement`)
  if (object.where !== undefined) throw notFollowed(`table ${label} is read with a condition`)
  let table: FollowedTable | undefined
  try {
    table = await readFollowedTable(client, name)
  } catch (error) {
    throw statementError(`preparing to follow table ${label}`, error)
  }
  if (table === undefined || !['r', 'p'].includes(table.kind))
    throw notFollowed(`${label} is no table of this database`)
  const columns = sourceColumns(described, table)
  const isRestricted = object.columns !== undefined || object.named?.statement !== undefined
  return { label, table, columns, isRestricted, schema: withIdentity(schema, table, columns) }
}

/** The column of the table behind each field. */
function sourceColumns(
  { object, schema, selectList = [] }: DescribedObject,
  { columns }: FollowedTable,
): readonly (string | undefined)[] {
  const isStatement = object.named?.statement !== undefined
  const names = new Set(columns.map(({ name }) => name))
  return schema.fields.map((field, index) => {
    const text = selectList[index]
    const written = isStatement || text === undefined ? field.name : parseColumn(text).name
    if (names.has(written)) return written
    if (isStatement) return undefined
    throw notFollowed(`column ${field.name} of table ${object.label} is an expression`)
  })
}

function withIdentity(
  schema: TableSchema,
  { replicaIdentity, columns: catalogue }: FollowedTable,
  columns: readonly (string | undefined)[],
): TableSchema {
  if (replicaIdentity === 'f') return schema
  const placesOf = (
    names: readonly (string | undefined)[],
    isWanted: (column: FollowedColumn) => boolean,
  ) => {
    const wanted = new Set(catalogue.filter(isWanted).map(({ name }) => name))
    return names.flatMap((name, index) => (name !== undefined && wanted.has(name) ? [index] : []))
  }
  const identity = placesOf(columns, ({ isIdentity }) => isIdentity)
  const omittable = placesOf(columns, ({ isLarge, isIdentity }) => isLarge && !isIdentity)
  return { ...schema, identity, ...(omittable.length === 0 ? {} : { omittable }) }
}

function notFollowed(found: string): PluginError {
  return new PluginError({
    code: 'CONFIG_INVALID',
    message: `following changes: ${found}, and only the changes of whole tables can be followed`,
    hint: 'Name the table and its columns; change or filter rows in the job.',
  })
}
