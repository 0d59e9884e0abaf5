import { randomBytes } from 'node:crypto'

/**
 * @typedef {(sql: string, values?: any[]) => Promise<any[]>} Query
 *
 * A database that rows are read from, and what a user would move them with instead of Millrace.
 *
 * @typedef {object} Source
 * @property {'postgres' | 'mysql'} service its name in scripts/services
 * @property {string} title
 * @property {string} stepType of Millrace's reader
 * @property {string} script path of the peer that is a Node script
 * @property {string} pipeTitle
 * @property {string} scriptTitle
 * @property {{pipe: number, script: number}} wallTargets the most that Millrace's wall time may be, as a part of the peer's
 * @property {<T>(url: string, work: (query: Query) => Promise<T>) => Promise<T>} run works on one connection
 * @property {(url: string, name: string) => Promise<void>} createDatabase
 * @property {(url: string, rows: number) => Promise<void>} loadCustomers makes the table `customers` in an empty database
 * @property {(name: string, rows: number) => string} seriesView the statement that makes a view of made-up customers
 * @property {string} versionQuery gives one row with `version`
 * @property {(url: string, redisUrl: string) => {command: string, env: Record<string, string>}} pipe the peer that is a pipe
 *
 * A database of the benchmark's own with the customers in it.
 *
 * @typedef {object} LoadedSource
 * @property {Source} source
 * @property {string} url
 * @property {string} version
 * @property {number} rows in the table `customers`
 * @property {() => Promise<void>} drop
 */

/**
 * Makes a database with a random name and fills it.
 *
 * @param {Source} source
 * @param {string} serverUrl any database of the server, as an account that may create databases
 * @param {number} rows
 * @returns {Promise<LoadedSource>}
 */
export async function loadSource(source, serverUrl, rows) {
  const name = `millrace_bench_${randomBytes(4).toString('hex')}`
  await source.createDatabase(serverUrl, name)
  const drop = () =>
    source.run(serverUrl, async (query) => void (await query(`DROP DATABASE IF EXISTS ${name}`)))
  try {
    const url = new URL(serverUrl)
    url.pathname = `/${name}`
    await source.loadCustomers(url.href, rows)
    const [{ version }] = await source.run(serverUrl, (query) => query(source.versionQuery))
    return { source, url: url.href, version, rows, drop }
  } catch (error) {
    await drop()
    throw error
  }
}
