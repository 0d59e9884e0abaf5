import { PluginError, type DataSource } from '@millrace/core/plugin'
import type { RowTransform } from '@millrace/core/dialect'
import type { JsonValue, TableSchema } from '@millrace/core/record'
import type { PipelineSettings, PipelineTable, SourceSettings } from '../model/pipeline.ts'
import type { TableJob } from '../model/table-job.ts'
import type { WriterOutput } from '../model/writer-output.ts'
import type { LookupRetries } from '../lookup/lookup-patience.ts'
import type { LookupConnection } from '../lookup/lookup-connection.ts'
import type { TableNames } from '../record/record-builder.ts'
import type { RoutedTable } from './compile-table.ts'
import type { OtherSource } from './unmatched-jobs.ts'
import { compileTransforms } from './compiled-routes.ts'
import type { ExpressionCompiler } from './expression-compiler.ts'
import { jobsOf, matchesSource, type MatchedSource } from './match-table.ts'
import { builtInJob, outputsOf, routeOf, takesChangedCells, type Route } from './route.ts'
import { routeFindings, type RouteFinding } from './route-findings.ts'

/** What is needed to know which rows of a source go where in one target. */
export interface RouteOptions {
  /** All jobs of the pipeline, in their order. */
  readonly jobs: readonly TableJob[]
  /** Name of the target; outputs to others are left out. */
  readonly connection: string
  readonly source: MatchedSource & {
    readonly settings: Pick<SourceSettings, 'decimals' | 'binary'>
  }
  readonly settings: PipelineSettings
  /** `tables` of the source, for the keys that stand there. */
  readonly tables?: readonly PipelineTable[]
  /** The other sources of the pipeline, for whose tables a job may be. */
  readonly otherSources?: readonly OtherSource[]
  /** The data source of a target that lookups name. */
  readonly lookups: (connection: string) => DataSource
  readonly compiler: ExpressionCompiler
  /** Opens the connection of lookups; default: over the network, when the first one is needed. */
  readonly openLookup?: (dataSource: DataSource, retries: LookupRetries) => LookupConnection
}

/** The way of the rows of a source into one target. */
export interface CompiledRoutes {
  /** For the writer: by `TableSchema.route`. */
  readonly outputs: Readonly<Record<string, readonly WriterOutput[]>>
  readonly transform: RowTransform
  /** What can be known to be wrong, or worth a warning, without the tables; see `expressionFindings` for the expressions. */
  readonly findings: readonly RouteFinding[]
  /**
   * Whether rows of a table go to this target at all; otherwise it need not be read.
   *
   * @throws PluginError CONFIG_INVALID when several jobs are for the table
   */
  tableIsRouted(table: Pick<TableSchema, 'table' | 'namespace'>): boolean
  /**
   * Whether changes may come without the cells that did not change, of all tables that may go this way.
   *
   * @throws PluginError CONFIG_INVALID when several jobs are for a table
   */
  takesChangedCells(): boolean
  /** Jobs on this way that need whole rows; the built-in one has no file. */
  wholeRowJobs(): readonly TableJob[]
}

/** Brings the jobs of a pipeline into the form that runs: outputs of the writer, and a transform of the rows before it. */
export function compileRoutes(options: RouteOptions): CompiledRoutes {
  const { connection, settings, source } = options
  const jobs = options.jobs.filter(({ match }) => matchesSource(match, source))
  const routes = new Map<TableJob, Route>()
  for (const job of jobs) {
    const route = routeOf(job, connection, settings)
    if (route !== undefined) routes.set(job, route)
  }
  const builtIn = builtInRoute(jobs, options)
  const reachedLookups = new Set<string>()
  const routeOfTable = (table: Pick<TableSchema, 'table' | 'namespace'>) => {
    const job = jobOf(table, jobs, source)
    return job === undefined ? builtIn : routes.get(job)
  }
  const all = [...routes.values(), ...(builtIn ? [builtIn] : [])]
  const wholeRowJobs = () => {
    const used = options.tables?.flatMap((table) => routeOfTable(table) ?? []) ?? all
    return [...new Set(used)].flatMap((route) => (takesChangedCells(route) ? [] : [route.job]))
  }
  return {
    outputs: outputsOf(all),
    findings: routeFindings(all, options.compiler),
    tableIsRouted: (table) => routeOfTable(table) !== undefined,
    wholeRowJobs,
    takesChangedCells: () => wholeRowJobs().length === 0,
    transform: {
      identity: identityOf(all, options),
      identityOf: (schema) => tableIdentityOf(schema, routeOfTable(schema), options),
      compile: async (schemas, compileOptions) =>
        await compileTransforms(
          schemas.map((schema) => ({
            table: routedTable(schema, options),
            route: routeOfTable(schema),
          })),
          { ...options, reachedLookups },
          compileOptions,
        ),
    },
  }
}

function builtInRoute(
  jobs: readonly TableJob[],
  { connection, settings }: RouteOptions,
): Route | undefined {
  const isTaken = jobs.some(({ name }) => name === 'default')
  return routeOf(
    builtInJob(settings),
    connection,
    settings,
    isTaken ? 'default (built in)' : 'default',
  )
}

function jobOf(
  table: Pick<TableSchema, 'table' | 'namespace'>,
  jobs: readonly TableJob[],
  source: MatchedSource,
): TableJob | undefined {
  const [job, ...others] = jobsOf(table, jobs, source)
  if (others.length === 0) return job
  const names = [job, ...others].map((one) => one?.file ?? one?.name ?? '')
  const place = table.namespace === undefined ? table.table : `${table.namespace}.${table.table}`
  throw new PluginError({
    code: 'CONFIG_INVALID',
    message: `Several jobs are for the table ${place}: ${names.join(', ')}.`,
    hint: 'Keep one job for each table; it may have several outputs.',
  })
}

function routedTable(schema: TableSchema, { source, tables }: RouteOptions): RoutedTable {
  return { schema, key: keyOf(schema, tables ?? []), names: namesOf(schema, source) }
}

/** The primary key, or the columns that `tables` says to take for one. */
function keyOf(schema: TableSchema, tables: readonly PipelineTable[]): readonly number[] {
  if (schema.key.length > 0) return schema.key
  const configured = configuredOf(schema, tables)
  if (configured?.keys === undefined) return []
  return configured.keys.map((key) => {
    const index = schema.fields.findIndex(({ name }) => name === key)
    if (index >= 0) return index
    throw new PluginError({
      code: 'SOURCE_OBJECT_MISSING',
      message: `${configured.place}: keys names the column ${JSON.stringify(key)}, which the table ${schema.table} does not have.`,
      hint: `Its columns are ${schema.fields.map(({ name }) => name).join(', ')}.`,
    })
  })
}

/** What `tables` of the source says of a table. */
function configuredOf(
  schema: TableSchema,
  tables: readonly PipelineTable[],
): PipelineTable | undefined {
  return tables.find(
    ({ table, namespace }) =>
      table === schema.table &&
      (namespace === undefined || schema.namespace === undefined || namespace === schema.namespace),
  )
}

function namesOf({ table, namespace }: TableSchema, source: MatchedSource): TableNames {
  const { namespaceKind, database } = source
  if (namespaceKind === 'db')
    return { table, ...(namespace === undefined ? {} : { db: namespace }) }
  return {
    table,
    ...(namespace === undefined ? {} : { schema: namespace }),
    ...(database === undefined ? {} : { db: database }),
  }
}

/** All that decides what rows become; where it stands in files does not. */
function identityOf(routes: readonly Route[], options: RouteOptions): JsonValue {
  const { tables, connection } = options
  return plainJson({
    connection,
    jobs: Object.fromEntries(
      routes.map(({ name, job }) => [
        name,
        {
          match: job.match,
          ...jobIdentityOf(job, connection),
        },
      ]),
    ),
    keys: (tables ?? []).flatMap(({ table, namespace, keys }) =>
      keys === undefined ? [] : [{ table, namespace, keys }],
    ),
    ...valuesIdentityOf(options),
  })
}

/** The part of it that concerns one table; the name of its job is no part of it. */
function tableIdentityOf(
  schema: TableSchema,
  route: Route | undefined,
  options: RouteOptions,
): JsonValue {
  const { connection, tables = [] } = options
  const isKeyed = schema.key.length > 0
  return plainJson({
    connection,
    job: route === undefined ? null : jobIdentityOf(route.job, connection),
    keys: (isKeyed ? undefined : configuredOf(schema, tables)?.keys) ?? null,
    ...valuesIdentityOf(options),
  })
}

function jobIdentityOf({ rowFormat, blocks, outputs }: TableJob, connection: string) {
  return {
    rowFormat,
    blocks,
    outputs: outputs.filter((output) => output.connection === connection),
  }
}

function valuesIdentityOf({ settings, source }: RouteOptions) {
  return {
    temporal: settings.temporal,
    dropsUnsupported: settings.dropsUnsupported,
    decimals: source.settings.decimals,
    binary: source.settings.binary,
  }
}

function plainJson(identity: object): JsonValue {
  const text = JSON.stringify(identity, (name, value: unknown) =>
    name === 'place' && typeof value === 'string' ? undefined : value,
  )
  return JSON.parse(text) as JsonValue
}
