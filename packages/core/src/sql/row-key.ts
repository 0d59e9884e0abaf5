import { PluginError } from '../plugin/errors.ts'
import { matchColumns } from './match-name.ts'
import type { SourceObject } from './source-object.ts'
import type { UniqueKey } from './split-order.ts'

/** What is known of a table when its key is looked for. */
export interface KeyedTable {
  readonly catalogue: readonly {
    readonly name: string
    readonly isNullable: boolean
    readonly isPrimaryKey: boolean
  }[]
  /** The columns may be NULL. */
  readonly uniqueKeys: readonly UniqueKey[]
  /** The column of the table that stands at each position of the row, where it is one. */
  readonly columns: readonly (string | undefined)[]
}

/**
 * Positions of the columns that identify a row: the primary key; for tables that the job names by `tables` or `schemas`
 * else a unique index without NULL, else the entry's `keys`. Empty when there is none.
 *
 * @throws PluginError CONFIG_INVALID when such a table has a key that its `columns` lack; SOURCE_OBJECT_MISSING when `keys`
 *   names other columns than are read
 */
export function rowKey<Table>(object: SourceObject<Table>, table: KeyedTable): readonly number[] {
  const { named } = object
  if (named === undefined) return positionsOf(primaryKey(table), table) ?? []
  const keys = candidateKeys(table)
  for (const key of keys) {
    const positions = positionsOf(key.columns, table)
    if (positions !== undefined) return positions
    if (key.isPrimary) throw lackingKey(object.label, key.columns, table)
  }
  if (named.keys.length > 0) {
    const names = table.columns.filter((name) => name !== undefined)
    const matched = matchColumns(named.keys, names, `looking for keys of table ${object.label}`)
    return positionsOf(matched, table) ?? []
  }
  const [first] = keys
  if (first !== undefined) throw lackingKey(object.label, first.columns, table)
  return []
}

/** In the order of the index, where that is known. */
function candidateKeys(table: KeyedTable): readonly UniqueKey[] {
  const required = new Set(
    table.catalogue.filter(({ isNullable }) => !isNullable).map(({ name }) => name),
  )
  const unique = table.uniqueKeys.filter(({ columns }) =>
    columns.every((name) => required.has(name)),
  )
  const shortest = unique.toSorted(
    (left, right) =>
      Number(right.isPrimary) - Number(left.isPrimary) ||
      left.columns.length - right.columns.length,
  )
  const columns = primaryKey(table)
  // MySQL calls the columns of a unique index primary where there is no other key.
  const isListed = unique.some(
    (key) =>
      key.columns.length === columns.length && key.columns.every((name) => columns.includes(name)),
  )
  return columns.length === 0 || isListed ? shortest : [{ isPrimary: true, columns }, ...shortest]
}

function primaryKey({ catalogue }: KeyedTable): readonly string[] {
  return catalogue.filter(({ isPrimaryKey }) => isPrimaryKey).map(({ name }) => name)
}

function positionsOf(
  names: readonly string[],
  { columns }: KeyedTable,
): readonly number[] | undefined {
  const positions = names.map((name) => columns.indexOf(name))
  return positions.includes(-1) ? undefined : positions
}

function lackingKey(label: string, key: readonly string[], { columns }: KeyedTable): PluginError {
  const lacking = key.filter((name) => !columns.includes(name))
  return new PluginError({
    code: 'CONFIG_INVALID',
    message: `preparing to read table ${label}: columns lacks ${lacking.join(', ')} of its key`,
    hint: `Add ${lacking.join(', ')}: the key tells the rows apart.`,
  })
}
