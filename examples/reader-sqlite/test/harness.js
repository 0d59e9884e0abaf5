import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sqlite from 'node-sqlite3-wasm'
import { sqliteReader } from '../src/index.js'
import { logicalTypeOf } from '../src/cells.js'
import { countOpenConnections, quoteName } from '../src/database.js'
import { countRows } from '../src/read-rows.js'

/**
 * @typedef {import('@millrace/testkit').Dataset} Dataset
 * @typedef {import('@millrace/testkit').ReaderSource} ReaderSource
 */

/**
 * Makes a database with these tables.
 *
 * @param {readonly Dataset[]} datasets
 * @param {Record<string, unknown>} [more] further parameters
 * @returns {Promise<ReaderSource>}
 */
async function holdTables(datasets, more) {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-reader-sqlite-'))
  const file = join(folder, 'test.db')
  const database = new sqlite.Database(file)
  const rowsBefore = countRows()
  for (const { schema, rows } of datasets) {
    const columns = schema.fields.map(
      ({ name, nativeType, nullable }) =>
        `${quoteName(name)} ${nativeType}${nullable ? '' : ' NOT NULL'}`,
    )
    const key = schema.key.map((position) => quoteName(schema.fields[position]?.name ?? ''))
    if (key.length > 0) columns.push(`PRIMARY KEY (${key.join(', ')})`)
    database.exec(`CREATE TABLE ${quoteName(schema.table)} (${columns.join(', ')})`)
    const insert = database.prepare(
      `INSERT INTO ${quoteName(schema.table)} VALUES (${schema.fields.map(() => '?').join(', ')})`,
    )
    database.exec('BEGIN')
    for (const row of rows) insert.run(row.map((cell) => cell ?? null))
    database.exec('COMMIT')
    insert.finalize()
  }
  database.close()
  const types = Object.fromEntries(
    datasets.flatMap(({ schema }) =>
      schema.fields
        .filter(({ type, nativeType }) => type !== logicalTypeOf(nativeType))
        .map(({ name, type }) => [name, type]),
    ),
  )
  const tables = datasets.map(({ schema }) => schema.table)
  return {
    config: { file, table: tables.length === 1 ? tables[0] : tables, types, ...more },
    dataSources: [],
    openConnections: countOpenConnections,
    rowsProduced: () => countRows() - rowsBefore,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

/** @param {number} count @returns {Dataset} */
function numbers(count) {
  return {
    schema: {
      table: 'numbers',
      version: 1,
      fields: [{ name: 'id', type: 'int', nullable: false, nativeType: 'INTEGER' }],
      key: [0],
    },
    rows: Array.from({ length: count }, (_, index) => [index + 1]),
  }
}

/** True, after so much work that a minute is over before the 100,000 rows are looked at. */
const slow =
  '(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT max(i) FROM n WHERE i <> numbers.id) > 0'

/** @type {import('@millrace/testkit').ReaderHarness} */
export const harness = {
  plugin: sqliteReader,
  hold: (dataset) => holdTables([dataset]),
  holdTables: (datasets) => holdTables(datasets),
  blockedSource: () => holdTables([numbers(100_000)], { where: `NOT ${slow}` }),
  pausingSource: () => holdTables([numbers(100_000)], { where: `id <= 3 OR NOT ${slow}` }),
  failingSource: () =>
    holdTables([numbers(100)], {
      where: 'CASE WHEN id > 50 THEN abs(-9223372036854775807 - 1) ELSE 1 END',
    }),
  nativeTypes: {
    bool: 'BOOLEAN',
    int32: 'INTEGER',
    int64: 'BIGINT',
    uint64: 'TEXT',
    decimal: 'TEXT',
    float: 'REAL',
    string: 'VARCHAR(20000)',
    bytes: 'BLOB',
    date: 'DATE',
    time: 'TIME',
    timeMicroseconds: 'TIME',
    datetime: 'DATETIME',
    datetimeMicroseconds: 'DATETIME',
    timestamptz: 'DATETIME',
    timestamptzMilliseconds: 'DATETIME',
    timestamptzMicroseconds: 'DATETIME',
    uuid: 'UUID',
    json: 'JSON',
    jsonText: 'JSON',
  },
  rightConfig: { file: 'test.db', table: 'people' },
  wrongConfigs: [
    {},
    { file: 5, table: 'people' },
    { file: 'test.db' },
    { file: 'test.db', table: 'people', columns: [1] },
  ],
  lacks: {
    namespaces: 'a database file has none',
    refused: 'a file asks for no password',
    unreachable: 'a file has no address',
  },
}
