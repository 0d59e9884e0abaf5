import { z } from 'zod'
import { quotedBoolean, quotedInteger, stringOrList } from '../plugin/quoted.ts'
import { expandTableRange } from './expand-table-range.ts'
import { namedTableParameters } from './named-tables.ts'

/** Table names with their ranges expanded. */
function tableNames() {
  return z.union([z.string(), z.array(z.string()), z.null()]).transform((value, context) => {
    const names = value === null ? [] : typeof value === 'string' ? [value] : value
    try {
      return names.flatMap((name) => expandTableRange(name))
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message })
      return z.NEVER
    }
  })
}

/** Column expressions; wizards write numbers and booleans bare. */
function columnTexts() {
  const text = z.union([z.string(), z.number(), z.boolean()])
  return z
    .union([text, z.array(text), z.null()])
    .transform((value) =>
      value === null ? [] : (Array.isArray(value) ? value : [value]).map((item) => String(item)),
    )
}

/** A string; blank and null mean "not set". */
function optionalText() {
  return z
    .union([z.string(), z.null()])
    .transform((value) => (value === null || value.trim() === '' ? undefined : value))
}

function statements() {
  return z
    .union([stringOrList(), z.null()])
    .transform((value) => value ?? [])
    .optional()
}

const withoutEffect = (what: string) =>
  z.unknown().optional().describe(`Accepted without effect: ${what}.`)

const warnedOf = (what: string) =>
  z.unknown().optional().describe(`Accepted without effect, with a warning: ${what}.`)

const tableDescription =
  'Table name or list of names, with or without schema. Ranges stand for several tables: t_[0-9], t_[00-12].'
const querySqlDescription =
  'Statement or list of statements to read instead of a table; each is one task, never split. column, where and splitPk are ignored.'

const connection = z
  .looseObject({
    datasource: optionalText().optional().describe('Name of the data source, or a URL.'),
    table: tableNames().optional().describe(tableDescription),
    querySql: statements().describe(querySqlDescription),
    jdbcUrl: stringOrList()
      .optional()
      .describe('DataX: JDBC address or list of addresses, tried in order.'),
  })
  .describe('One database to read from.')

/**
 * The parameters that all readers of relational databases share, by their DataWorks and DataX names: the shape of a
 * zod object. Every key is optional here; what has to be there is said by `validateRelational`, all at once.
 *
 * @example
 * ```ts
 * const config = z.looseObject(relationalParameters).transform((p) => normalizeRelational(p, 'mysql'))
 * ```
 */
export const relationalParameters = {
  datasource: optionalText().optional().describe('Name of the data source, or a URL.'),
  connection: z
    .array(connection)
    .optional()
    .describe('Databases to read from, one after the other; instead of datasource and table.'),
  username: optionalText().optional().describe('DataX: user for every jdbcUrl.'),
  password: z.string().optional().describe('DataX: password for every jdbcUrl.'),
  table: tableNames().optional().describe(tableDescription),
  ...namedTableParameters,
  column: columnTexts()
    .optional()
    .describe(
      'Columns in order: names, or any SQL expression, pasted as it is (1, null, now(), price * 2). ["*"] is every column.',
    ),
  where: optionalText().optional().describe('Condition for the rows, without the word WHERE.'),
  splitPk: optionalText()
    .optional()
    .describe('Column by whose values a table is cut into parts that are read in parallel.'),
  splitFactor: quotedInteger({ min: 1, max: 10_000 })
    .optional()
    .describe('Parts per channel when one table is split. Default 5.'),
  querySql: statements().describe(querySqlDescription),
  session: statements().describe('SQL to run on every connection after connecting.'),
  preSql: statements().describe(
    'DataX: checks to run before reading; each must return exactly one row with the value 0.',
  ),
  fetchSize: quotedInteger({ min: 1 })
    .optional()
    .describe('Accepted without effect: rows are streamed, whatever the number.'),
  encoding: optionalText()
    .optional()
    .describe('Character encoding of the data (UTF-8, GBK, GB2312).'),
  mandatoryEncoding: optionalText().optional().describe('DataX: the same as encoding.'),
  envType: quotedInteger()
    .optional()
    .describe('Which definition of the data source is used: 0 production, 1 development.'),
  socketTimeout: quotedInteger({ min: 0 })
    .optional()
    .describe('Milliseconds after which a silent connection is given up.'),
  useSpecialSecret: quotedBoolean()
    .optional()
    .describe('Accepted without effect: each data source has its own user and password.'),
  tableComment: withoutEffect('the wizard keeps the comment of the table here'),
  indexes: withoutEffect('the wizard keeps the indexes of the table here'),
  useReadOnly: warnedOf('name the replica as a data source instead'),
  canReadPrimary: withoutEffect('name the server as a data source instead'),
  masterSlave: withoutEffect('name the server as a data source instead'),
  slaveDelayLimit: warnedOf('replica lag is not looked at'),
  checkSlave: warnedOf('replica lag is not looked at'),
  guid: withoutEffect('written by the wizard'),
  selectedDatabase: withoutEffect('written by the wizard'),
} as const

const parameters = z.looseObject(relationalParameters)

/** The parameters after validation and before `normalizeRelational`. */
export type RelationalParameters = z.output<typeof parameters>
