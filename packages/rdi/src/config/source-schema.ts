import { z } from '@millrace/core/plugin'
import { flag, integer, logging, name, settings, text } from './schema-parts.ts'

/** What `connection.type` of a source may be in RDI, whether Millrace reads it or not. */
export const sourceTypes = [
  'mysql',
  'mariadb',
  'postgresql',
  'mongodb',
  'oracle',
  'sqlserver',
  'spanner',
  'snowflake',
] as const

/** What `type` of a source may be in RDI. */
export const collectorTypes = ['cdc', 'flink', 'riotx', 'external'] as const

const connectionSchema = z.strictObject({
  type: z.enum(sourceTypes).describe('`mysql`, `mariadb`, `postgresql` or `mongodb`.'),
  connection_string: text(
    'Address of the servers as a URL, `mongodb://…` (MongoDB only, in the place of host and port).',
  ),
  host: text('Name or address of the server.'),
  port: integer('Port of the server.', { min: 1, max: 65_535 }),
  database: text('Name of the database; for MongoDB several, separated by commas.'),
  user: text('Name of the user.'),
  password: text('Password; `${SOURCE_DB_PASSWORD}` takes it from the environment.'),
})

const tableSchema = z.strictObject({
  columns: z.array(name('A column.')).optional().describe('Columns that are read. Default: all.'),
  exclude_columns: z
    .array(name('A field.'))
    .optional()
    .describe('Fields that are left out (MongoDB only).'),
  keys: z
    .array(name('A column.'))
    .optional()
    .describe('Columns that identify a row, for a table without a primary key.'),
  snapshot_sql: text('Takes the place of the statement that reads the table.'),
})

const advancedSchema = z.strictObject({
  source: settings(
    'Settings of Debezium; those with a meaning here are used: see the table below.',
  ),
  sink: settings('Has no effect: rows go to the target without staging.'),
  quarkus: settings('Has no effect: there is no collector in Java.'),
  java_options: text('Has no effect: there is no collector in Java.'),
  resources: z
    .strictObject({
      cpu: z.union([z.string(), z.number()]).optional().describe('Has no effect.'),
      memory: z.union([z.string(), z.number()]).optional().describe('Has no effect.'),
    })
    .nullish()
    .describe('Has no effect: a pipeline is one process.'),
  flink: settings('Has no effect: there is no collector on Flink.'),
  riotx: settings('Has no effect: there is no collector of RIOT-X.'),
})

/** One entry of `sources`. */
export const sourceSchema = z.strictObject({
  type: z.enum(collectorTypes).optional().describe('How changes are collected: `cdc` (default).'),
  name: z.string().max(100).optional().describe('Name for people.'),
  active: flag('False: the source is not read. Default true.'),
  connection: connectionSchema.describe('Where the database is.'),
  logging: logging(),
  databases: z
    .array(name('A database.'))
    .optional()
    .describe('Databases that are read (MySQL, MariaDB, MongoDB).'),
  schemas: z.array(name('A schema.')).optional().describe('Schemas that are read (PostgreSQL).'),
  tables: z
    .record(z.string(), tableSchema.nullable().describe('What is read of the table.'))
    .optional()
    .describe('Tables that are read, by `schema.table` or `database.table`. Default: all.'),
  advanced: advancedSchema.nullish().describe('Settings of the collector.'),
})

export type SourceEntry = z.output<typeof sourceSchema>
export type TableEntry = z.output<typeof tableSchema>
