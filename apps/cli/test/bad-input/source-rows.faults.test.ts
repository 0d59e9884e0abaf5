import { isUtf8 } from 'node:buffer'
import type { Cell } from '@millrace/core/record'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { Parameters } from '../support/jobs.ts'
import {
  dataSourceOf,
  makeMysqlDatabase,
  makePostgresDatabase,
  type TestDatabase,
} from '../support/test-database.ts'
import { fuzzParameters } from './fuzz-parameters.ts'
import { columnNames, oddText, type RandomRow } from './random-rows.ts'
import { openRowTrial, type RowTrial } from './row-trial.ts'
import { writeVariants } from './write-variants.ts'

/** A row as the database is given it, byte by byte. */
type StoredRow = readonly [id: Uint8Array | null, a: Uint8Array | null, b: Uint8Array | null]

/** A table that holds random bytes, and what its cells should be read as. */
interface Source {
  readonly title: string
  readonly name: string
  readonly stepType: string
  readonly parameter: Parameters
  readonly rows: fc.Arbitrary<StoredRow>
  fill(rows: readonly StoredRow[]): Promise<void>
  read(row: StoredRow): RandomRow
}

const text = oddText.map((plain): Uint8Array => Buffer.from(plain))
const bytes = fc.oneof(fc.uint8Array({ maxLength: 60 }), text)
const orNull = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 30, arbitrary }, { weight: 1, arbitrary: fc.constant(null) })
const withoutZero = (arbitrary: fc.Arbitrary<Uint8Array>) =>
  arbitrary.map((some) => some.filter((byte) => byte !== 0))
const fewKeys = fc.oneof(
  text,
  fc.constantFrom('k', 'k1', '😀').map((key) => Buffer.from(key)),
)
const storedRow = (id: fc.Arbitrary<Uint8Array>, a: fc.Arbitrary<Uint8Array>) =>
  fc.tuple(orNull(id), orNull(a), orNull(bytes))

/** The text of bytes; bytes that are none in this encoding, or in UTF-8, stay bytes. */
function decoded(cell: Uint8Array | null, encoding: string): Cell {
  if (cell === null) return null
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(cell)
  } catch {
    return textOrBytes(cell)
  }
}

function textOrBytes(cell: Uint8Array | null): Cell {
  return cell !== null && isUtf8(cell) ? Buffer.from(cell).toString() : cell
}

/** What stands at 0x80 to 0x9f in the server's latin1, which is Windows' 1252 with all places taken. */
const windows = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ'

function latin1Text(cell: Uint8Array | null): Cell {
  if (cell === null) return null
  return Array.from(cell, (byte) => windows[byte - 0x80] ?? String.fromCharCode(byte)).join('')
}

const databases: TestDatabase[] = []
let trial: RowTrial

beforeAll(async () => {
  databases.push(
    await makeMysqlDatabase(),
    await makePostgresDatabase('UTF8'),
    await makePostgresDatabase('SQL_ASCII'),
  )
  trial = await openRowTrial({
    mysql: dataSourceOf('mysql', databaseAt(0)),
    utf8: dataSourceOf('postgresql', databaseAt(1)),
    ascii: dataSourceOf('postgresql', databaseAt(2)),
  })
})

afterAll(async () => {
  await trial[Symbol.asyncDispose]()
  for (const database of databases) await database[Symbol.asyncDispose]()
})

function databaseAt(index: number): TestDatabase {
  const database = databases[index]
  if (database === undefined) throw new Error('no database')
  return database
}

const mysqlNames = columnNames.map((name) => `\`${name}\``)
const postgresNames = columnNames.map((name) => `"${name.replaceAll('"', '""')}"`)
/** The order of a table in PostgreSQL is that of the room in its pages. */
const inOrder = `SELECT ${postgresNames.join(', ')} FROM random ORDER BY n`
const hex = (cell: Uint8Array) => Buffer.from(cell).toString('hex')

const mysqlTable = async (rows: readonly StoredRow[]): Promise<void> => {
  const [id, a, b] = mysqlNames
  const cell = (charset: string, some: Uint8Array | null) =>
    some === null ? 'NULL' : `${charset} X'${hex(some)}'`
  await fillTable(
    databaseAt(0),
    `n int AUTO_INCREMENT PRIMARY KEY, ${id} text CHARACTER SET utf8mb4, ${a} text CHARACTER SET latin1, ${b} longblob`,
    mysqlNames,
    rows.map((row) => [cell('_utf8mb4', row[0]), cell('_latin1', row[1]), cell('', row[2])]),
  )
}

const postgresTable =
  (index: number, encoding: string) =>
  async (rows: readonly StoredRow[]): Promise<void> => {
    const [id, a, b] = postgresNames
    const asBytes = (some: Uint8Array | null) =>
      some === null ? 'NULL' : `'\\x${hex(some)}'::bytea`
    const asText = (some: Uint8Array | null) => `convert_from(${asBytes(some)}, '${encoding}')`
    await fillTable(
      databaseAt(index),
      `n serial PRIMARY KEY, ${id} text, ${a} text, ${b} bytea`,
      postgresNames,
      rows.map((row) => [asText(row[0]), asText(row[1]), asBytes(row[2])]),
    )
  }

async function fillTable(
  database: TestDatabase,
  columns: string,
  names: readonly string[],
  rows: readonly (readonly string[])[],
): Promise<void> {
  await database.execute('DROP TABLE IF EXISTS random', `CREATE TABLE random (${columns})`)
  for (let at = 0; at < rows.length; at += 100) {
    const values = rows.slice(at, at + 100).map((row) => `(${row.join(', ')})`)
    await database.execute(`INSERT INTO random (${names.join(', ')}) VALUES ${values.join(', ')}`)
  }
}

const sources: readonly Source[] = [
  {
    title: 'MariaDB: utf8mb4, latin1 and blob',
    name: 'mysql',
    stepType: 'mysql',
    parameter: { table: 'random', column: mysqlNames },
    rows: storedRow(fewKeys, bytes),
    fill: mysqlTable,
    read: ([id, a, b]) => [decoded(id, 'utf-8'), latin1Text(a), b],
  },
  {
    title: 'MariaDB: latin1 that holds GBK',
    name: 'mysql',
    stepType: 'mysql',
    parameter: { table: 'random', column: mysqlNames, encoding: 'GBK' },
    rows: storedRow(fewKeys, bytes),
    fill: mysqlTable,
    read: ([id, a, b]) => [decoded(id, 'utf-8'), decoded(a, 'gbk'), b],
  },
  {
    title: 'MariaDB: latin1 read as it is stored',
    name: 'mysql',
    stepType: 'mysql',
    parameter: { table: 'random', column: mysqlNames, encoding: 'ISO-8859-1' },
    rows: storedRow(fewKeys, bytes),
    fill: mysqlTable,
    read: ([id, a, b]) => [decoded(id, 'utf-8'), latin1Text(a), b],
  },
  {
    title: 'PostgreSQL in UTF8: text and bytea',
    name: 'utf8',
    stepType: 'postgresql',
    parameter: { querySql: [inOrder] },
    rows: storedRow(withoutZero(fewKeys), withoutZero(text)),
    fill: postgresTable(1, 'UTF8'),
    read: ([id, a, b]) => [decoded(id, 'utf-8'), decoded(a, 'utf-8'), b],
  },
  {
    title: 'PostgreSQL in SQL_ASCII: any bytes as text, and bytea',
    name: 'ascii',
    stepType: 'postgresql',
    parameter: { querySql: [inOrder] },
    rows: storedRow(withoutZero(fc.oneof(fewKeys, bytes)), withoutZero(bytes)),
    fill: postgresTable(2, 'SQL_ASCII'),
    read: ([id, a, b]) => [textOrBytes(id), textOrBytes(a), b],
  },
]

describe.each(sources)('$title', (source) => {
  test('rows arrive byte for byte, or are dirty', { timeout: 3_600_000 }, async () => {
    const { seed, numRuns } = fuzzParameters(`rows of ${source.title}`, 1000)
    const stored = fc.sample(source.rows, { seed, numRuns })
    await source.fill(stored)
    const rows = stored.map((row) => source.read(row))
    const parameter = { datasource: source.name, ...source.parameter }
    for (const variant of writeVariants) {
      const plan = await trial.planOf(variant, { stepType: source.stepType, parameter })
      await trial.expectRows(plan, variant, rows, false)
    }
  })
})
