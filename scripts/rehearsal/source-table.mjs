import { randomUUID } from 'node:crypto'
import { withServer } from '../demo/shop-database.mjs'
import { rows } from './combinations.mjs'

/**
 * A table with the rows of the rehearsal, in a database of its own.
 *
 * @typedef {object} SourceTable
 * @property {string} url of the database
 * @property {string} table
 * @property {() => Promise<void>} drop removes the database
 *
 * @param {'postgres' | 'mysql'} kind
 * @param {string} serverUrl any database of the server, as an account that may create databases
 * @returns {Promise<SourceTable>}
 */
export async function makeSourceTable(kind, serverUrl) {
  const database = `millrace_rehearsal_${randomUUID().slice(0, 8)}`
  const table = 'customers'
  await withServer(
    kind,
    serverUrl,
    async (query) => void (await query(`CREATE DATABASE ${database}`)),
  )
  const url = new URL(serverUrl)
  url.pathname = `/${database}`
  const values = rows.map(([id, name, balance]) => `(${id}, '${name}', ${balance})`)
  await withServer(kind, url.href, async (query) => {
    await query(
      `CREATE TABLE ${table} (id bigint PRIMARY KEY, name varchar(80), balance decimal(12, 2))`,
    )
    await query(`INSERT INTO ${table} VALUES ${values.join(', ')}`)
  })
  const drop = () =>
    withServer(kind, serverUrl, async (query) => void (await query(`DROP DATABASE ${database}`)))
  return { url: url.href, table, drop }
}
