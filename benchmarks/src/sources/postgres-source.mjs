import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { customerChunks } from '../customers.mjs'

/** @typedef {import('./source.mjs').Source} Source */

const rowsPerInsert = 10_000
const sqlFile = new URL('../peers/postgres-resp.sql', import.meta.url)

/** @type {Source} */
export const postgresSource = {
  service: 'postgres',
  title: 'PostgreSQL',
  stepType: 'postgresql',
  script: fileURLToPath(new URL('../peers/postgres-script.mjs', import.meta.url)),
  pipeTitle: 'psql -At -c "<RESP>" | redis-cli --pipe',
  scriptTitle: 'pg-query-stream, ioredis pipelines of 1,000',
  wallTargets: { pipe: 0.6, script: 0.25 },
  run: withClient,
  createDatabase: async (url, name) => {
    await withClient(url, (query) => query(`CREATE DATABASE ${name}`))
  },
  loadCustomers: (url, rows) => withClient(url, (query) => loadCustomers(query, rows)),
  seriesView: (name, rows) =>
    `CREATE OR REPLACE VIEW ${name} AS
       SELECT id, 'Customer ' || id AS name, 'customer.' || id || '@example.com' AS email,
         'Country ' || id % 200 AS country, (id % 100000 / 100.0)::numeric(10, 2) AS total
       FROM (SELECT generate_series(1, ${rows}) AS id) AS series`,
  versionQuery: `SELECT split_part(version(), ' ', 2) AS version`,
  pipe: (url, redisUrl) => ({
    command: `psql -X -At -c "$MILLRACE_BENCH_SQL" | redis-cli -u ${redisUrl} --pipe`,
    env: { ...connectionVariables(url), MILLRACE_BENCH_SQL: readFileSync(sqlFile, 'utf8') },
  }),
}

/** @param {string} url */
function connectionVariables(url) {
  const { hostname, port, username, password, pathname } = new URL(url)
  return {
    PGHOST: hostname,
    PGPORT: port || '5432',
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: pathname.slice(1),
    PGCLIENTENCODING: 'UTF8',
  }
}

/**
 * @template T
 * @param {string} url
 * @param {(query: import('./source.mjs').Query) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function withClient(url, work) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(async (sql, values) => (await client.query(sql, values)).rows)
  } finally {
    await client.end()
  }
}

/**
 * @param {import('./source.mjs').Query} query
 * @param {number} rows
 */
async function loadCustomers(query, rows) {
  await query(`CREATE TABLE customers (
    id integer PRIMARY KEY, name text NOT NULL, email text NOT NULL, country text NOT NULL, total numeric(10, 2) NOT NULL)`)
  const insert = `INSERT INTO customers
    SELECT * FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::numeric[])`
  for (const chunk of customerChunks(rows, rowsPerInsert)) {
    await query(
      insert,
      [0, 1, 2, 3, 4].map((column) => chunk.map((row) => row[column])),
    )
  }
  // Sets the hint bits as well, which the first reader would write otherwise.
  await query('VACUUM ANALYZE customers')
}
