import path from 'node:path'
import { flagProblem } from '../config/flag-problem.ts'
import { parseConfig } from '../config/parse-config.ts'
import { ProblemList } from '../config/problem-list.ts'
import type { Problem } from '../config/problem.ts'
import { DataSourceCatalog } from '../data-source/data-source-catalog.ts'
import { planStep } from '../job/plan-step.ts'
import { PluginRegistry } from '../registry/plugin-registry.ts'
import { reportFindings } from '../runtime/open-job.ts'
import type { LoadPipelineOptions } from './load-pipeline.ts'
import type { ScaffoldSource } from './dialect.ts'

/** A live database to describe. */
export interface SourceRequest {
  /** `postgresql`, `mysql` or another name of theirs. */
  readonly stepType: string
  /** A URL, or the name of a data source. */
  readonly dataSource: string
  /** Schemas (PostgreSQL) or databases (MySQL); empty: `public`, or the database of the connection. */
  readonly namespaces: readonly string[]
}

/**
 * Reads which tables a database has, with their columns and keys. Reads no rows.
 *
 * @returns what is wrong instead, when the plugin or the connection cannot be named
 * @throws PluginError for what the server refuses
 */
export async function describeSource(
  request: SourceRequest,
  options: LoadPipelineOptions,
): Promise<ScaffoldSource | { readonly problems: readonly Problem[] }> {
  const workingFolder = options.workingFolder ?? process.cwd()
  const problems = new ProblemList(await parseConfig('{}', '--db'))
  const registry = new PluginRegistry([workingFolder, ...options.searchFrom])
  for (const specifier of options.usePlugins ? options.plugins : []) {
    const problem = await registry.add(specifier, workingFolder)
    if (problem !== undefined)
      return { problems: [flagProblem('--plugin', problem.problem, problem.hint)] }
  }
  const catalog = new DataSourceCatalog({
    file: options.dataSourcesFile,
    jobFolder: path.resolve(workingFolder),
    workingFolder,
    environment: options.environment,
  })
  const named = await catalog.resolve(
    { name: request.dataSource, environmentType: 0, path: [] },
    problems,
  )
  if (named === undefined) return { problems: [...problems.problems, ...catalog.problems] }
  const fallback = named.type === 'postgresql' ? 'public' : named.database
  const namespaces =
    request.namespaces.length > 0 ? request.namespaces : fallback === undefined ? [] : [fallback]
  const step = {
    kind: 'reader',
    name: 'init',
    stepType: request.stepType,
    parameter: { datasource: request.dataSource, schemas: namespaces },
    path: [],
    stepTypePath: [],
    parameterPath: [],
  } as const
  const planned = await planStep('reader', step, { registry, catalog, problems, unnamed: [] })
  const [dataSource] = planned?.dataSources ?? []
  if (planned === undefined || dataSource === undefined || problems.hasErrors)
    return { problems: [...problems.problems, ...catalog.problems] }
  const { logger, signal } = options
  const context = {
    step: 'init',
    logger,
    timeZone: 'UTC',
    concurrency: 1,
    dataSources: planned.dataSources,
  }
  await using session = await planned.plugin.open(planned.config, context, { signal })
  reportFindings(await session.check({ signal }), 'init', logger)
  const tables = await session.describe({ signal })
  return { stepType: planned.plugin.stepType, dataSource, tables }
}
