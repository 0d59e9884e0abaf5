import { loadJob, type JobPlan, type Problem } from '@millrace/core'
import { loadOptionsOf, type JobFlags } from '../job-options.ts'
import type { CliLogger } from '../logger.ts'
import { countProblems, formatProblems } from '../render/problems.ts'

/**
 * Loads a job for a command that goes on to use it. Problems go to stderr; when one is an error there is no plan, and
 * all of them go to `onProblems`.
 */
export async function loadPlan(
  file: string,
  flags: JobFlags,
  logger: CliLogger,
  onProblems: (problems: readonly Problem[]) => void = () => {},
): Promise<JobPlan | undefined> {
  const { plan, problems } = await loadJob(file, loadOptionsOf(flags))
  if (plan === undefined) {
    process.stderr.write(formatProblems(problems))
    process.stderr.write(`${countProblems(problems)} in ${file}; nothing was read or written\n`)
    onProblems(problems)
    return undefined
  }
  for (const problem of problems) logger.warn(withoutSeverity(problem))
  logger.hide(secretsOf(plan))
  return plan
}

function withoutSeverity(problem: Problem): string {
  return formatProblems([problem]).trimEnd().replace(`: ${problem.severity}:`, ':')
}

/** Every password in the plan, so that no message can show one. */
export function secretsOf(plan: JobPlan): string[] {
  return [...plan.reader.dataSources, ...plan.writer.dataSources].flatMap((source) =>
    [source.password, source.sentinel?.password].filter((secret) => secret !== undefined),
  )
}
