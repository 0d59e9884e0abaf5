import { parseColumn } from '@millrace/core/sql'
import type { KeyForm } from './key-literal.ts'
import type { CatalogueColumn } from './source-object.ts'

/** A column by which a table is cut, and how its bounds are read and written. */
export interface SplitKey extends KeyForm {
  readonly column: string
  readonly kind: 'integer' | 'text' | 'bytes' | 'other'
  readonly isNullable: boolean
}

const integerTypes = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'year'])
const textTypes = new Set(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext'])
const byteTypes = new Set(['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'])
const otherTypes = new Set(['uuid', 'inet4', 'inet6'])

/** The column that `splitPk` names, in any case; `undefined` when the table has none of that name. */
export function splitColumnOf(
  splitPk: string,
  catalogue: readonly CatalogueColumn[],
): CatalogueColumn | undefined {
  const wanted = parseColumn(splitPk).name.toLowerCase()
  return catalogue.find(({ name }) => name.toLowerCase() === wanted)
}

/** How to split by a column, or `undefined` when its type can't be split by. */
export function splitKeyOf(column: CatalogueColumn): SplitKey | undefined {
  const { name, dataType, charset, isNullable } = column
  const key = { column: name, isNullable }
  if (integerTypes.has(dataType)) return { ...key, kind: 'integer' }
  if (textTypes.has(dataType) && charset !== undefined) return { ...key, kind: 'text', charset }
  if (byteTypes.has(dataType)) return { ...key, kind: 'bytes' }
  return otherTypes.has(dataType) ? { ...key, kind: 'other' } : undefined
}
