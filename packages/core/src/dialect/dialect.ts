import type { ConfigPath } from '../config/config-path.ts'
import type { Problem } from '../config/problem.ts'
import type { ProblemList } from '../config/problem-list.ts'
import type { JobPlan, JobSettings } from '../job/job-plan.ts'
import type { Logger } from '../plugin/context.ts'
import type { DataSource } from '../plugin/data-source.ts'
import type { PreviewCommand, WriterSession } from '../plugin/writer.ts'
import type { JsonValue, RowError } from '../record/record-batch.ts'
import type { TableSchema } from '../record/table-schema.ts'
import type { RowTransform } from '../transform/row-transform.ts'

/** A way of writing pipelines as a folder of files, as its package exports it. */
export interface Dialect {
  readonly apiVersion: 1
  readonly kind: 'dialect'
  /** `rdi` */
  readonly name: string
  /** One line for `millrace plugins`. */
  readonly description: string
  /** Reads a folder into plans. Opens no connection; reports everything that is wrong at once and throws for none of it. */
  load(folder: DialectFolder, context: DialectContext): Promise<LoadedPipeline>
  /**
   * What one job file makes of rows that are given as JSON, without source and target.
   *
   * @param rows as the file holds them: rows, or change records
   */
  tryJob(file: string, rows: readonly JsonValue[], context: DialectContext): Promise<JobTrial>
  /** The files of a new folder for tables of a live database, by name, commented. */
  scaffold(source: ScaffoldSource): Readonly<Record<string, string>>
}

/** A folder to load. */
export interface DialectFolder {
  /** Absolute. */
  readonly folder: string
  /** As the user wrote it, for messages. */
  readonly shown: string
  /** `--name`. */
  readonly name?: string
  /** `--concurrent`. */
  readonly concurrency?: number
}

/** What a dialect is given to work with. */
export interface DialectContext {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly logger: Logger
  readonly signal: AbortSignal
  /** Finds the plugins of a job, validates their parameters and makes a plan of it. */
  plan(job: DialectJob, problems: ProblemList): Promise<JobPlan | undefined>
  /**
   * Opens the writer of a step alone, to show what it would write. Connects to nothing.
   *
   * @throws PluginError PLUGIN_MISSING, or CONFIG_INVALID for its parameters
   */
  openWriter(step: DialectStep): Promise<WriterSession>
}

/** One reader, one writer and what happens between them. */
export interface DialectJob {
  /** For people; digits of source and target are added unless `isNameWhole`. */
  readonly name: string
  readonly isNameWhole: boolean
  /** Absolute path of the file that stands for the job. */
  readonly file: string
  readonly reader: DialectStep
  readonly writer: DialectStep
  readonly transform: RowTransform
  readonly settings: JobSettings
}

/** A step with the parameters its plugin is to get. */
export interface DialectStep {
  readonly name: string
  readonly stepType: string
  readonly parameter: Readonly<Record<string, unknown>>
  /** The connections that `parameter` may name. */
  readonly dataSources: ReadonlyMap<string, DataSource>
  /** Where the step stands in the file, for what is found wrong with it. */
  readonly path: ConfigPath
}

/** What a path given to the command line stands for. */
export interface LoadedPipeline {
  /** Present when there is no error among the problems. */
  readonly plans?: readonly JobPlan[]
  /** Everything found wrong, in the order of the files. */
  readonly problems: readonly Problem[]
}

/** What a job makes of rows. */
export interface JobTrial {
  /** Records behind the transform, as JSON. */
  readonly transformation: readonly JsonValue[]
  readonly output: readonly {
    readonly connection: string
    readonly commands: readonly PreviewCommand[]
  }[]
  readonly dirty: readonly RowError[]
  readonly recordsFiltered: number
}

/** What a new folder is made from. */
export interface ScaffoldSource {
  readonly stepType: string
  readonly dataSource: DataSource
  readonly tables: readonly TableSchema[]
}

/** Returns the dialect as it is. */
export function defineDialect(dialect: Dialect): Dialect {
  return dialect
}
