import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import mysql from 'mysql2/promise'
import { customerChunks } from '../customers.mjs'

/** @typedef {import('./source.mjs').Source} Source */

const rowsPerInsert = 10_000
const sqlFile = new URL('../peers/mariadb-resp.sql', import.meta.url)

/** @type {Source} */
export const mariadbSource = {
  service: 'mysql',
  title: 'MariaDB',
  stepType: 'mysql',
  script: fileURLToPath(new URL('../peers/mariadb-script.mjs', import.meta.url)),
  pipeTitle: 'mariadb --quick --raw -N -e "<RESP>" | redis-cli --pipe',
  scriptTitle: 'mysql2 stream, ioredis pipelines of 1,000',
  wallTargets: { pipe: 1.25, script: 0.4 },
  run: withConnection,
  createDatabase: async (url, name) => {
    await withConnection(url, (query) => query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`))
  },
  loadCustomers: (url, rows) => withConnection(url, (query) => loadCustomers(query, rows)),
  seriesView: (name, rows) =>
    `CREATE OR REPLACE VIEW ${name} AS
       SELECT seq AS id, CONCAT('Customer ', seq) AS name, CONCAT('customer.', seq, '@example.com') AS email,
         CONCAT('Country ', seq % 200) AS country, CAST(seq % 100000 / 100 AS decimal(10, 2)) AS total
       FROM seq_1_to_${rows}`,
  versionQuery: 'SELECT version() AS version',
  pipe: (url, redisUrl) => {
    const { hostname, port, username, password, pathname } = new URL(url)
    const login = `-h ${hostname} -P ${port || '3306'} -u ${decodeURIComponent(username)}`
    const options = '--no-defaults --default-character-set=utf8mb4 --quick --raw -N'
    return {
      command: `mariadb ${options} ${login} -D ${pathname.slice(1)} -e "$MILLRACE_BENCH_SQL" | redis-cli -u ${redisUrl} --pipe`,
      env: {
        MYSQL_PWD: decodeURIComponent(password),
        MILLRACE_BENCH_SQL: readFileSync(sqlFile, 'utf8'),
      },
    }
  },
}

/**
 * @template T
 * @param {string} url
 * @param {(query: import('./source.mjs').Query) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function withConnection(url, work) {
  const connection = await mysql.createConnection({ uri: url, charset: 'utf8mb4' })
  try {
    return await work(async (sql, values) => {
      const [rows] = await connection.query(sql, values)
      return Array.isArray(rows) ? /** @type {any[]} */ (rows) : []
    })
  } finally {
    await connection.end()
  }
}

/**
 * @param {import('./source.mjs').Query} query
 * @param {number} rows
 */
async function loadCustomers(query, rows) {
  await query(`CREATE TABLE customers (
    id integer PRIMARY KEY, name varchar(80) NOT NULL, email varchar(120) NOT NULL, country varchar(40) NOT NULL,
    total decimal(10, 2) NOT NULL)`)
  for (const chunk of customerChunks(rows, rowsPerInsert)) {
    await query('INSERT INTO customers VALUES ?', [chunk])
  }
  await query('ANALYZE TABLE customers')
}
