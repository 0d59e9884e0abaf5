import initialize, { type Database, type SqlValue } from '@sqlite.org/sqlite-wasm'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ExpressionFailure, type RdiRecord, type RdiValue } from '../../model/expression.ts'
import { compileSql } from './compile-sql.ts'

const texts = [
  "CASE WHEN CAST(total AS REAL) > 11.99 THEN 'large' ELSE 'small' END",
  "UPPER(name) || '-' || n",
  "concat(floor(n / 60000), ':', floor(mod(n / 1000, 60)), ':', r)",
  'round(n / 1048576.0, 2)',
  'abs(n)',
  'n + total',
  'n * r',
  'typeof(n) || typeof(r) || typeof(total) || typeof(name) || typeof(gone)',
  "json_extract(name, '$')",
  "STRFTIME('%Y-%m-%d', n, 'unixepoch')",
  'name',
  'n',
  'r',
]
const leastInteger = -(2n ** 63n)
const integers = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: leastInteger, max: 2n ** 63n - 1n }),
  fc.constant(leastInteger),
)
const records = fc.record<RdiRecord>({
  n: fc.option(integers),
  r: fc.option(
    fc.oneof(
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }),
    ),
  ),
  total: fc.option(fc.tuple(fc.integer(), fc.nat(99)).map(([whole, cents]) => `${whole}.${cents}`)),
  name: fc.option(
    fc.oneof(
      fc.string().map((text) => text.replaceAll('\0', '')),
      fc.string({ unit: 'grapheme', maxLength: 80 }),
      fc.json(),
    ),
  ),
  flag: fc.boolean(),
})

let database: Database

beforeAll(async () => {
  const { oo1, config } = await initialize()
  // Each failing statement would be printed.
  config.warn = () => {}
  database = new oo1.DB(':memory:')
})

afterAll(() => database.close())

it('calculates a batch as SQLite does each expression of each record written out', async () => {
  const program = await compileSql(texts, { realFields: new Set(['r']) })
  fc.assert(
    fc.property(fc.array(records, { maxLength: 8 }), (batch) => {
      const expected = texts.map((text) => batch.map((record) => reference(text, record)))
      const actual = program
        .evaluate(batch)
        .map((column) => column.map((cell) => (cell instanceof ExpressionFailure ? failed : cell)))
      expect(actual).toEqual(expected)
    }),
    { numRuns: 300 },
  )
  program.close()
})

const failed = 'the expression fails'

/** The record becomes a row of literals. */
function reference(text: string, record: RdiRecord): SqlValue | undefined {
  const columns = Object.entries(record).map(
    ([name, value]) => `${literal(value, name === 'r')} AS "${name}"`,
  )
  try {
    return database.selectValue(`SELECT ${text} FROM (SELECT ${columns.join(', ')}, NULL AS gone)`)
  } catch {
    return failed
  }
}

function literal(value: RdiValue, isReal: boolean): string {
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`
  if (typeof value === 'boolean') return value ? '1' : '0'
  if (typeof value === 'number' && isReal) {
    return Object.is(value, -0) ? '-0.0' : value.toExponential()
  }
  return typeof value === 'number' || typeof value === 'bigint' ? `${value}` : 'NULL'
}
