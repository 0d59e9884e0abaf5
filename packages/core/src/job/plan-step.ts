import { valueAt, type ConfigPath } from '../config/config-path.ts'
import { describeValue } from '../config/describe-value.ts'
import { messageOf } from '../config/issue-message.ts'
import type { ProblemList, ProblemText } from '../config/problem-list.ts'
import { recoverConfig, validateConfig } from '../config/validate-config.ts'
import type { DataSourceCatalog } from '../data-source/data-source-catalog.ts'
import { acceptsType, canonicalType } from '../data-source/data-source-types.ts'
import type { Finding } from '../plugin/context.ts'
import type { DataSource, DataSourceReference } from '../plugin/data-source.ts'
import type { Plugin } from '../plugin/define.ts'
import { PluginError } from '../plugin/errors.ts'
import type { ReaderPlugin } from '../plugin/reader.ts'
import type { WriterPlugin } from '../plugin/writer.ts'
import type { FoundPlugin, PluginRegistry } from '../registry/plugin-registry.ts'
import type { JobFileStep } from './job-file.ts'
import type { PlannedStep } from './job-plan.ts'
import { pluginTitle } from './plugin-fault.ts'

/** What steps are planned with. */
export interface PlanContext {
  readonly registry: PluginRegistry
  readonly catalog: Pick<DataSourceCatalog, 'resolve'>
  readonly problems: ProblemList
  /** Filled with the paths at which a step should name a data source and names none. */
  readonly unnamed: ConfigPath[]
}

type PluginOfKind = { reader: ReaderPlugin; writer: WriterPlugin }

/** A planned step, perhaps with a config that can only be checked further. */
export type CheckedStep<P> = PlannedStep<P> & {
  /** Parameters that were wrong and are not in `config`; such a step must not run. Empty when all is well. */
  readonly dropped: ReadonlySet<string>
}

/**
 * Finds the plugin of a step, validates the parameters by its schema and resolves its connections. Everything that is
 * wrong is reported; `undefined` when there is no plugin or nothing of the parameters fits its schema.
 */
export async function planStep<K extends 'reader' | 'writer'>(
  kind: K,
  step: JobFileStep,
  context: PlanContext,
): Promise<CheckedStep<PluginOfKind[K]> | undefined> {
  const { problems } = context
  const found = await context.registry.find(kind, step.stepType)
  if ('problem' in found) {
    if (found.mayFollow !== true)
      problems.error(step.stepTypePath, { message: found.problem, hint: found.hint })
    return undefined
  }
  const plugin: Plugin = found.plugin
  const validated = await validateConfig(plugin.config, step.parameter, problems, {
    base: step.parameterPath,
    // Core reads envType itself; keys with a star are encrypted values, which have an error of their own.
    isTolerated: (key, path) => (path.length === 1 && key === 'envType') || key.startsWith('*'),
  })
  const environmentType = readEnvironmentType(step, problems)
  const usable: { readonly value: unknown; readonly dropped?: ReadonlySet<string> } | undefined =
    validated ?? (await recoverConfig(plugin.config, step.parameter))
  if (usable === undefined) return undefined
  const config = usable.value
  const dataSources = await resolveDataSources(found, config, step, environmentType, context)
  return {
    name: step.name,
    stepType: step.stepType,
    plugin: found.plugin,
    origin: found.origin,
    config,
    dataSources,
    dropped: usable.dropped ?? new Set(),
  }
}

function readEnvironmentType(step: JobFileStep, problems: ProblemList): 0 | 1 {
  const value = step.parameter['envType']
  if (value === undefined || value === null) return 0
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text === 'string') {
    if (/^\s*(?:0|prod)?\s*$/i.test(text)) return 0
    if (/^\s*(?:1|dev)\s*$/i.test(text)) return 1
  }
  const message = `expected 0 (production) or 1 (development), found ${describeValue(value)}`
  problems.error([...step.parameterPath, 'envType'], message)
  return 0
}

async function resolveDataSources(
  found: FoundPlugin,
  config: unknown,
  step: JobFileStep,
  environmentType: 0 | 1,
  context: PlanContext,
): Promise<readonly DataSource[]> {
  const { problems } = context
  const { plugin } = found
  const references = guarded<readonly DataSourceReference[]>(step, found, problems, {
    fallback: [],
    call: () => plugin.dataSources?.(config) ?? [],
  })
  const accepted = plugin.dataSourceTypes ?? []
  const sources: DataSource[] = []
  for (const reference of references) {
    const path = [...step.parameterPath, ...reference.path]
    if (reference.name !== undefined && typeof reference.name !== 'string') {
      problems.error(
        path,
        `expected the name of a data source, found ${describeValue(reference.name)}`,
      )
      continue
    }
    if ((reference.name ?? '').trim() === '' && reference.inline === undefined) {
      context.unnamed.push(path)
      continue
    }
    const source = await context.catalog.resolve(
      {
        name: reference.name,
        inline: reference.inline,
        environmentType,
        defaultType: accepted[0],
        path,
      },
      problems,
    )
    if (source === undefined) continue
    if (accepted.length > 0 && !acceptsType(accepted, source.type)) {
      problems.error(path, wrongType(source, plugin, accepted))
    } else {
      guarded(step, found, problems, {
        fallback: undefined,
        call: () => reportSource(source, plugin, config, path, problems),
      })
    }
    sources.push(source)
  }
  return sources
}

function reportSource(
  source: DataSource,
  plugin: Plugin,
  config: unknown,
  path: ConfigPath,
  problems: ProblemList,
): void {
  if (plugin.kind !== 'reader') return
  for (const { severity, message, hint } of plugin.validateDataSource?.(source, config) ?? []) {
    const text = { message: `data source ${JSON.stringify(source.name)}: ${message}`, hint }
    if (severity === 'error') problems.error(path, text)
    else problems.warn(path, text)
  }
}

function wrongType(
  source: DataSource,
  plugin: Plugin,
  accepted: readonly string[],
): { message: string; hint: string } {
  const needed = [...new Set(accepted.map(canonicalType))].join(' or ')
  const message = `data source ${JSON.stringify(source.name)} is a ${source.type}, but the ${plugin.stepType} ${plugin.kind} needs ${needed}`
  return { message, hint: `Name a data source of the type ${needed}.` }
}

/** Calls the plugin of a step; what it throws is reported there, and `fallback` stands for the result. */
export function guarded<T>(
  step: JobFileStep,
  found: FoundPlugin,
  problems: ProblemList,
  { fallback, call }: { readonly fallback: T; readonly call: () => T },
): T {
  try {
    return call()
  } catch (error) {
    const text = PluginError.isInstance(error)
      ? { message: error.message, hint: error.hint }
      : faultText(pluginTitle({ ...found, name: step.name }), error)
    problems.error(step.parameterPath, text)
    return fallback
  }
}

function faultText(title: string, error: unknown): ProblemText {
  const name = error instanceof Error ? `${error.name}: ` : ''
  return {
    message: `${title} failed over these parameters: ${name}${messageOf(error)}`,
    hint: 'This is a fault of the plugin, whatever the parameters are: report it.',
  }
}

/**
 * Reports what a plugin found wrong with its parameters. When some had to be `dropped` before, what it says of those,
 * or of something that is missing, may only follow from that, and is left out.
 */
export function reportFindings(
  findings: readonly Finding[],
  step: JobFileStep,
  dropped: ReadonlySet<string>,
  problems: ProblemList,
): void {
  for (const finding of findings) {
    const follows =
      dropped.size > 0 &&
      (dropped.has(String(finding.path[0])) || valueAt(step.parameter, finding.path) === undefined)
    if (follows) continue
    const path: ConfigPath = [...step.parameterPath, ...finding.path]
    const text = { message: finding.message, hint: finding.hint }
    if (finding.severity === 'error') problems.error(path, text)
    else problems.warn(path, text)
  }
}
