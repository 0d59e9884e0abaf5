import { readdir } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { PluginError } from '@millrace/core/plugin'
import { nearestName } from '@millrace/core/sql'
import { logicalTypeOf } from './cells.js'
import { namedColumns } from './config.js'
import { openDatabase, quoteName } from './database.js'

/**
 * @typedef {import('./config.js').Config} Config
 * @typedef {import('./database.js').Database} Database
 * @typedef {import('@millrace/core/plugin').Finding} Finding
 * @typedef {{ name: string, type: string, isNullable: boolean, keyPosition: number }} Column
 * @typedef {{
 *   name: string,
 *   schema: import('@millrace/core/record').TableSchema,
 *   order: readonly string[],
 *   isCuttable: boolean,
 * }} Table what is read of a table; `order` are the columns whose values are those of one row alone, empty where there are none
 */

/**
 * Describes the tables of the job and says what is wrong with them.
 *
 * @param {Database} database
 * @param {Config} config
 */
export function describeTables(database, config) {
  const catalogue = database.all(
    "SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
  )
  const names = catalogue.map(({ name }) => String(name))
  /** @type {Finding[]} */
  const findings = []
  /** @type {Table[]} */
  const tables = []
  for (const [index, wanted] of config.table.entries()) {
    const found = catalogue.find(({ name }) => isSameName(String(name), wanted))
    if (found === undefined) {
      const path = config.table.length > 1 ? ['table', index] : ['table']
      findings.push({
        severity: 'error',
        path,
        message: `the database ${config.file} has no table ${wanted}`,
        ...nearest(wanted, names),
      })
    } else {
      tables.push(
        describeTable(
          database,
          config,
          String(found['name']),
          { isView: found['type'] === 'view', hasRowid: found['wr'] === 0 },
          findings,
        ),
      )
    }
  }
  return { tables, findings }
}

/**
 * @param {Database} database
 * @param {Config} config
 * @param {string} name
 * @param {{ isView: boolean, hasRowid: boolean }} kind
 * @param {Finding[]} findings
 * @returns {Table}
 */
function describeTable(database, config, name, { isView, hasRowid }, findings) {
  const columns = database
    .all('SELECT name, type, "notnull", pk FROM pragma_table_xinfo(?) WHERE hidden <> 1', [name])
    .map((row) => ({
      name: String(row['name']),
      type: String(row['type']),
      isNullable: row['notnull'] === 0,
      keyPosition: Number(row['pk']),
    }))
  const names = columns.map((column) => column.name)
  /** @param {string} wanted @param {readonly (string | number)[]} path */
  const find = (wanted, path) => {
    const found = columns.find((column) => isSameName(column.name, wanted))
    if (found === undefined)
      findings.push({
        severity: 'error',
        path,
        message: `the table ${name} has no column ${wanted}`,
        ...nearest(wanted, names),
      })
    return found
  }
  const named = namedColumns(config)
  const selected =
    named?.flatMap((wanted, index) => find(wanted, ['columns', index]) ?? []) ?? columns
  for (const wanted of Object.keys(config.types ?? {})) find(wanted, ['types', wanted])
  const keyColumns = columns
    .filter((column) => column.keyPosition > 0)
    .sort((a, b) => a.keyPosition - b.keyPosition)
  const rowid = isView || !hasRowid ? undefined : rowidName(database, name, names)
  const isAlias =
    rowid !== undefined &&
    keyColumns.length === 1 &&
    keyColumns[0]?.type.toUpperCase() === 'INTEGER'
  /** @type {string[]} */
  let order =
    rowid === undefined ? (isView ? [] : keyColumns.map((column) => column.name)) : [rowid]
  let isCuttable = rowid !== undefined || isInteger(keyColumns[0])
  if (
    config.splitPk !== undefined &&
    !(rowid !== undefined && isRowid(config.splitPk, keyColumns, isAlias, names))
  ) {
    const column = find(config.splitPk, ['splitPk'])
    if (column !== undefined) {
      const why =
        order.length === 0
          ? 'rows of it have no key'
          : !isInteger(column)
            ? `its type is ${column.type}`
            : isIndexed(database, name, column.name)
              ? undefined
              : 'it is not the first column of an index'
      if (why !== undefined)
        findings.push({
          severity: 'warning',
          path: ['splitPk'],
          message: `the table ${name} cannot be cut by ${column.name}: ${why}`,
          hint: 'Leave splitPk out, or make an index on the column.',
        })
      else {
        order = [column.name, ...order.filter((each) => each !== column.name)]
        isCuttable = true
      }
    }
  }
  const condition =
    config.where === undefined
      ? undefined
      : database.accepts(selectStatement(name, ['1'], [config.where]))
  if (condition !== undefined)
    findings.push({
      severity: 'error',
      path: ['where'],
      message: `SQLite refuses the condition for the table ${name}: ${condition}`,
    })
  const fields = selected.map((column) => ({
    name: column.name,
    type: typeFor(config, column),
    nullable: column.isNullable && !(isAlias && column.keyPosition > 0),
    nativeType: column.type,
  }))
  const key = keyColumns.map((column) => selected.indexOf(column))
  return {
    name,
    schema: { table: name, version: 1, fields, key: key.includes(-1) ? [] : key },
    order,
    isCuttable: isCuttable && order.length > 0,
  }
}

/** @param {Config} config @param {Column} column */
function typeFor({ types = {} }, { name, type }) {
  const wanted = Object.entries(types).find(([each]) => isSameName(each, name))
  return wanted?.[1] ?? logicalTypeOf(type)
}

/** @param {Column | undefined} column */
function isInteger(column) {
  return column !== undefined && logicalTypeOf(column.type) === 'int'
}

/**
 * What the rowid of a table is called: a column may have taken one of its names, and a virtual table may have none.
 *
 * @param {Database} database @param {string} table @param {readonly string[]} columns
 */
function rowidName(database, table, columns) {
  return ['rowid', '_rowid_', 'oid'].find(
    (name) =>
      !columns.some((column) => isSameName(column, name)) &&
      database.accepts(selectStatement(table, [name], [])) === undefined,
  )
}

/** @param {string} wanted @param {readonly Column[]} keyColumns @param {boolean} isAlias @param {readonly string[]} columns */
function isRowid(wanted, keyColumns, isAlias, columns) {
  if (isAlias && isSameName(wanted, keyColumns[0]?.name ?? '')) return true
  return (
    ['rowid', '_rowid_', 'oid'].includes(wanted.toLowerCase()) &&
    !columns.some((column) => isSameName(column, wanted))
  )
}

/** @param {Database} database @param {string} table @param {string} column */
function isIndexed(database, table, column) {
  return (
    database.all(
      'SELECT 1 FROM pragma_index_list(?1) AS i, pragma_index_xinfo(i.name) AS c WHERE i.partial = 0 AND c.seqno = 0 AND c.name = ?2 COLLATE NOCASE AND c."desc" = 0',
      [table, column],
    ).length > 0
  )
}

/**
 * @param {string} table @param {readonly string[]} expressions @param {readonly (string | undefined)[]} conditions
 * @param {readonly string[]} order
 */
export function selectStatement(table, expressions, conditions, order = []) {
  const given = conditions.filter((condition) => condition !== undefined && condition.trim() !== '')
  const where =
    given.length === 0 ? '' : ` WHERE ${given.map((condition) => `(${condition}\n)`).join(' AND ')}`
  const orderBy = order.length === 0 ? '' : ` ORDER BY ${order.map(quoteName).join(', ')}`
  return `SELECT ${expressions.join(', ')} FROM ${quoteName(table)}${where}${orderBy}`
}

/** @param {string} one @param {string} other */
function isSameName(one, other) {
  return one.toLowerCase() === other.toLowerCase()
}

/** @param {string} wanted @param {readonly string[]} names */
function nearest(wanted, names) {
  const near = nearestName(wanted, names)
  if (near !== undefined) return { hint: `Did you mean ${near}?` }
  return names.length === 0 ? {} : { hint: `There are: ${names.slice(0, 20).join(', ')}.` }
}

/**
 * Says what is wrong without reading a row.
 *
 * @param {Config} config
 * @param {import('@millrace/core/plugin').CallOptions} options
 * @returns {Promise<readonly Finding[]>}
 */
export async function check(config, { signal }) {
  signal.throwIfAborted()
  const path = resolve(config.file)
  /** @type {readonly string[]} */
  const siblings = await readdir(dirname(path)).catch(() => [])
  if (!siblings.includes(basename(path)))
    return [
      {
        severity: 'error',
        path: ['file'],
        message: `there is no file ${config.file}`,
        ...nearest(basename(path), siblings),
      },
    ]
  const database = await openDatabase(config.file)
  try {
    return describeTables(database, config).findings
  } finally {
    await database.close()
    signal.throwIfAborted()
  }
}

/**
 * @param {Database} database
 * @param {Config} config
 */
export function requireTables(database, config) {
  const { tables, findings } = describeTables(database, config)
  const [error] = findings.filter(({ severity }) => severity === 'error')
  if (error === undefined) return tables
  const code = error.path[0] === 'where' ? 'SOURCE_STATEMENT_INVALID' : 'SOURCE_OBJECT_MISSING'
  throw new PluginError({
    code,
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  })
}
