import { parseColumn } from '@millrace/core/sql'
import type { CatalogueColumn } from './source-object.ts'
import { quoteText } from './table-name.ts'

/** A column by which a table is cut. */
export interface SplitKey {
  readonly column: string
  readonly kind: 'integer' | 'text'
  readonly isNullable: boolean
}

const integerTypes = /^(?:smallint|integer|bigint|oid)$/
const textTypes = /^(?:text|character|character varying|citext|uuid|name)(?:\(|$)/

/** The column that `splitPk` names: as written, else in lower case. */
export function splitColumnOf(
  splitPk: string,
  catalogue: readonly CatalogueColumn[],
): CatalogueColumn | undefined {
  const { name } = parseColumn(splitPk)
  return (
    catalogue.find((column) => column.name === name) ??
    catalogue.find((column) => column.name.toLowerCase() === name.toLowerCase())
  )
}

/** How to split by a column, or `undefined` when its type can't be split by. */
export function splitKeyOf({ name, typeName, isNullable }: CatalogueColumn): SplitKey | undefined {
  if (integerTypes.test(typeName)) return { column: name, kind: 'integer', isNullable }
  return textTypes.test(typeName) ? { column: name, kind: 'text', isNullable } : undefined
}

/** A bound as a literal that takes the type, and with it the collation, of the column. */
export function boundLiteral(bound: string): string {
  return quoteText(bound)
}
