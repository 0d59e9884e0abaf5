import { z } from 'zod'
import { stringOrList } from '../plugin/quoted.ts'
import type { Finding } from '../plugin/context.ts'
import type { JsonValue } from '../record/record-batch.ts'
import type { TableSchema } from '../record/table-schema.ts'

const tableEntry = z
  .looseObject({
    schema: z
      .string()
      .optional()
      .describe('Schema (PostgreSQL) or database (MySQL); default: that of the connection.'),
    table: z
      .string()
      .describe('Name of the table, without quotes; in any case when only one table has it.'),
    columns: z
      .array(z.string())
      .optional()
      .describe('Names of columns in order, with those of the key; default: all.'),
    keys: z
      .array(z.string())
      .optional()
      .describe(
        'Columns that identify a row, where the table has neither primary key nor unique index without NULL.',
      ),
    sql: z
      .string()
      .optional()
      .describe('Statement whose rows are read in the place of those of the table; never split.'),
  })
  .describe('One table.')

const tablePattern = z
  .looseObject({
    schema: z.string().optional().describe('Default: any of schemas.'),
    table: z.string().optional().describe('Default: every table.'),
    matchesCase: z
      .boolean()
      .optional()
      .describe('Whether upper and lower case have to be the same; default: no.'),
  })
  .describe('Tables by their names.')

/** The parameters that name several tables, each with columns of its own: part of `relationalParameters`. */
export const namedTableParameters = {
  tables: z
    .array(tableEntry)
    .optional()
    .describe(
      'Tables that are read one after the other, each with its own columns; instead of table and column.',
    ),
  schemas: stringOrList()
    .optional()
    .describe(
      'Schemas (PostgreSQL) or databases (MySQL) whose tables are all read, views excepted; instead of tables.',
    ),
  onlyTables: z
    .array(tablePattern)
    .optional()
    .describe('Of schemas: the tables that are read, views named here included; default: all.'),
  exceptTables: z.array(tablePattern).optional().describe('Of schemas: tables that are not read.'),
} as const

/** One entry of `tables`. */
export interface NamedTable {
  /** Absent: where the connection looks for tables. */
  readonly schema?: string
  readonly table: string
  /** Absent: all columns. */
  readonly columns?: readonly string[]
  /** Columns that identify a row where the table has no key. */
  readonly keys: readonly string[]
  /** Takes the place of the table in the statement that reads it. */
  readonly sql?: string
}

/** Names tables of `schemas`. */
export interface TablePattern {
  /** Absent: any. */
  readonly schema?: string
  /** Absent: every table. */
  readonly table?: string
  /** Whether upper and lower case have to be the same. */
  readonly matchesCase: boolean
}

/** Tables that a job reads by name, each with its own columns. */
export interface NamedTables {
  readonly tables?: readonly NamedTable[]
  /** Namespaces of which every table is read. */
  readonly schemas?: readonly string[]
  /** Those of `schemas` that are read; absent: all. */
  readonly onlyTables?: readonly TablePattern[]
  /** Those of `schemas` that are not read. */
  readonly exceptTables?: readonly TablePattern[]
  /** Parameters that were given beside, and say something else. */
  readonly conflictingKeys: readonly string[]
}

const conflicting = ['table', 'column', 'querySql', 'where', 'splitPk', 'connection'] as const

const parameters = z.looseObject(namedTableParameters)
type NamedTableParameters = z.output<typeof parameters>

/**
 * The tables a job names, or `undefined` when it has neither `tables` nor `schemas`.
 *
 * @param withoutEnd - takes from a statement what would end it
 */
export function namedTablesOf(
  parsed: NamedTableParameters,
  withoutEnd: (statement: string) => string,
): NamedTables | undefined {
  const { tables, schemas, onlyTables, exceptTables } = parsed
  if (tables === undefined && schemas === undefined) return undefined
  return {
    ...(tables === undefined
      ? {}
      : {
          tables: tables.map(({ schema, table, columns, keys = [], sql }) => ({
            ...(schema === undefined ? {} : { schema }),
            table,
            ...(columns === undefined ? {} : { columns }),
            keys,
            ...(sql === undefined ? {} : { sql: withoutEnd(sql) }),
          })),
        }),
    ...(schemas === undefined ? {} : { schemas }),
    ...(onlyTables === undefined ? {} : { onlyTables: onlyTables.map(patternOf) }),
    ...(exceptTables === undefined ? {} : { exceptTables: exceptTables.map(patternOf) }),
    conflictingKeys: conflicting.filter((key) => isGiven(parsed[key])),
  }
}

function patternOf(parsed: z.output<typeof tablePattern>): TablePattern {
  const { schema, table, matchesCase = false } = parsed
  return {
    ...(schema === undefined ? {} : { schema }),
    ...(table === undefined ? {} : { table }),
    matchesCase,
  }
}

function isGiven(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null
}

/** What of named tables decides which rows come. */
export function namedTablesIdentity(named: NamedTables): JsonValue {
  const { tables, schemas, onlyTables, exceptTables } = named
  return {
    tables: (tables ?? []).map((entry) => ({
      schema: entry.schema ?? null,
      table: entry.table,
      ...readerPartOf(entry),
    })),
    schemas: schemas ?? [],
    ...(onlyTables === undefined ? {} : { onlyTables: onlyTables.map(patternIdentity) }),
    ...(exceptTables === undefined ? {} : { exceptTables: exceptTables.map(patternIdentity) }),
  }
}

/** The same of one table, as the source calls it; `undefined` when it is not known which entry it is. */
export function namedTableIdentity(
  { tables }: NamedTables,
  { namespace, table }: Pick<TableSchema, 'table' | 'namespace'>,
): JsonValue | undefined {
  // One of whole namespaces is read as it is.
  if (tables === undefined) return readerPartOf({ keys: [] })
  const fits = (isSame: (wanted: string, name: string) => boolean) =>
    tables.find(
      (entry) =>
        isSame(entry.table, table) &&
        (entry.schema === undefined || namespace === undefined || isSame(entry.schema, namespace)),
    )
  const entry =
    fits((wanted, name) => wanted === name) ??
    fits((wanted, name) => wanted.toLowerCase() === name.toLowerCase())
  return entry === undefined ? undefined : readerPartOf(entry)
}

function readerPartOf({ columns, keys, sql }: Pick<NamedTable, 'columns' | 'keys' | 'sql'>) {
  return { columns: columns ?? null, keys, sql: sql ?? null }
}

function patternIdentity({ schema, table, matchesCase }: TablePattern): JsonValue {
  return [schema ?? null, table ?? null, matchesCase]
}

/** What is wrong with named tables without asking the server. */
export function namedTableFindings({ tables, schemas, conflictingKeys }: NamedTables): Finding[] {
  const given = tables === undefined ? 'schemas' : 'tables'
  const findings = conflictingKeys.map((key) =>
    error([key], `${given} and ${key} exclude each other, both are given`, 'Keep one.'),
  )
  if (tables !== undefined && schemas !== undefined) {
    findings.push(error(['schemas'], 'tables and schemas exclude each other', 'Keep one.'))
  }
  if (tables?.length === 0) findings.push(error(['tables'], 'the table list is empty'))
  if (schemas?.length === 0) findings.push(error(['schemas'], 'the list of schemas is empty'))
  const seen = new Set<string>()
  for (const [index, entry] of (tables ?? []).entries()) {
    findings.push(...entryFindings(entry, ['tables', index]))
    const name = JSON.stringify([entry.schema ?? null, entry.table])
    if (seen.has(name)) {
      findings.push(error(['tables', index], `table ${entry.table} is named twice`, 'Keep one.'))
    }
    seen.add(name)
  }
  return findings
}

function entryFindings(entry: NamedTable, path: FindingPath): Finding[] {
  const { schema, table, columns, keys, sql } = entry
  const findings: Finding[] = []
  if (schema === '') findings.push(error([...path, 'schema'], 'the schema is blank'))
  if (table === '') findings.push(error([...path, 'table'], 'the table is blank'))
  if (sql === '') findings.push(error([...path, 'sql'], 'the statement is blank'))
  if (columns?.length === 0) {
    findings.push(error([...path, 'columns'], 'no column is named', 'Leave columns out for all.'))
  }
  for (const [key, names] of [
    ['columns', columns ?? []],
    ['keys', keys],
  ] as const) {
    for (const [index, name] of names.entries()) {
      if (name === '') findings.push(error([...path, key, index], 'the column is blank'))
      else if (names.indexOf(name) < index) {
        findings.push(error([...path, key, index], `column ${name} is named twice`, 'Keep one.'))
      }
    }
  }
  return findings
}

type FindingPath = readonly (string | number)[]

function error(path: FindingPath, message: string, hint?: string): Finding {
  return { severity: 'error', path, message, ...(hint === undefined ? {} : { hint }) }
}
