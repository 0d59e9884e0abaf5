import {
  orderableTable,
  positionLost,
  type OrderableTable,
  type OrderDialect,
  type SplitOrder,
  type UniqueKey,
} from '@millrace/core/sql'
import { keyExpression, keyLiteral, orderFormOf } from './key-literal.ts'
import type { CatalogueColumn, OrderableColumn } from './source-object.ts'
import { quoteName } from './table-name.ts'

/** How MySQL and MariaDB are asked for rows in order. */
export const orderDialect: OrderDialect<OrderableColumn> = {
  nullsFirst: true,
  comparesRows: false,
  quoteName,
  hiddenExpression: ({ form }, quotedColumn) => keyExpression(form, quotedColumn),
  literal({ name, form }, value) {
    if (typeof value === 'string') return keyLiteral(form, value, name)
    throw positionLost(`reading by the column ${name}`, 'its value in the position is none')
  },
}

/** Character sets whose text comes byte for byte as it is stored. */
const exactCharsets = new Set(['utf8mb4', 'utf8mb3', 'utf8', 'ascii'])

/**
 * What the rows of a table can be ordered by.
 *
 * @param selected - the column that stands at each position of the row, where it is one
 * @param hasRawText - text comes in the character set of its column, and is then decoded
 */
export function tableOrders(
  catalogue: readonly CatalogueColumn[],
  uniqueKeys: readonly UniqueKey[],
  selected: readonly (CatalogueColumn | undefined)[],
  hasRawText: boolean,
): OrderableTable<OrderableColumn> {
  return orderableTable(catalogue, uniqueKeys, selected, {
    orderable(column) {
      const form = column.isReadable ? orderFormOf(column) : undefined
      return form === undefined ? undefined : { name: column.name, form }
    },
    isExact({ dataType, charset }) {
      if (dataType === 'enum') return false
      return charset === undefined || (exactCharsets.has(charset) && !hasRawText)
    },
  })
}

/** Long enough for every key there can be; the server sorts by this many bytes and ignores the rest. */
const sortedBytes = 8_388_608
/** Room for the fifteen keys that a sort needs at least, each as long as a VARCHAR can get. */
const sortBufferBytes = 33_554_432

/**
 * Settings without which an ordered read could go wrong: sorting by whole texts, and taking back the dates that the
 * server has given.
 */
export function orderSettings({ columns }: SplitOrder<OrderableColumn>): readonly string[] {
  const kinds = columns.map(({ column }) => column.form.kind)
  const settings: string[] = []
  if (kinds.includes('text') || kinds.includes('bytes')) {
    settings.push(`max_sort_length = ${sortedBytes}`, `sort_buffer_size = ${sortBufferBytes}`)
  }
  if (kinds.includes('moment')) {
    settings.push("sql_mode = CONCAT_WS(',', @@sql_mode, 'ALLOW_INVALID_DATES')")
  }
  return settings
}
