import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { runJob, type JobPlan, type JobReport, type RunJobOptions } from '@millrace/core'
import type { DialectContext, DialectJob } from '@millrace/core/dialect'
import type { Logger } from '@millrace/core/plugin'
import { memoryReader, type Dataset, type MemoryReaderOptions } from '@millrace/testkit'
import { redisWriter } from '@millrace/writer-redis'
import { loadFolder } from '../src/load/load-folder.ts'
import { pipelineFolder, shown } from '../test-data/pipeline-folder.ts'

/** Where a pipeline writes to. */
export interface PipelineTarget {
  readonly host: string
  readonly port: number
  readonly user?: string
  readonly password?: string
}

/** A pipeline as a user writes it, with rows in memory in the place of a database. */
export interface PipelineSetup {
  /** Job files by name, without their ending; one text alone is the only job. */
  readonly jobs: string | Readonly<Record<string, string>>
  readonly target: PipelineTarget
  /** Lines of `processors`. */
  readonly processors?: readonly string[]
  /** Default: a PostgreSQL source with the schema `public`. */
  readonly sourceType?: 'postgresql' | 'mysql'
  /** Entries of `tables`; default: all tables are read. */
  readonly tables?: readonly string[]
  /** Rows at most in a transaction with the target. */
  readonly batchSize?: number
}

/** What a run reads. */
export interface RunInput extends MemoryReaderOptions {
  readonly tables: readonly Dataset[]
}

/** A run that came to its end. */
export interface PipelineRun {
  readonly report: JobReport
  /** Dirty records: code and reason. */
  readonly dirty: readonly string[]
}

/** The folder of a pipeline, which is read anew at every run. */
export class TestPipeline {
  readonly #folder: string
  readonly #dirtyFile: string
  /** What was warned of. */
  readonly warnings: string[] = []
  readonly #logger: Logger = {
    debug: () => {},
    info: () => {},
    warn: (message) => this.warnings.push(message),
  }

  constructor(folder: string) {
    this.#folder = folder
    this.#dirtyFile = path.join(folder, 'dirty.jsonl')
  }

  /** Runs the pipeline to its end, or to that of its source; a complete one starts anew. */
  async run(input: RunInput): Promise<PipelineRun> {
    return await this.#run(input, {})
  }

  /** Goes on from where an earlier run ended. */
  async resume(input: RunInput): Promise<PipelineRun> {
    return await this.#run(input, { resume: 'resume' })
  }

  /** Goes on from where an earlier run ended, and follows the changes of a log up to its end. */
  async catchUp(input: RunInput): Promise<PipelineRun> {
    return await this.#run(input, { resume: 'continue', follow: 'until-current' })
  }

  async #run(
    { tables, ...options }: RunInput,
    wish: Pick<RunJobOptions, 'resume' | 'follow'>,
  ): Promise<PipelineRun> {
    const reader = memoryReader(tables, options)
    const plan = await this.#plan(reader.plugin as never)
    const report = await runJob(plan, {
      logger: this.#logger,
      signal: new AbortController().signal,
      ...wish,
      sourcePatience: { firstDelayMs: 0 },
      dirtyFile: this.#dirtyFile,
    })
    return { report, dirty: await dirtyRecords(this.#dirtyFile) }
  }

  /** What is wrong with the files, as the command line shows it. */
  async problems(): Promise<readonly string[]> {
    const { problems } = await this.#load(undefined as never)
    return problems.map((problem) =>
      shown({ ...problem, file: path.relative(this.#folder, problem.file) }),
    )
  }

  async #plan(reader: JobPlan['reader']['plugin']): Promise<JobPlan> {
    const { plans, problems } = await this.#load(reader)
    const [plan, ...others] = plans ?? []
    if (plan === undefined || others.length > 0)
      throw new Error(`expected one plan: ${problems.map(shown).join('\n')}`)
    return plan
  }

  async #load(reader: JobPlan['reader']['plugin']) {
    const context: DialectContext = {
      environment: {},
      logger: this.#logger,
      signal: new AbortController().signal,
      plan: (job) => planWith(reader, job),
      openWriter: () => Promise.reject(new Error('no job is tried here')),
    }
    const folder = { folder: this.#folder, shown: this.#folder, concurrency: 1 }
    return await loadFolder(folder, context)
  }
}

async function planWith(reader: JobPlan['reader']['plugin'], job: DialectJob): Promise<JobPlan> {
  const { writer } = job
  const parsed = await redisWriter.config['~standard'].validate(writer.parameter)
  if (parsed.issues !== undefined) throw new Error(JSON.stringify(parsed.issues))
  const dataSource = writer.dataSources.get(writer.name)
  if (dataSource === undefined) throw new Error(`no target ${writer.name}`)
  return {
    name: job.name,
    file: job.file,
    reader: {
      name: 'source',
      stepType: 'memory',
      origin: 'memory',
      config: {},
      dataSources: [],
      plugin: reader,
    },
    writer: {
      name: writer.name,
      stepType: 'redis',
      origin: 'test',
      config: parsed.value,
      plugin: redisWriter as never,
      dataSources: [dataSource],
    },
    transform: job.transform,
    settings: job.settings,
  }
}

async function dirtyRecords(file: string): Promise<readonly string[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { code, reason } = JSON.parse(line) as { code: string; reason: string }
      return `${code} ${reason}`
    })
}

/** Writes the folder of a pipeline; it goes when the test ends. */
export async function makePipeline(setup: PipelineSetup): Promise<TestPipeline> {
  const jobs = typeof setup.jobs === 'string' ? { job: setup.jobs } : setup.jobs
  const folder = path.join(await pipelineFolder({}), 'shop')
  await mkdir(path.join(folder, 'jobs'), { recursive: true })
  await writeFile(path.join(folder, 'config.yaml'), configText(setup))
  for (const [name, text] of Object.entries(jobs))
    await writeFile(path.join(folder, 'jobs', `${name}.yaml`), text)
  return new TestPipeline(folder)
}

function configText({
  target,
  processors = [],
  sourceType = 'postgresql',
  tables = [],
  batchSize,
}: PipelineSetup): string {
  const isPostgres = sourceType === 'postgresql'
  const settings = [
    ...processors,
    ...(batchSize === undefined ? [] : [`write_batch_size: ${batchSize}`]),
  ]
  return `sources:
  chinook:
    type: cdc
    connection: {type: ${sourceType}, host: 127.0.0.1, port: 1, ${isPostgres ? 'database: chinook, ' : ''}user: app, password: none}
    ${isPostgres ? 'schemas: [public]' : 'databases: [chinook, music]'}
${tables.length === 0 ? '' : `    tables: {${tables.join(', ')}}\n`}targets:
  target:
    connection: ${JSON.stringify({ type: 'redis', ...target })}
${settings.length === 0 ? '' : `processors: {${settings.join(', ')}}\n`}`
}

/** Runs changes through a job once. */
export async function runPipeline(setup: PipelineSetup, input: RunInput): Promise<PipelineRun> {
  return await (await makePipeline(setup)).run(input)
}
