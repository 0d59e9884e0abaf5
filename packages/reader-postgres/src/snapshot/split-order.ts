import {
  orderableTable,
  type OrderableTable,
  type OrderDialect,
  type UniqueKey,
} from '@millrace/core/sql'
import { logicalTypeOf, type CatalogueType } from '../types/native-types.ts'
import { isOrderable } from '../types/orderable-types.ts'
import type { CatalogueColumn, OrderableColumn } from './source-object.ts'
import { literalOf } from './split-position.ts'
import { quoteName } from './table-name.ts'

/** How PostgreSQL is asked for rows in order. */
export const orderDialect: OrderDialect<OrderableColumn> = {
  nullsFirst: false,
  comparesRows: true,
  quoteName,
  hiddenExpression: (_, quotedColumn) => quotedColumn,
  literal: ({ name }, value) => literalOf(value, name),
}

/**
 * What the rows of a table can be ordered by.
 *
 * @param selected - the column that stands at each position of the row, where it is one
 * @param types - the types of all columns of the catalogue
 */
export function tableOrders(
  catalogue: readonly CatalogueColumn[],
  uniqueKeys: readonly UniqueKey[],
  selected: readonly (CatalogueColumn | undefined)[],
  types: ReadonlyMap<number, CatalogueType>,
): OrderableTable<OrderableColumn> {
  return orderableTable(catalogue, uniqueKeys, selected, {
    orderable: ({ name, typeOid }) =>
      isOrderable(typeOid, types) ? { name, type: logicalTypeOf(typeOid, types) } : undefined,
    isExact: () => true,
  })
}
