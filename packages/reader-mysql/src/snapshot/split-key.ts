import { parseColumn } from '@millrace/core/sql'
import type { CatalogueColumn } from './source-object.ts'

/** How bounds of a split key are read and written. */
export interface SplitKey {
  readonly column: string
  /**
   * `integer`: digits. `text`: hex of the stored bytes, which have to be read in `charset`. `bytes`: hex.
   * `other`: hex of the UTF-8 text of a MariaDB type that compares with text (uuid, inet6).
   */
  readonly kind: 'integer' | 'text' | 'bytes' | 'other'
  readonly charset?: string
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

/** A bound as a literal of the key's own type and character set, so that the column's collation decides. */
export function boundLiteral(key: SplitKey, bound: string): string {
  switch (key.kind) {
    case 'integer':
      return bound
    case 'text':
      return `_${key.charset} X'${bound}'`
    case 'bytes':
      return `X'${bound}'`
    case 'other':
      return `_utf8mb4 X'${bound}'`
  }
}

/** The expression that gives a bound in the form {@link boundLiteral} takes. */
export function boundExpression(key: SplitKey, quotedColumn: string): string {
  switch (key.kind) {
    case 'integer':
      return quotedColumn
    case 'text':
    case 'bytes':
      return `HEX(${quotedColumn})`
    case 'other':
      return `HEX(CAST(${quotedColumn} AS CHAR CHARACTER SET utf8mb4))`
  }
}
