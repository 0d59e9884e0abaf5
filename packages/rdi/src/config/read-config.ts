import path from 'node:path'
import {
  didYouMean,
  isRecord,
  parseConfig,
  readTextFile,
  validateStrictly,
  valueAt,
  type Environment,
  type Problem,
} from '@millrace/core/dialect'
import type { DataSource } from '@millrace/core/plugin'
import type { PipelineSettings, PipelineSource } from '../model/pipeline.ts'
import { ConfigProblemList } from './config-problem-list.ts'
import { configSchema, type ConfigFile, type Extensions } from './config-schema.ts'
import { explainOtherName } from './explain-key.ts'
import { fillSecrets } from './fill-secrets.ts'
import { warnOfNoEffect } from './no-effect.ts'
import { readSettings } from './read-settings.ts'
import { outlineSource, readSource, type SourceContext, type SourceOutline } from './read-source.ts'
import { readTarget } from './read-target.ts'
import { nestFlatTargets, takeOutUnsupported } from './unsupported.ts'

/** Name of the file, which every pipeline has. */
export const configFileName = 'config.yaml'

/** What a folder is read with. */
export interface ReadPipelineOptions {
  /** Values of `${NAME}`. */
  readonly environment: Environment
  /** What the folder is relative to. Default: the process's. */
  readonly workingFolder?: string
}

/** A folder under both its names. */
export interface PipelineFolder {
  readonly absolute: string
  /** As the user gave it, for messages. */
  readonly shown: string
}

/** What `config.yaml` says. */
export interface ReadConfig {
  readonly problems: ConfigProblemList
  /** `metadata.name`. */
  readonly name?: string
  /** All that jobs can be compared with, those that are not active among them. */
  readonly outlines: readonly SourceOutline[]
  /** False: sources or tables were left out because of errors, and nothing is known of what is missing. */
  readonly isWhole: boolean
  readonly sources: readonly PipelineSource[]
  readonly targets: ReadonlyMap<string, DataSource>
  /** Of every target in the file, wrong ones among them. */
  readonly targetNames: readonly string[]
  readonly settings: PipelineSettings
}

/** Reads `config.yaml` of a folder; problems alone when it is no YAML, or nothing in it fits. */
export async function readConfig(
  folder: PipelineFolder,
  { environment }: ReadPipelineOptions,
): Promise<ReadConfig | { readonly problems: { readonly problems: readonly Problem[] } }> {
  const file = path.join(folder.shown, configFileName)
  const read = await readTextFile(path.join(folder.absolute, configFileName), file)
  if ('problem' in read) return { problems: { problems: [read.problem] } }
  const document = await parseConfig(read.text, file)
  const problems = new ConfigProblemList(document)
  problems.append(document.problems)
  if (document.value === undefined) return { problems }
  const filled = fillSecrets(document.value, environment, problems)
  const value = nestFlatTargets(takeOutUnsupported(filled, problems), (id, field) =>
    problems.move(['targets', id], ['targets', id, field]),
  )
  const validated = await validateStrictly(configSchema, value, problems, {
    explainKey: explainOtherName,
  })
  warnOfNoEffect(value, problems)
  if (validated === undefined) return { problems }
  const context: SourceContext = {
    folder: folder.absolute,
    document,
    problems,
    fileName: configFileName,
    environment,
  }
  return { problems, ...(await readParts(value, validated.value, context)) }
}

async function readParts(
  raw: unknown,
  config: ConfigFile,
  context: SourceContext,
): Promise<Omit<ReadConfig, 'problems'>> {
  const { problems } = context
  const extensions = config.millrace ?? {}
  const targetNames = namesIn(raw, 'targets')
  const sourceNames = namesIn(context.document.value, 'sources')
  checkExtensionNames(extensions, { sources: sourceNames, targets: targetNames }, context)
  checkMissing({ sources: sourceNames, targets: targetNames }, context)
  const outlines: SourceOutline[] = []
  const sources: PipelineSource[] = []
  for (const [id, entry] of Object.entries(config.sources)) {
    const outline = outlineSource(id, entry, context)
    outlines.push(outline)
    const source = await readSource(outline, entry, own(extensions.sources, id), context)
    if (source !== undefined && entry.active !== false) sources.push(source)
  }
  const areAllOff = outlines.length > 0 && Object.values(config.sources).every(isOff)
  if (areAllOff) problems.error(['sources'], 'no source is active: there is nothing to read')
  const targets = new Map<string, DataSource>()
  for (const [id, entry] of Object.entries(config.targets)) {
    const target = await readTarget(id, entry, own(extensions.targets, id), context)
    if (target !== undefined) targets.set(id, target)
  }
  const name = config.metadata?.name?.trim() ?? ''
  return {
    ...(name === '' ? {} : { name }),
    outlines,
    isWhole:
      outlines.length === sourceNames.length &&
      !sourceNames.some((id) => areTablesWrong(id, problems)),
    sources,
    targets,
    targetNames,
    settings: readSettings(config.processors, extensions, problems),
  }
}

/** Whether something is wrong with what jobs are compared with; the rest of a source does not matter to them. */
function areTablesWrong(id: string, problems: SourceContext['problems']): boolean {
  const prefix = ['advanced', 'source', 'topic.prefix']
  return [['tables'], ['schemas'], ['databases'], prefix].some((part) =>
    problems.hasErrorWithin(['sources', id, ...part]),
  )
}

function isOff(entry: { readonly active?: boolean | undefined }): boolean {
  return entry.active === false
}

function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined
}

function namesIn(value: unknown, key: string): readonly string[] {
  const entries = valueAt(value, [key])
  return isRecord(entries) ? Object.keys(entries) : []
}

type NamesByKind = Readonly<Record<'sources' | 'targets', readonly string[]>>

function checkExtensionNames(
  extensions: Extensions,
  names: NamesByKind,
  { problems }: SourceContext,
): void {
  for (const kind of ['sources', 'targets'] as const) {
    for (const id of Object.keys(extensions[kind] ?? {})) {
      if (names[kind].includes(id)) continue
      const message = `there is no "${id}" in "${kind}"`
      problems.error(['millrace', kind, id], { message, hint: didYouMean(id, names[kind]) }, 'key')
    }
  }
}

function checkMissing(names: NamesByKind, { problems }: SourceContext): void {
  for (const kind of ['sources', 'targets'] as const) {
    if (names[kind].length > 0 || problems.hasErrorAt([kind])) continue
    problems.error([kind], `expected at least one entry, found none`)
  }
}
