import type { JobPlan } from '../job/job-plan.ts'
import type { Finding, Logger, PluginContext } from '../plugin/context.ts'
import { PluginError } from '../plugin/errors.ts'
import type { ReaderSession } from '../plugin/reader.ts'
import type { WriterSession } from '../plugin/writer.ts'
import type { TableSchema } from '../record/table-schema.ts'
import { compileTransforms, type CompiledTransforms } from '../transform/index.ts'

/** Both sessions of a job, checked and bound to the source's columns. */
export interface OpenJob extends AsyncDisposable {
  readonly reader: ReaderSession
  readonly writer: WriterSession
  readonly transforms: CompiledTransforms
  /** The columns as they leave the reader. */
  readonly schema: TableSchema
}

/** What `openJob` looks at before it hands out the sessions. */
export interface OpenJobOptions {
  readonly signal: AbortSignal
  readonly logger: Logger
  /** False leaves the target alone: nothing is connected to it. */
  readonly connectTarget: boolean
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
    const reader = await plan.reader.plugin.open(
      plan.reader.config,
      contextOf(plan, 'reader', options.logger),
      options,
    )
    stack.use(reader)
    const writer = await plan.writer.plugin.open(
      plan.writer.config,
      contextOf(plan, 'writer', options.logger),
      options,
    )
    stack.use(writer)
    reportFindings(await reader.check(options), plan.reader.name, options.logger)
    const schema = await reader.describe(options)
    const transforms = compileTransforms(plan.transforms, schema, {
      timeZone: plan.settings.timeZone,
    })
    if (options.connectTarget)
      reportFindings(
        await writer.check(transforms.output, options),
        plan.writer.name,
        options.logger,
      )
    return { reader, writer, transforms, schema, [Symbol.asyncDispose]: () => stack.dispose() }
  } catch (error) {
    await stack.dispose()
    throw error
  }
}

/** What a plugin is given for its side of the job. */
export function contextOf(plan: JobPlan, side: 'reader' | 'writer', logger: Logger): PluginContext {
  const step = plan[side]
  return {
    step: step.name,
    logger,
    timeZone: plan.settings.timeZone,
    concurrency: plan.settings.concurrency,
    dataSources: step.dataSources,
  }
}

/** Logs warnings; throws one error for all that stop the job. */
export function reportFindings(findings: readonly Finding[], step: string, logger: Logger): void {
  const errors = findings.filter((finding) => finding.severity === 'error')
  for (const finding of findings) {
    if (finding.severity === 'warning') logger.warn(`${step}: ${textOf(finding)}`)
  }
  if (errors.length > 0) {
    throw new PluginError({
      code: 'CONFIG_INVALID',
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
