import type { JobPlan } from '../job/job-plan.ts'
import type { Finding, Logger } from '../plugin/context.ts'
import { PluginError } from '../plugin/errors.ts'
import type { ReaderSession } from '../plugin/reader.ts'
import type { WriterSession } from '../plugin/writer.ts'
import type { TableSchema } from '../record/table-schema.ts'
import type { CompiledTransforms } from '../transform/index.ts'
import { openReader, openWriter } from './open-session.ts'
import { SchemaTransforms } from './schema-transforms.ts'

/** Both sessions of a job, checked and bound to the source's columns. */
export interface OpenJob extends AsyncDisposable {
  readonly reader: ReaderSession
  readonly writer: WriterSession
  readonly transforms: CompiledTransforms
  /** The columns of each table as they leave the reader. */
  readonly schemas: readonly TableSchema[]
}

/** What `openJob` looks at before it hands out the sessions. */
export interface OpenJobOptions {
  readonly signal: AbortSignal
  readonly logger: Logger
  /** False leaves the target alone: nothing is connected to it. */
  readonly connectTarget: boolean
  /** The changes of the source are followed, too. */
  readonly follows?: boolean
  /** Whoever opens the job judges `CompiledTransforms.unmatched` once it is known whether the job goes on; default: it is refused. */
  readonly mayGoOn?: boolean
  /** The target is looked at also when the source is not fit: an `AggregateError` has what is wrong with both. */
  readonly seeksAll?: boolean
}

/**
 * Opens reader and writer, checks the source, learns its columns, compiles the transforms and checks the target.
 * Nothing is written. On any error everything that was opened is closed again.
 *
 * @throws PluginError with the code of the first failed check.
 */
export async function openJob(plan: JobPlan, options: OpenJobOptions): Promise<OpenJob> {
  const stack = new ResourceStack()
  try {
    if (options.follows === true) warnOfDeletes(plan, options.logger)
    const { reader, schemas } = await openSource(plan, options, stack)
    const writer = await openWriter(plan, options)
    stack.use(writer)
    const transforms = await compileTransforms(plan, { schemas, writer, options })
    stack.use(transforms)
    if (transforms.unmatched !== undefined && options.mayGoOn !== true) throw transforms.unmatched
    if (options.connectTarget) {
      const outputs = schemas.map((schema) => transforms.outputOf(schema))
      reportFindings(await writer.check(outputs, options), plan.writer.name, options.logger)
    }
    return { reader, writer, transforms, schemas, [Symbol.asyncDispose]: () => stack.dispose() }
  } catch (error) {
    await stack.dispose()
    throw error
  }
}

async function openSource(
  plan: JobPlan,
  options: OpenJobOptions,
  stack: ResourceStack,
): Promise<Pick<OpenJob, 'reader' | 'schemas'>> {
  try {
    const reader = await openReader(plan, options)
    stack.use(reader)
    reportFindings(await reader.check(options), plan.reader.name, options.logger)
    return { reader, schemas: await reader.describe(options) }
  } catch (error) {
    const other = options.seeksAll === true ? await targetErrorOf(plan, options) : undefined
    throw other === undefined ? error : new AggregateError([error, other])
  }
}

/** What is wrong with the target whatever rows come; `undefined` when it is fit, or nothing is to be connected to. */
async function targetErrorOf(plan: JobPlan, options: OpenJobOptions): Promise<unknown> {
  if (!options.connectTarget) return undefined
  try {
    await using writer = await openWriter(plan, options)
    reportFindings(await writer.check([], options), plan.writer.name, options.logger)
    return undefined
  } catch (error) {
    return error
  }
}

function warnOfDeletes({ writer: { name, stepType, plugin } }: JobPlan, logger: Logger): void {
  if (plugin.capabilities.deletes) return
  logger.warn(
    `${name}: the writer ${stepType} does not apply deletes: what is deleted in the source stays in the target, and what was deleted is listed where the writer rejects it`,
  )
}

async function compileTransforms(
  plan: JobPlan,
  {
    schemas,
    writer,
    options,
  }: { schemas: OpenJob['schemas']; writer: WriterSession; options: OpenJobOptions },
): Promise<CompiledTransforms> {
  const { signal, follows = false } = options
  const writesNothing = options.connectTarget ? {} : { writesNothing: true }
  const logger = warningOnce(options.logger)
  const { timeZone } = plan.settings
  const compile = async (tables: readonly TableSchema[]) =>
    await plan.transform.compile(tables, {
      signal,
      logger,
      timeZone,
      follows,
      ...writesNothing,
    })
  const compiled = await compile(schemas)
  if (!follows && schemas.every(({ documents }) => documents === undefined)) return compiled
  const check = async (output: TableSchema) =>
    reportFindings(await writer.check([output], options), plan.writer.name, logger)
  return new SchemaTransforms(compiled, { schemas, compile, check })
}

/** Transforms are compiled again whenever a table has changed: each warning is given once. */
function warningOnce(logger: Logger): Logger {
  const given = new Set<string>()
  return {
    warn(message) {
      if (!given.has(message)) logger.warn(message)
      given.add(message)
    },
    info: (message) => logger.info(message),
    debug: (message) => logger.debug(message),
  }
}

/** Logs warnings; throws one error for all that stop the job. */
export function reportFindings(findings: readonly Finding[], step: string, logger: Logger): void {
  const errors = findings.filter((finding) => finding.severity === 'error')
  for (const finding of findings) {
    if (finding.severity === 'warning') logger.warn(`${step}: ${textOf(finding)}`)
  }
  const [first] = errors
  if (first !== undefined) {
    throw new PluginError({
      code: first.code ?? 'CONFIG_INVALID',
      message: errors.map((finding) => `${step}: ${textOf(finding)}`).join('\n'),
    })
  }
}

function textOf(finding: Finding): string {
  return finding.hint === undefined ? finding.message : `${finding.message} (${finding.hint})`
}

/** Closes in reverse order; every resource gets its chance, the first error is passed on. */
class ResourceStack {
  readonly #resources: AsyncDisposable[] = []

  use(resource: AsyncDisposable): void {
    this.#resources.unshift(resource)
  }

  async dispose(): Promise<void> {
    const results = await Promise.allSettled(
      this.#resources.splice(0).map((resource) => resource[Symbol.asyncDispose]()),
    )
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }
}
