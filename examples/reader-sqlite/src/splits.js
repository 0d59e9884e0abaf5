import { qualifiedName } from '@millrace/core/record'
import { integerRanges, keyRangeCondition, positionLost, wholeTable } from '@millrace/core/sql'
import { quoteName } from './database.js'
import { selectStatement } from './table.js'

/**
 * @typedef {import('@millrace/core/plugin').Split} Split
 * @typedef {import('@millrace/core/sql').KeyRange} KeyRange
 * @typedef {import('./table.js').Table} Table
 */

/**
 * Cuts a table into ranges of its first order column.
 *
 * @param {import('./database.js').Database} database
 * @param {Table} table
 * @param {number} desired
 * @returns {readonly Split[]}
 */
export function splitsOf(database, table, desired) {
  const [key] = table.order
  const bounds =
    key === undefined || !table.isCuttable || desired < 2
      ? undefined
      : boundsOf(database, table.name, key)
  const ranges =
    bounds === undefined ? [wholeTable] : integerRanges(...bounds, desired, { isNullable: true })
  return ranges.map(({ lower, upper, includesNull }) => ({
    id: ranges.length === 1 ? table.name : `${table.name}.${key}[${lower ?? ''},${upper ?? ''})`,
    table: qualifiedName(table.schema),
    range: {
      table: table.name,
      order: [...table.order],
      ...(lower === undefined ? {} : { lower }),
      ...(upper === undefined ? {} : { upper }),
      includesNull,
    },
    resumable: table.order.length > 0,
  }))
}

/**
 * The least and the greatest integer of a column. Text stands behind all numbers: the last range has it.
 *
 * @param {import('./database.js').Database} database @param {string} table @param {string} key
 * @returns {[bigint, bigint] | undefined}
 */
function boundsOf(database, table, key) {
  const column = quoteName(key)
  const [row] = database.all(
    `SELECT (${selectStatement(table, [`min(${column})`], [`${column} < ''`])}) AS least, (${selectStatement(table, [`max(${column})`], [`${column} < ''`])}) AS greatest`,
  )
  const [least, greatest] = [row?.['least'], row?.['greatest']].map((value) =>
    typeof value === 'bigint'
      ? value
      : typeof value === 'number' && Number.isFinite(value)
        ? BigInt(Math.floor(value))
        : undefined,
  )
  return least === undefined || greatest === undefined ? undefined : [least, greatest]
}

/**
 * The table and the condition of a split. It may come from a checkpoint: it is looked at like any other input.
 *
 * @param {Split} split
 * @param {readonly Table[]} tables
 * @returns {{ table: Table, condition: string | undefined }}
 */
export function partOf(split, tables) {
  const range = /** @type {Record<string, unknown>} */ (
    typeof split.range === 'object' && split.range !== null ? split.range : {}
  )
  const doing = `reading the split ${split.id}`
  const table = tables.find(({ name }) => name === range['table'])
  if (table === undefined) throw positionLost(doing, 'its table is not one of the job')
  if (JSON.stringify(range['order']) !== JSON.stringify(table.order))
    throw positionLost(doing, 'the table has another key than it had when it was cut')
  const { lower, upper, includesNull } = range
  if (!isBound(lower) || !isBound(upper) || typeof includesNull !== 'boolean')
    throw positionLost(doing, 'it is no split of this reader')
  const [key] = table.order
  const bounds = {
    ...(lower === undefined ? {} : { lower }),
    ...(upper === undefined ? {} : { upper }),
    includesNull,
  }
  return {
    table,
    condition:
      key === undefined ? undefined : keyRangeCondition(bounds, quoteName(key), (bound) => bound),
  }
}

/** @param {unknown} bound @returns {bound is string | undefined} */
function isBound(bound) {
  return bound === undefined || (typeof bound === 'string' && /^-?\d{1,19}$/.test(bound))
}
