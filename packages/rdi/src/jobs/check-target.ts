import { didYouMean, type ConfigPath } from '@millrace/core/dialect'
import type { JobContext } from './job-context.ts'

/** Reports a connection that is no target. */
export function checkTarget(
  name: string,
  path: ConfigPath,
  { targetNames, problems }: JobContext,
): void {
  if (targetNames === undefined || targetNames.includes(name)) return
  const listed = `The targets of config.yaml are ${targetNames.join(', ')}.`
  const hint = didYouMean(name, targetNames) ?? (targetNames.length === 0 ? undefined : listed)
  problems.error(path, { message: `there is no target "${name}"`, hint })
}
