import { access } from 'node:fs/promises'
import path from 'node:path'
import type { Environment, Problem } from '@millrace/core/dialect'
import { PluginError, type DataSource } from '@millrace/core/plugin'
import { configFileName, readConfig } from '../config/read-config.ts'
import { readSettings } from '../config/read-settings.ts'
import type { SourceOutline } from '../config/read-source.ts'
import { jobsFolderName } from '../jobs/read-jobs.ts'
import type { PipelineSettings } from '../model/pipeline.ts'

/** What a job is tried with besides its own file. */
export interface TrialConfig {
  readonly settings: PipelineSettings
  /** `undefined`: there is no `config.yaml`. */
  readonly targetNames: readonly string[] | undefined
  readonly sources: readonly SourceOutline[]
  /**
   * The data source of a target, which lookups ask.
   *
   * @throws PluginError CONFIG_INVALID when it is not known
   */
  target(name: string): DataSource
}

/**
 * Reads the `config.yaml` of the pipeline that a job file is of; without one, what RDI takes when nothing is said. What the job does
 * not need, such as the password of the source, may be wrong there.
 *
 * @throws PluginError CONFIG_INVALID when what the job needs cannot be read
 */
export async function readTrialConfig(
  jobFile: string,
  environment: Environment,
): Promise<TrialConfig> {
  const jobs = path.dirname(jobFile)
  const absolute = path.dirname(jobs)
  if (
    path.basename(jobs) !== jobsFolderName ||
    !(await exists(path.join(absolute, configFileName)))
  )
    return {
      settings: readSettings(undefined, undefined),
      targetNames: undefined,
      sources: [],
      target: (name) => {
        throw notKnown(name, 'there is no config.yaml beside the folder "jobs"')
      },
    }
  const shown = path.relative(process.cwd(), absolute)
  const config = await readConfig({ absolute, shown }, { environment })
  if (!('settings' in config)) throw invalid(config.problems.problems)
  const { problems, settings, targetNames, outlines, targets } = config
  if (['processors', 'millrace'].some((key) => problems.hasErrorWithin([key])))
    throw invalid(problems.problems)
  return {
    settings,
    targetNames,
    sources: outlines,
    target: (name) => {
      const target = targets.get(name)
      if (target === undefined || problems.hasErrorWithin(['targets', name]))
        throw notKnown(name, errorLines(problems.problems).join('; '))
      return target
    },
  }
}

/** One error for everything that is wrong in a file. */
export function invalid(problems: readonly Problem[]): PluginError {
  return new PluginError({ code: 'CONFIG_INVALID', message: errorLines(problems).join('\n') })
}

function errorLines(problems: readonly Problem[]): readonly string[] {
  return problems
    .filter(({ severity }) => severity === 'error')
    .map(({ file, line, column, message, hint }) => {
      const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`
      return `${place}: ${message}${hint === undefined ? '' : ` (${hint})`}`
    })
}

function notKnown(name: string, reason: string): PluginError {
  return new PluginError({
    code: 'CONFIG_INVALID',
    message: `the target ${JSON.stringify(name)}, which a lookup asks, is not known: ${reason}`,
    hint: 'Try the job where it stands in its pipeline, or without the lookup.',
  })
}

async function exists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  )
}
