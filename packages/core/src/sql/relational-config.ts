import type { DataSourceReference } from '../plugin/data-source.ts'
import type { JsonValue } from '../record/record-batch.ts'
import type { TableSchema } from '../record/table-schema.ts'
import { parseColumn } from './column-name.ts'
import {
  namedTableIdentity,
  namedTablesIdentity,
  namedTablesOf,
  type NamedTables,
} from './named-tables.ts'
import type { RelationalParameters } from './relational-parameters.ts'

type ParameterPath = readonly (string | number)[]

/** One database of the job with what is read from it. */
export interface RelationalSource {
  readonly reference: DataSourceReference
  /** Table names as written, ranges expanded. */
  readonly tables: readonly string[]
  /** Statements of `querySql`, without their closing semicolon. */
  readonly queries: readonly string[]
  /** Where `table` stands in the parameters, or should stand. */
  readonly tablePath: ParameterPath
  /** Where `querySql` stands in the parameters, or should stand. */
  readonly queryPath: ParameterPath
}

/** A parameter that asks for a replica, or for one that does not lag. */
export type ReplicaKey = 'checkSlave' | 'useReadOnly' | 'slaveDelayLimit'

/** The parameters of a relational reader in one form, whichever dialect they were written in. */
export interface RelationalConfig {
  /** In the order of the job. `PluginContext.dataSources` runs parallel to it. */
  readonly sources: readonly RelationalSource[]
  /** Tables of the first source with columns of their own; then `tables` and `queries` of the sources mean nothing. */
  readonly named?: NamedTables
  /** As written: names and expressions, or a single `*`. */
  readonly columns: readonly string[]
  /** Without closing semicolon; absent when blank. */
  readonly where?: string
  readonly splitPk?: string
  readonly splitFactor: number
  readonly session: readonly string[]
  readonly preSql: readonly string[]
  readonly fetchSize?: number
  readonly encoding?: string
  readonly socketTimeoutMs?: number
  /** Keys that ask for a replica that does not lag, which nobody sees to; absent: none. */
  readonly replicaKeys?: readonly ReplicaKey[]
  /** Keys at the top of the parameters that are not read because `connection` says the same. */
  readonly ignoredKeys: readonly string[]
}

const defaultSplitFactor = 5

/**
 * Turns validated parameters into the one form that readers work with; for the `.transform` of a schema made of
 * `relationalParameters`. Never fails: what is missing is left empty and reported by `validateRelational`.
 *
 * @param type - type of data source that an inline `jdbcUrl` means
 */
export function normalizeRelational(
  parsed: RelationalParameters,
  type: 'mysql' | 'postgresql',
): RelationalConfig {
  const named = namedTablesOf(parsed, withoutSemicolon)
  const where = parsed.where === undefined ? '' : withoutSemicolon(parsed.where)
  const encoding = parsed.encoding ?? parsed.mandatoryEncoding
  const connections = parsed.connection ?? []
  const usesConnections = connections.length > 0
  const topLevelWanted =
    !usesConnections || connections.every((item) => isEmpty(item.table) && isEmpty(item.querySql))
  const ignoredKeys = topLevelWanted
    ? []
    : (['table', 'querySql'] as const).filter((key) => !isEmpty(parsed[key]))
  return {
    sources:
      usesConnections && named === undefined
        ? fromConnections(parsed, type)
        : [fromTopLevel(parsed)],
    ...(named === undefined ? {} : { named }),
    columns: (parsed.column ?? []).map((column) => column.trim()),
    ...(where === '' ? {} : { where }),
    ...(parsed.splitPk === undefined ? {} : { splitPk: parsed.splitPk.trim() }),
    splitFactor: parsed.splitFactor ?? defaultSplitFactor,
    session: (parsed.session ?? []).map(withoutSemicolon),
    preSql: (parsed.preSql ?? []).map(withoutSemicolon),
    ...(parsed.fetchSize === undefined ? {} : { fetchSize: parsed.fetchSize }),
    ...(encoding === undefined ? {} : { encoding: encoding.trim() }),
    ...(parsed.socketTimeout === undefined ? {} : { socketTimeoutMs: parsed.socketTimeout }),
    ...replicaKeysOf(parsed),
    ignoredKeys,
  }
}

/** What wizards write beside `useReadOnly: false` asks for nothing. */
function replicaKeysOf(parsed: RelationalParameters): Pick<RelationalConfig, 'replicaKeys'> {
  const { checkSlave, useReadOnly, slaveDelayLimit } = parsed
  const hasLimit = Number(slaveDelayLimit ?? 0) > 0 && !saysNo(useReadOnly)
  const keys: readonly ReplicaKey[] = [
    ...(saysYes(checkSlave) ? (['checkSlave'] as const) : []),
    ...(saysYes(useReadOnly) ? (['useReadOnly'] as const) : []),
    ...(hasLimit ? (['slaveDelayLimit'] as const) : []),
  ]
  return keys.length === 0 ? {} : { replicaKeys: keys }
}

function saysYes(value: unknown): boolean {
  return value === true || value === 1 || /^(?:true|1)$/i.test(textOf(value))
}

function saysNo(value: unknown): boolean {
  return value === false || value === 0 || /^(?:false|0)$/i.test(textOf(value))
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.trim() : ''
}

function fromTopLevel(parsed: RelationalParameters): RelationalSource {
  return {
    reference: {
      path: ['datasource'],
      ...(parsed.datasource === undefined ? {} : { name: parsed.datasource.trim() }),
    },
    tables: parsed.table ?? [],
    queries: (parsed.querySql ?? []).map(withoutSemicolon),
    tablePath: ['table'],
    queryPath: ['querySql'],
  }
}

/** Tables and statements at the top belong to the first connection when no connection has any. */
function fromConnections(
  parsed: RelationalParameters,
  type: 'mysql' | 'postgresql',
): RelationalSource[] {
  const connections = parsed.connection ?? []
  const areEmpty = connections.every((item) => isEmpty(item.table) && isEmpty(item.querySql))
  const topLevel = fromTopLevel(parsed)
  const usesTopLevel = areEmpty && (!isEmpty(parsed.table) || !isEmpty(parsed.querySql))
  return connections.map((item, index) => {
    const path = ['connection', index]
    const name = item.datasource ?? (isEmpty(item.jdbcUrl) ? parsed.datasource : undefined)
    const reference: DataSourceReference =
      name === undefined && !isEmpty(item.jdbcUrl)
        ? { path: [...path, 'jdbcUrl'], inline: inlineFields(parsed, item.jdbcUrl ?? [], type) }
        : {
            path:
              item.datasource === undefined && name !== undefined
                ? ['datasource']
                : [...path, 'datasource'],
            ...(name === undefined ? {} : { name: name.trim() }),
          }
    if (usesTopLevel && index === 0) return { ...topLevel, reference }
    return {
      reference,
      tables: item.table ?? [],
      queries: (item.querySql ?? []).map(withoutSemicolon),
      tablePath: [...path, 'table'],
      queryPath: [...path, 'querySql'],
    }
  })
}

function inlineFields(
  parsed: RelationalParameters,
  jdbcUrl: readonly string[],
  type: string,
): Record<string, unknown> {
  return {
    type,
    jdbcUrl: [...jdbcUrl],
    ...(parsed.username === undefined ? {} : { username: parsed.username }),
    ...(parsed.password === undefined ? {} : { password: parsed.password }),
  }
}

/** The statement without what would end it: `;`, also the full-width `；`, and white space. */
function withoutSemicolon(text: string): string {
  return text.replace(/[\s;；]+$/u, '').trimStart()
}

function isEmpty(list: readonly unknown[] | undefined): boolean {
  return list === undefined || list.length === 0
}

/** Where the configuration names connections, for `ReaderPlugin.dataSources`. */
export function relationalDataSources(config: RelationalConfig): readonly DataSourceReference[] {
  return config.sources.map((source) => source.reference)
}

/** What of the configuration decides which rows come, of all tables or of a named one, for `ReaderPlugin.identity`. */
export function relationalIdentity(
  config: RelationalConfig,
  table?: Pick<TableSchema, 'table' | 'namespace'>,
): JsonValue {
  const encoding = config.encoding ?? null
  const { named } = config
  const own =
    named === undefined || table === undefined ? undefined : namedTableIdentity(named, table)
  if (own !== undefined) return { table: own, encoding }
  if (named !== undefined) return { named: namedTablesIdentity(named), encoding }
  return {
    tables: config.sources.map((source) => source.tables.join(', ')),
    querySql: config.sources.map((source) => source.queries.join('; ')),
    column: config.columns.join(', '),
    where: config.where ?? null,
    splitPk: config.splitPk ?? null,
    encoding,
  }
}

/**
 * The column names of the batches, where the job alone tells them: a name without its quotes, an expression by its
 * text. `undefined` for `*`, `querySql` and tables with columns of their own. Readers name the fields of their `TableSchema` the same.
 */
export function relationalColumnNames(config: RelationalConfig): readonly string[] | undefined {
  if (config.named !== undefined || config.columns.length === 0 || config.columns.includes('*'))
    return undefined
  if (config.sources.some((source) => source.queries.length > 0)) return undefined
  return config.columns.map((column) => parseColumn(column).name)
}
