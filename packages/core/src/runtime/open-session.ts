import type { JobPlan } from '../job/job-plan.ts'
import { ownedSession } from '../job/plugin-fault.ts'
import type { CallOptions, Logger, PluginContext } from '../plugin/context.ts'
import type { ReaderSession } from '../plugin/reader.ts'
import type { WriterSession } from '../plugin/writer.ts'

/** What a session of a job is opened with. */
export interface SessionOptions extends CallOptions {
  readonly logger: Logger
  /** The changes of the source are followed, too. */
  readonly follows?: boolean | undefined
}

/** Opens the reader of a job. */
export async function openReader(plan: JobPlan, options: SessionOptions): Promise<ReaderSession> {
  const { plugin, config } = plan.reader
  const context = contextOf(plan, 'reader', options)
  return await ownedSession(plan.reader, () => plugin.open(config, context, options))
}

/** Opens the writer of a job. */
export async function openWriter(plan: JobPlan, options: SessionOptions): Promise<WriterSession> {
  const { plugin, config } = plan.writer
  const context = contextOf(plan, 'writer', options)
  return await ownedSession(plan.writer, () => plugin.open(config, context, options))
}

/** What a plugin is given for its side of the job. */
function contextOf(
  plan: JobPlan,
  side: 'reader' | 'writer',
  { logger, follows = false }: SessionOptions,
): PluginContext {
  const step = plan[side]
  return {
    job: plan.name,
    step: step.name,
    logger,
    timeZone: plan.settings.timeZone,
    concurrency: plan.settings.concurrency,
    dataSources: step.dataSources,
    ...(follows ? { follows } : {}),
  }
}
