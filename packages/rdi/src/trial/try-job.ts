import path from 'node:path'
import {
  parseConfig,
  ProblemList,
  readTextFile,
  type DialectContext,
  type JobTrial,
  type TransformedBatch,
} from '@millrace/core/dialect'
import type { DataSource } from '@millrace/core/plugin'
import type { Cell, JsonValue, RowError } from '@millrace/core/record'
import { expressionCompiler } from '../expression/expression-compiler.ts'
import { readJob } from '../jobs/read-job.ts'
import { sourcesOf } from '../jobs/table-match.ts'
import type { TableJob, TableMatch } from '../model/table-job.ts'
import { compileRoutes, type RouteOptions } from '../transform/compile-routes.ts'
import { invalid, readTrialConfig, type TrialConfig } from './trial-config.ts'
import { trialBatch } from './trial-rows.ts'

/**
 * What one job makes of rows, for each of its targets, with the `config.yaml` of its pipeline where there is one. Connects to
 * nothing, but for the Redis of a lookup.
 *
 * @throws PluginError CONFIG_INVALID with everything that is wrong with the job, or with what it needs of `config.yaml`
 */
export async function tryJob(
  file: string,
  rows: readonly JsonValue[],
  context: DialectContext,
): Promise<JobTrial> {
  const config = await readTrialConfig(file, context.environment)
  const job = await jobOf(file, config)
  const transformation: JsonValue[] = []
  const output: JobTrial['output'][number][] = []
  const dirty: RowError[] = []
  let recordsFiltered = 0
  const connections = [...new Set(job.outputs.map(({ connection }) => connection))]
  for (const [index, connection] of connections.entries()) {
    const { transformed, outputs } = await transform({ job, connection, config }, rows, context)
    await using writer = await context.openWriter({
      name: connection,
      stepType: 'redis',
      parameter: { datasource: connection, outputs },
      dataSources: new Map([[connection, nowhere(connection)]]),
      path: [],
    })
    const { commands, rejected } = writer.preview(transformed.batch)
    output.push({ connection, commands })
    dirty.push(...rejected.map(({ error }) => error))
    if (index > 0) continue
    // The transform is the same for every target.
    dirty.push(...transformed.rejected.map(({ error }) => error))
    recordsFiltered = transformed.filtered
    transformation.push(...recordsOf(transformed))
  }
  return { transformation, output, dirty, recordsFiltered }
}

async function jobOf(file: string, { settings, targetNames }: TrialConfig): Promise<TableJob> {
  const shown = path.relative(process.cwd(), file)
  const read = await readTextFile(file, shown)
  if ('problem' in read) throw invalid([read.problem])
  const document = await parseConfig(read.text, shown)
  const problems = new ProblemList(document)
  problems.append(document.problems)
  const name = path.basename(file).replace(/\.ya?ml$/i, '')
  const job =
    document.value === undefined
      ? undefined
      : await readJob(name, {
          document,
          problems,
          fileName: shown,
          settings,
          targetNames,
        })
  if (job === undefined || problems.hasErrors) throw invalid(problems.problems)
  return job.job
}

interface TrialWay {
  readonly job: TableJob
  readonly connection: string
  readonly config: TrialConfig
}

async function transform(
  { job, connection, config }: TrialWay,
  rows: readonly JsonValue[],
  { logger, signal }: DialectContext,
) {
  const { match } = job
  const { settings } = config
  const routes = compileRoutes({
    jobs: [job],
    connection,
    source: sourceOf(match, config),
    settings,
    lookups: (name) => config.target(name),
    compiler: expressionCompiler,
  })
  const batch = trialBatch(rows, match.table === '*' ? 'table' : match.table)
  const compileOptions = { logger, signal, timeZone: 'UTC', writesNothing: true }
  await using compiled = await routes.transform.compile([batch.schema], compileOptions)
  return { transformed: await compiled.apply(batch), outputs: routes.outputs }
}

/** The source that the rows are taken to be of. */
function sourceOf(match: TableMatch, { sources }: TrialConfig): RouteOptions['source'] {
  const [source] = sourcesOf(match, sources)
  const { serverName, schema, db } = match
  const isSchemaKind = source === undefined ? db === undefined : source.stepType === 'postgresql'
  const database = source && (db ?? source.database)
  return {
    serverNames: source?.serverNames ?? (serverName === undefined ? [] : [serverName]),
    namespaceKind: isSchemaKind || schema !== undefined ? 'schema' : 'db',
    ...(database === undefined ? {} : { database }),
    settings: source?.advanced ?? { decimals: 'string', binary: 'base64' },
  }
}

/** Writers connect to nothing. */
function nowhere(name: string): DataSource {
  return { name, type: 'redis', hosts: [{ host: '127.0.0.1', port: 6379 }], properties: {} }
}

/** The fields of each row behind the transform; what was computed for the writer alone is none. */
function recordsOf({ batch }: TransformedBatch): JsonValue[] {
  return batch.rows.map((row) => {
    const entries = batch.schema.fields.flatMap(
      ({ name, type, nativeType }, index): [string, JsonValue][] => {
        const cell = row[index]
        if (cell === undefined || (name.startsWith('$') && nativeType === 'expression')) return []
        return [[name, jsonOfCell(cell, type === 'json')]]
      },
    )
    return Object.fromEntries(entries)
  })
}

function jsonOfCell(cell: Exclude<Cell, undefined>, isJson: boolean): JsonValue {
  if (cell instanceof Uint8Array) return JSON.parse(Buffer.from(cell).toString('utf8')) as JsonValue
  if (typeof cell === 'bigint') return String(cell)
  return isJson && typeof cell === 'string' ? (JSON.parse(cell) as JsonValue) : cell
}
