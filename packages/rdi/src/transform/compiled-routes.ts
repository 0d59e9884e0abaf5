import { isTransformed, type CompiledTransforms, type CompileOptions } from '@millrace/core/dialect'
import { PluginError, type Logger } from '@millrace/core/plugin'
import type { RecordBatch, TableSchema } from '@millrace/core/record'
import type { LookupConnection } from '../lookup/lookup-connection.ts'
import type { LookupRetries } from '../lookup/lookup-patience.ts'
import { openRedisLookup } from '../lookup/redis-lookup.ts'
import type { RouteOptions } from './compile-routes.ts'
import { identityFindings } from './identity-findings.ts'
import { omittedFindings } from './omitted-findings.ts'
import { compileTable, type RoutedTable } from './compile-table.ts'
import { ProgramCache } from './expression-set.ts'
import type { Route } from './route.ts'
import type { TableTransform } from './table-transform.ts'
import { unmatchedJobs } from './unmatched-jobs.ts'

/** A table and where its rows go; nowhere when there is no route. */
export interface TableAndRoute {
  readonly table: RoutedTable
  readonly route: Route | undefined
}

/** What transforms of one way are compiled with, each time that they are. */
export interface TransformOptions extends RouteOptions {
  /** Targets of lookups that were connected to already: each is, before the first row. */
  readonly reachedLookups: Set<string>
}

/**
 * Prepares the transforms of all tables.
 *
 * @throws PluginError CONFIG_INVALID when a job does not fit a table
 */
export async function compileTransforms(
  tables: readonly TableAndRoute[],
  options: TransformOptions,
  { logger, signal, follows = false, writesNothing = false }: CompileOptions,
): Promise<CompiledTransforms> {
  const { settings, source, compiler } = options
  if (follows) reportIdentity(tables, logger)
  const programs = new ProgramCache(compiler)
  const timeoutMs = writesNothing ? 0 : follows ? Infinity : retryTimeoutMs
  const lookups = new LookupConnections(options, { timeoutMs, logger, signal })
  const transforms = new Map<TableSchema, TableTransform>()
  const context = {
    values: { ...source.settings, temporal: settings.temporal },
    dropsUnsupported: settings.dropsUnsupported,
    programs,
    fieldsOf: (text: string) => compiler.fieldsOf(text),
    logger,
    writesNothing,
    lookup: (connection: string) => lookups.of(connection),
  }
  const release = async () => {
    await Promise.all([programs.close(), lookups.close()])
  }
  try {
    for (const { table, route } of tables)
      if (route !== undefined)
        transforms.set(table.schema, await compileTable(table, route, context))
    if (!writesNothing) await lookups.probe()
  } catch (error) {
    await release()
    throw error
  }
  const schemas = tables.map(({ table }) => table.schema)
  return new CompiledRouteTransforms(transforms, release, unmatchedJobs(schemas, options, logger))
}

/** Says what changes of the tables do not tell and jobs need; throws one error for all that cannot work. */
function reportIdentity(tables: readonly TableAndRoute[], logger: Logger): void {
  const findings = tables.flatMap(({ table, route }) =>
    route === undefined
      ? []
      : [...identityFindings(table, route), ...omittedFindings(table, route)],
  )
  const errors = findings.filter(({ severity }) => severity === 'error')
  for (const { severity, message, hint = '' } of findings)
    if (severity === 'warning') logger.warn(`${message} (${hint})`)
  if (errors.length === 0) return
  throw new PluginError({
    code: 'CONFIG_INVALID',
    message: errors.map(({ message }) => message).join('\n'),
    hint: [...new Set(errors.map(({ hint }) => hint))].join('\n'),
  })
}

class CompiledRouteTransforms implements CompiledTransforms {
  readonly #bySchema: ReadonlyMap<TableSchema, TableTransform>
  readonly #release: () => Promise<void>
  readonly unmatched?: PluginError

  constructor(
    bySchema: ReadonlyMap<TableSchema, TableTransform>,
    release: () => Promise<void>,
    unmatched: PluginError | undefined,
  ) {
    this.#bySchema = bySchema
    this.#release = release
    if (unmatched !== undefined) this.unmatched = unmatched
  }

  outputOf(schema: TableSchema): TableSchema {
    return this.#of(schema).output
  }

  apply(batch: RecordBatch) {
    // A batch of the dirty file may be of rows that are behind the transforms already.
    if (isTransformed(batch)) return { batch, rejected: [], filtered: 0 }
    return this.#of(batch.schema).apply(batch)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#release()
  }

  #of(schema: TableSchema): TableTransform {
    const transform = this.#bySchema.get(schema)
    if (transform === undefined) throw new Error(`${schema.table} has no output to this target`)
    return transform
  }
}

/** As long as the writer does, a run that ends by itself bears with a Redis that does not answer. */
const retryTimeoutMs = 300_000

/** One connection for every target that lookups name. */
class LookupConnections {
  readonly #options: TransformOptions
  readonly #retries: LookupRetries
  readonly #open = new Map<string, LookupConnection>()

  constructor(options: TransformOptions, retries: LookupRetries) {
    this.#options = options
    this.#retries = retries
  }

  of(name: string): LookupConnection {
    let connection = this.#open.get(name)
    if (connection === undefined) {
      const { lookups, openLookup = openRedisLookup } = this.#options
      connection = openLookup(lookups(name), this.#retries)
      this.#open.set(name, connection)
    }
    return connection
  }

  /** Connects to those that were not connected to before: later on a run bears with one that is away. */
  async probe(): Promise<void> {
    const { reachedLookups } = this.#options
    for (const [name, connection] of this.#open) {
      if (reachedLookups.has(name)) continue
      await connection.probe()
      reachedLookups.add(name)
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((connection) => connection.close()))
  }
}
