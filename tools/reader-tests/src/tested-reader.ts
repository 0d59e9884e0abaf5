import type {
  ConfigOf,
  ConfigSchema,
  DataSource,
  Finding,
  PluginContext,
  ReaderPlugin,
  ReaderSession,
} from '@millrace/core/plugin'
import { never, rowsOf } from './reading.ts'

/** Parameters of the step, as a job file has them. */
export type StepParameters = Record<string, unknown>

/** What tests call of a reader, with parameters as a job file has them. */
export function testedReader<S extends ConfigSchema>(reader: ReaderPlugin<S>) {
  /** What validation of the parameters gives: the plugin's config. */
  async function configOf(parameters: StepParameters): Promise<ConfigOf<S>> {
    const result = await reader.config['~standard'].validate(parameters)
    if (result.issues !== undefined) throw new Error(JSON.stringify(result.issues))
    return result.value
  }

  /** Findings that need no server. */
  async function validate(parameters: StepParameters): Promise<readonly Finding[]> {
    return reader.validate?.(await configOf(parameters)) ?? []
  }

  /** Opens the reader on data sources, one for each connection of the job; warnings are collected. */
  async function open(
    parameters: StepParameters,
    dataSources: readonly DataSource[],
    warnings: string[] = [],
    context: Partial<PluginContext> = {},
  ): Promise<ReaderSession> {
    const config = await configOf({ datasource: 'test', ...parameters })
    const references = reader.dataSources?.(config) ?? []
    return await reader.open(
      config,
      {
        step: 'Reader',
        logger: { debug() {}, info() {}, warn: (message) => void warnings.push(message) },
        timeZone: 'UTC',
        concurrency: 2,
        dataSources: references.map((_, index) => dataSources[index] ?? dataSources[0]!),
        ...context,
      },
      { signal: never },
    )
  }

  /** Everything the parameters select, split for `desired` channels. */
  async function readAll(parameters: StepParameters, dataSource: DataSource, desired = 1) {
    const warnings: string[] = []
    await using session = await open(parameters, [dataSource], warnings)
    const findings = await session.check({ signal: never })
    warnings.push(...findings.map(({ message }) => message))
    const [schema] = await session.describe({ signal: never })
    const { splits } = await session.split(desired, { signal: never })
    const rows = await rowsOf(session, splits)
    const fields = schema?.fields ?? []
    return {
      rows,
      splits,
      warnings,
      fields: fields.map(({ name, type, nativeType }) => [name, type, nativeType]),
    }
  }

  return { validate, open, readAll }
}
