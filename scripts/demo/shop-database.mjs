import { createRequire } from 'node:module'
import { join } from 'node:path'
import { root } from '../workspace/prepare.mjs'

/**
 * A database of the demo's own on a server.
 *
 * @typedef {object} ShopDatabase
 * @property {string} url where it is
 * @property {() => Promise<void>} drop removes it
 *
 * @typedef {(sql: string, values?: readonly unknown[]) => Promise<unknown>} Query
 *
 * @typedef {object} Dialect
 * @property {string} timestamp
 * @property {string} suffix of CREATE DATABASE
 * @property {(url: string) => Promise<{query: Query, close: () => Promise<void>}>} connect
 * @property {(rowNumber: number, columns: number) => string} placeholders of one row
 */

/** The database that the demo makes, and replaces when it is there from an earlier run. */
export const shopDatabase = 'millrace_demo'
const rowsPerInsert = 500

/** @type {Readonly<Record<'postgres' | 'mysql', Dialect>>} */
const dialects = {
  postgres: {
    timestamp: 'timestamp(0)',
    suffix: '',
    connect: async (url) => {
      const pg = requireFrom('packages/reader-postgres', 'pg')
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      return {
        query: (sql, values) => client.query(sql, values),
        close: () => client.end(),
      }
    },
    placeholders: (rowNumber, columns) =>
      Array.from({ length: columns }, (_, index) => `$${rowNumber * columns + index + 1}`).join(
        ', ',
      ),
  },
  mysql: {
    timestamp: 'datetime',
    suffix: ' CHARACTER SET utf8mb4',
    connect: async (url) => {
      const mysql = requireFrom('packages/reader-mysql', 'mysql2/promise')
      const connection = await mysql.createConnection({ uri: url, charset: 'utf8mb4' })
      return {
        query: (sql, values) => connection.query(sql, values),
        close: () => connection.end(),
      }
    },
    placeholders: (_rowNumber, columns) => Array(columns).fill('?').join(', '),
  },
}

/**
 * Makes the record shop.
 *
 * @param {'postgres' | 'mysql'} kind
 * @param {string} serverUrl any database of the server, as an account that may create databases
 * @param {import('./shop-rows.mjs').ShopRows} rows
 * @returns {Promise<ShopDatabase>}
 */
export async function makeShopDatabase(kind, serverUrl, rows) {
  const dialect = dialects[kind]
  const drop = `DROP DATABASE IF EXISTS ${shopDatabase}`
  await withConnection(dialect, serverUrl, async (query) => {
    await query(drop)
    await query(`CREATE DATABASE ${shopDatabase}${dialect.suffix}`)
  })
  const url = new URL(serverUrl)
  url.pathname = `/${shopDatabase}`
  await withConnection(dialect, url.href, async (query) => {
    for (const statement of tableStatements(dialect.timestamp)) await query(statement)
    for (const [table, tableRows] of Object.entries(rows))
      await insertRows(dialect, query, table, tableRows)
  })
  return {
    url: url.href,
    drop: () => withConnection(dialect, serverUrl, async (query) => void (await query(drop))),
  }
}

/**
 * Runs statements on a server over a connection of their own.
 *
 * @param {'postgres' | 'mysql'} kind
 * @param {string} url
 * @param {(query: Query) => Promise<void>} work
 */
export function withServer(kind, url, work) {
  return withConnection(dialects[kind], url, work)
}

/**
 * @param {Dialect} dialect
 * @param {string} url
 * @param {(query: Query) => Promise<void>} work
 */
async function withConnection(dialect, url, work) {
  const { query, close } = await dialect.connect(url)
  try {
    await work(query)
  } finally {
    await close()
  }
}

/** @param {string} timestamp */
function tableStatements(timestamp) {
  return [
    `CREATE TABLE customers (
       id integer PRIMARY KEY, name varchar(80) NOT NULL, email varchar(120) NOT NULL, country varchar(40) NOT NULL,
       phone varchar(20), created_at ${timestamp} NOT NULL)`,
    `CREATE TABLE invoices (
       id bigint PRIMARY KEY, customer_id integer NOT NULL REFERENCES customers (id), invoice_date ${timestamp} NOT NULL,
       total decimal(10, 2) NOT NULL, paid boolean NOT NULL)`,
    `CREATE TABLE invoice_lines (
       invoice_id bigint NOT NULL, line_no integer NOT NULL, track varchar(120) NOT NULL,
       unit_price decimal(6, 2) NOT NULL, quantity integer NOT NULL, PRIMARY KEY (invoice_id, line_no))`,
  ]
}

/**
 * @param {Dialect} dialect
 * @param {Query} query
 * @param {string} table
 * @param {readonly (readonly unknown[])[]} rows
 */
async function insertRows(dialect, query, table, rows) {
  for (let start = 0; start < rows.length; start += rowsPerInsert) {
    const some = rows.slice(start, start + rowsPerInsert)
    const tuples = some.map((row, index) => `(${dialect.placeholders(index, row.length)})`)
    await query(`INSERT INTO ${table} VALUES ${tuples.join(', ')}`, some.flat())
  }
}

/**
 * Loads a driver as a package of the workspace sees it: scripts have no dependencies of their own.
 *
 * @param {string} folder
 * @param {string} name
 */
export function requireFrom(folder, name) {
  return createRequire(join(root, folder, 'package.json'))(name)
}
