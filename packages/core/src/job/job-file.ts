import type { ConfigPath } from '../config/config-path.ts'
import type { JobSettings, TransformStep } from './job-plan.ts'

/** A reader or writer as the file has it, whatever shape the file is in. */
export interface JobFileStep {
  readonly kind: 'reader' | 'writer'
  readonly name: string
  readonly stepType: string
  /** Parameters as written, placeholders filled. */
  readonly parameter: Readonly<Record<string, unknown>>
  /** Where things stand in the file. */
  readonly path: ConfigPath
  readonly stepTypePath: ConfigPath
  readonly parameterPath: ConfigPath
}

/** A transform with its place in the file. */
export interface JobFileTransform extends TransformStep {
  readonly path: ConfigPath
  /** Path of `columnIndex`. */
  readonly columnPath: ConfigPath
}

/** A plugin module that the file or `--plugin` names. */
export interface PluginModuleName {
  readonly specifier: string
  /** Absent for `--plugin`. */
  readonly path?: ConfigPath
}

/** A job file in one form for all its shapes; parts that were wrong are absent, and reported. */
export interface JobFile {
  readonly reader?: JobFileStep
  readonly writer?: JobFileStep
  readonly transforms: readonly JobFileTransform[]
  readonly settings?: JobSettings
  readonly plugins: readonly PluginModuleName[]
}
