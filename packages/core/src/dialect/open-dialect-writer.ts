import { parseConfig } from '../config/parse-config.ts'
import { ProblemList } from '../config/problem-list.ts'
import { planStep } from '../job/plan-step.ts'
import type { CallOptions, Logger } from '../plugin/context.ts'
import { PluginError } from '../plugin/errors.ts'
import type { WriterSession } from '../plugin/writer.ts'
import type { PluginRegistry } from '../registry/plugin-registry.ts'
import type { DialectStep } from './dialect.ts'
import { fileStep, planContextOf } from './plan-dialect-job.ts'

/**
 * Opens the writer of a step without a job around it.
 *
 * @throws PluginError CONFIG_INVALID with everything that is wrong with the step
 */
export async function openDialectWriter(
  step: DialectStep,
  registry: PluginRegistry,
  { logger, signal }: CallOptions & { readonly logger: Logger },
): Promise<WriterSession> {
  const problems = new ProblemList(await parseConfig('{}', step.name))
  const planned = await planStep(
    'writer',
    fileStep('writer', { ...step, path: [] }),
    planContextOf(step, registry, problems),
  )
  if (planned === undefined || problems.hasErrors) {
    throw new PluginError({
      code: 'CONFIG_INVALID',
      message: problems.problems
        .map(({ message, hint }) => (hint === undefined ? message : `${message} (${hint})`))
        .join('\n'),
    })
  }
  const { dataSources, config, plugin } = planned
  const context = { step: step.name, logger, timeZone: 'UTC', concurrency: 1, dataSources }
  return await plugin.open(config, context, { signal })
}
