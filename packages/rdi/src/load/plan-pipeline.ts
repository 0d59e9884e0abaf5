import path from 'node:path'
import {
  type DialectContext,
  type DialectFolder,
  type JobPlan,
  type ProblemList,
} from '@millrace/core/dialect'
import { configFileName } from '../config/read-config.ts'
import { expressionCompiler } from '../expression/expression-compiler.ts'
import type { Pipeline, PipelineSource } from '../model/pipeline.ts'
import { compileRoutes, type CompiledRoutes } from '../transform/compile-routes.ts'
import { expressionFindings } from '../transform/route-findings.ts'
import { matchedSource } from './matched-source.ts'
import { appendRouteFindings } from './route-problems.ts'
import { changesParameter, readerParameter, wholeDocumentReason } from './reader-parameter.ts'

/** What plans are made with. */
export interface PlanPipelineOptions {
  readonly folder: DialectFolder
  readonly context: DialectContext
  /** Of `config.yaml`; everything that is found wrong goes there. */
  readonly problems: ProblemList
}

/** A plan for every source and every target that gets rows from it. */
export async function planPipeline(
  pipeline: Pipeline,
  options: PlanPipelineOptions,
): Promise<readonly JobPlan[]> {
  appendRouteFindings(await expressionFindings(pipeline.jobs, expressionCompiler), options)
  if (options.problems.hasErrors) return []
  const ways: Way[] = []
  for (const source of pipeline.sources) {
    if (source.advanced.snapshot === 'never') {
      const message =
        'snapshot.mode is "never": the rows that are there are not read, only what changes'
      options.problems.warn(['sources', source.id], message)
    }
    for (const target of pipeline.targets.keys()) {
      const way = wayOf(pipeline, source, target)
      appendRouteFindings(way.routes.findings, options)
      if (way.parameter !== undefined) ways.push(way)
    }
  }
  const plans: JobPlan[] = []
  for (const way of ways) {
    const siblings = ways.filter(({ source }) => source === way.source)
    const counts = { all: ways.length, ofSource: siblings.length }
    const sharedTables = tablesOfOthers(way, ways)
    warnOfShared(way, sharedTables, options.problems)
    const plan = await planWay(pipeline, { ...way, sharedTables }, counts, options)
    if (plan !== undefined) plans.push(plan)
  }
  return plans
}

/** From one source into one target. */
interface Way {
  readonly source: PipelineSource
  readonly target: string
  readonly routes: CompiledRoutes
  /** Of the reader; `undefined` when no table goes this way. */
  readonly parameter: Readonly<Record<string, unknown>> | undefined
}

function wayOf(pipeline: Pipeline, source: PipelineSource, target: string): Way {
  const { jobs, settings, targets } = pipeline
  const others = pipeline.sources.filter((other) => other !== source)
  const routes = compileRoutes({
    jobs,
    connection: target,
    source: matchedSource(source),
    settings,
    ...tablesOf(source),
    otherSources: others.map((other) => ({ source: matchedSource(other), ...tablesOf(other) })),
    lookups: (name) => {
      const dataSource = targets.get(name)
      if (dataSource === undefined) throw new Error(`there is no target ${name}`)
      return dataSource
    },
    compiler: expressionCompiler,
  })
  return { source, target, routes, parameter: readerParameter(source, target, jobs, routes) }
}

function tablesOf({ tables }: PipelineSource): Pick<PipelineSource, 'tables'> {
  return tables === undefined ? {} : { tables }
}

/** Names of tables that other sources bring into the same target, as far as the file names them. */
function tablesOfOthers({ source, target }: Way, ways: readonly Way[]): string[] {
  const others = ways.filter((way) => way.target === target && way.source !== source)
  const names = others.flatMap((way) => (way.source.tables ?? []).map(({ table }) => table))
  return [...new Set(names)]
}

function warnOfShared(
  { source: { id, tables = [] }, target, routes }: Way,
  others: readonly string[],
  problems: ProblemList,
): void {
  const outputs = Object.values(routes.outputs).flat()
  if (!outputs.some(({ key }) => key === undefined || ('column' in key && key.isDefault))) return
  for (const { table } of tables)
    if (others.includes(table))
      problems.warn(
        ['sources', id, 'tables'],
        `another source brings a table ${table} into ${target}, too: where their rows have the same keys, one overwrites the other, and TRUNCATE removes none`,
      )
}

async function planWay(
  pipeline: Pipeline,
  { source, target, routes, parameter = {}, sharedTables }: Way & { sharedTables: string[] },
  counts: { readonly all: number; readonly ofSource: number },
  { folder, context, problems }: PlanPipelineOptions,
): Promise<JobPlan | undefined> {
  const { settings, targets } = pipeline
  const base = folder.name ?? pipeline.name
  const reason = wholeDocumentReason(source, routes)
  if (reason !== undefined) {
    const place = ['sources', source.id, 'advanced', 'source', 'capture.mode']
    problems.warn(place, `updates bring whole documents for the target ${target}: ${reason}`)
  }
  return await context.plan(
    {
      name: counts.all === 1 ? base : `${base}-${source.id}-${target}`,
      isNameWhole: folder.name !== undefined,
      file: path.join(pipeline.folder, configFileName),
      reader: {
        name: source.id,
        stepType: source.stepType,
        parameter: {
          datasource: source.id,
          ...parameter,
          ...changesParameter(source, counts.ofSource > 1 ? target : undefined, routes),
          ...(source.stepType === 'mongodb' && settings.extendedJson !== 'unwrapped'
            ? { extendedJson: settings.extendedJson }
            : {}),
        },
        dataSources: new Map([[source.id, source.dataSource]]),
        path: ['sources', source.id],
      },
      writer: {
        name: target,
        stepType: 'redis',
        parameter: {
          datasource: target,
          outputs: routes.outputs,
          ...(sharedTables.length === 0 ? {} : { sharedTables }),
          ...(settings.errorHandling === 'dlq' ? { maxDeadLetters: settings.maxDeadLetters } : {}),
          ...(settings.writeBatchSize === rdiWriteBatchSize
            ? {}
            : { batchSize: settings.writeBatchSize }),
        },
        dataSources: targets,
        path: ['targets', target],
      },
      transform: routes.transform,
      settings: {
        concurrency:
          folder.concurrency ?? source.advanced.snapshotThreads ?? settings.initialSyncProcesses,
        errorLimit: {},
        ...(source.advanced.snapshot === 'never' ? { readsRows: false } : {}),
        ...(settings.onLostPosition === 'fail' ? {} : { onLostPosition: settings.onLostPosition }),
        timeZone: 'UTC',
        ...(settings.errorHandling === 'ignore' ? { dirtyRecords: 'counted' as const } : {}),
      },
    },
    problems,
  )
}

/** RDI's default; a file that does not say another one gets Millrace's own, which is faster. */
const rdiWriteBatchSize = 200
