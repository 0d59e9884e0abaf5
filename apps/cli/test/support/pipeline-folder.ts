import { mkdirSync } from 'node:fs'
import { parse, stringify } from 'yaml'
import type { CommandOptions, JobFolder, RunResult, RunningCommand } from './job-folder.ts'
import type { RedisTarget } from './redis-test.ts'
import { dataSourceOf, type TestDatabase } from './test-database.ts'

/** An output of a job: `redis.write` with these options. */
export const write = (options: object) => ({ uses: 'redis.write', with: options })

/** An expression of a job. */
export const jmespath = (expression: string) => ({ language: 'jmespath', expression })

/** What `config.yaml` of a test says besides its connections. */
export interface PipelineConfig {
  /** Of the source. */
  readonly tables?: Readonly<Record<string, unknown>>
  readonly schemas?: readonly string[]
  readonly databases?: readonly string[]
  /** Beside `sources` and `targets`. */
  readonly others?: Readonly<Record<string, unknown>>
  /** Names of the targets; all are the test's own Redis, the second in another database. */
  readonly targets?: readonly string[]
  /** Of the source's connection, in place of what the database says. */
  readonly connection?: Readonly<Record<string, unknown>>
  /** `advanced.source` of the source. */
  readonly settings?: Readonly<Record<string, unknown>>
}

/** A pipeline in the folder `p` of a job folder. */
export class PipelineFolder {
  readonly folder: JobFolder

  constructor(folder: JobFolder) {
    this.folder = folder
    mkdirSync(folder.pathOf('p/jobs'), { recursive: true })
  }

  /** Writes a job; text is written as it is. */
  job(name: string, content: unknown): void {
    this.folder.write(
      `p/jobs/${name}.yaml`,
      typeof content === 'string' ? content : stringify(content),
    )
  }

  /** Runs the snapshot to its end. */
  async run(flags: readonly string[] = [], options: CommandOptions = {}): Promise<RunResult> {
    const running = this.start(flags, options)
    return { ...(await running.ended), report: this.folder.report() }
  }

  start(flags: readonly string[] = [], options: CommandOptions = {}): RunningCommand {
    return this.follow(['--snapshot-only', ...flags], options)
  }

  /** Starts a run that goes on with changes. */
  follow(flags: readonly string[] = [], options: CommandOptions = {}): RunningCommand {
    const report = ['--report', this.folder.pathOf('report.json'), '--progress', 'none']
    return this.folder.start(['run', 'p', ...report, ...flags], options)
  }

  /** Runs until everything is applied that was committed before. */
  async catchUp(flags: readonly string[] = [], options: CommandOptions = {}): Promise<RunResult> {
    const running = this.follow(['--until-current', ...flags], options)
    return { ...(await running.ended), report: this.folder.report() }
  }
}

/** A folder with a pipeline from a database, called `shop`, into the test's Redis. */
export function pipelineFolder(
  target: RedisTarget,
  type: 'mysql' | 'postgresql' | 'mongodb',
  database: Pick<TestDatabase, 'name' | 'url'>,
  {
    tables,
    schemas,
    databases,
    others = {},
    targets = ['target'],
    connection: changed = {},
    settings,
  }: PipelineConfig = {},
): PipelineFolder {
  const pipeline = new PipelineFolder(target.folder())
  const connection = dataSourceOf(type, database, changed)
  const { hostname, port, pathname } = new URL(target.url)
  const redis = { type: 'redis', host: hostname, port: Number(port) }
  const { millrace, ...rest } = others
  const config = {
    sources: {
      shop: {
        type: 'cdc',
        connection,
        ...(schemas === undefined ? {} : { schemas }),
        ...(databases === undefined ? {} : { databases }),
        ...(tables === undefined ? {} : { tables }),
        ...(settings === undefined ? {} : { advanced: { source: settings } }),
      },
    },
    targets: Object.fromEntries(targets.map((name) => [name, { connection: redis }])),
    ...rest,
    millrace: {
      ...(millrace as object | undefined),
      targets: Object.fromEntries(
        targets.map((name, index) => [name, { database: databaseOf(pathname, index) }]),
      ),
    },
  }
  pipeline.folder.write('p/config.yaml', stringify(config))
  return pipeline
}

function databaseOf(pathname: string, index: number): number {
  // Databases below 16 are left to tests that name one.
  return index === 0 ? Number(pathname.slice(1)) : index
}

/** Has the pipeline read other tables. */
export function setTables(
  pipeline: PipelineFolder,
  tables: Readonly<Record<string, unknown>>,
): void {
  const config = parse(pipeline.folder.read('p/config.yaml')) as {
    sources: { shop: { tables: unknown } }
  }
  config.sources.shop.tables = tables
  pipeline.folder.write('p/config.yaml', stringify(config))
}
