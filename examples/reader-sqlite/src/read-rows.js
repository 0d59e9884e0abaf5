import { setImmediate } from 'node:timers/promises'
import { PluginError } from '@millrace/core/plugin'
import { BatchBuilder } from '@millrace/core/record'
import { byteSizeOf, cellExpression, converterOf, wrong } from './cells.js'
import { messageOf, quoteName } from './database.js'
import { positionOf, sideOf, valuesOf } from './position.js'
import { selectStatement } from './table.js'

/**
 * @typedef {import('./database.js').Database} Database
 * @typedef {import('./database.js').Value} Value
 * @typedef {import('./table.js').Table} Table
 * @typedef {import('@millrace/core/record').Cell} Cell
 * @typedef {import('@millrace/core/record').RecordBatch} RecordBatch
 * @typedef {import('@millrace/core/plugin').ReadOptions} ReadOptions
 */

let rowCount = 0

/** Rows that were read of databases so far. */
export function countRows() {
  return rowCount
}

/** While SQLite looks for a row, nothing else happens in the process: it is asked for so much at a time. */
const pageMs = 50

/**
 * Reads a part of a table in the order of its key, in batches.
 *
 * @param {Database} database
 * @param {Table} table
 * @param {{ condition: string | undefined, where: string | undefined, requireUnchanged: () => void }} part
 * @param {ReadOptions} options
 * @returns {AsyncGenerator<RecordBatch, void>}
 */
export async function* readRows(
  database,
  { name, schema, order },
  { condition, where, requireUnchanged },
  options,
) {
  const { maxRows, maxBytes, maxDelayMs, signal, positions } = options
  const doing = `reading the table ${name}`
  const builder = new BatchBuilder(schema, { maxRows, maxBytes })
  const convert = rowConverter(schema)
  const expressions = [
    ...schema.fields.map((field, index) => `${cellExpression(quoteName(field.name))} AS c${index}`),
    ...order.map((column, index) => `${quoteName(column)} AS k${index}`),
  ]
  /** @type {import('@millrace/core/record').UnreadableRow[]} */
  let unreadable = []
  const until = sideOf('up-to', order, valuesOf(options.until, order, doing), 'u')
  let last = valuesOf(options.from, order, doing)
  const take = () => {
    signal.throwIfAborted()
    requireUnchanged()
    const position = positions === true && last !== undefined ? positionOf(order, last) : undefined
    const batch = builder.take(position)
    const bad = unreadable
    unreadable = []
    return bad.length === 0 ? batch : { ...batch, unreadable: bad }
  }
  let lastRowAt = Date.now()
  let pageSize = where === undefined || order.length === 0 ? undefined : 256
  for (;;) {
    signal.throwIfAborted()
    const startedAt = Date.now()
    const behind = sideOf('behind', order, last, 'b')
    const end =
      pageSize === undefined
        ? undefined
        : endOfPage(
            database,
            name,
            order,
            [condition, behind.condition, until.condition],
            { ...behind.bound, ...until.bound },
            pageSize,
          )
    const page = sideOf('up-to', order, end, 'p')
    const statement = selectStatement(
      name,
      expressions,
      [condition, behind.condition, until.condition, page.condition, where],
      order,
    )
    const bound = { ...behind.bound, ...until.bound, ...page.bound }
    for (const values of database.iterate(statement, bound)) {
      rowCount += 1
      const { row, byteSize, fault } = convert(values)
      const isFull = builder.rowCount + unreadable.length >= maxRows
      if (isFull || builder.mustFlushBefore(byteSize)) yield take()
      if (fault === undefined) builder.add(row, byteSize)
      else unreadable.push({ row, error: fault })
      if (order.length > 0) last = order.map((_, index) => values[`k${index}`] ?? null)
    }
    if (end === undefined) break
    const now = Date.now()
    if (builder.rowCount + unreadable.length === 0) lastRowAt = now
    else if (now - lastRowAt >= maxDelayMs) {
      yield take()
      lastRowAt = Date.now()
    }
    last = end
    const took = now - startedAt
    pageSize = Math.max(
      1,
      Math.min(
        16_384,
        Math.floor(took > pageMs ? ((pageSize ?? 1) * pageMs) / took : (pageSize ?? 1) * 2),
      ),
    )
    // Lets the rest of the process have its turn: a signal is aborted there.
    await setImmediate()
  }
  signal.throwIfAborted()
  if (builder.rowCount + unreadable.length > 0) yield take()
}

/**
 * The key of the row so far behind the beginning, `undefined` when there are not so many.
 *
 * @param {Database} database @param {string} table @param {readonly string[]} order
 * @param {readonly (string | undefined)[]} conditions @param {Record<string, Value>} bound @param {number} size
 */
function endOfPage(database, table, order, conditions, bound, size) {
  const keys = order.map((column, index) => `${quoteName(column)} AS k${index}`)
  const [row] = database.all(
    `${selectStatement(table, keys, conditions, order)} LIMIT 1 OFFSET ${size - 1}`,
    bound,
  )
  return row === undefined ? undefined : order.map((_, index) => row[`k${index}`] ?? null)
}

/** @param {import('@millrace/core/record').TableSchema} schema */
function rowConverter({ fields }) {
  const columns = fields.map(({ name, type, nativeType }, index) => ({
    key: `c${index}`,
    convert: converterOf(type),
    message: `the column ${name}, declared as ${nativeType || 'nothing'}, holds what is no ${type}`,
  }))
  return (/** @type {Record<string, Value>} */ values) => {
    /** @type {Cell[]} */
    const row = []
    let byteSize = 0
    let fault
    for (const { key, convert, message } of columns) {
      const value = values[key] ?? null
      const cell = value === null ? null : convert(value)
      if (cell === wrong) {
        fault ??= { code: 'WRONG_TYPE', message }
        row.push(value)
      } else {
        row.push(cell)
        byteSize += byteSizeOf(value, cell)
      }
    }
    return { row, byteSize: fault === undefined ? byteSize : 0, fault }
  }
}

/**
 * @param {unknown} error
 * @param {string} table
 */
export function readError(error, table) {
  if (PluginError.isInstance(error)) return error
  return new PluginError({
    code: 'SOURCE_FAILED',
    message: `reading the table ${table}: ${messageOf(error)}`,
    hint: 'Try the condition with sqlite3, or check the database with PRAGMA integrity_check.',
    cause: error,
  })
}
