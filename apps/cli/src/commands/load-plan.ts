import { isPipelineFolder, loadPipeline, type JobPlan, type Problem } from '@millrace/core'
import { loadOptionsOf, type JobFlags } from '../job-options.ts'
import type { CliLogger } from '../logger.ts'
import { countProblems, formatProblems } from '../render/problems.ts'

/** What the path of a command stands for. */
export interface LoadedPlans {
  /** One of a job file; of a pipeline one for each source and target. Never empty. */
  readonly plans: readonly [JobPlan, ...JobPlan[]]
  readonly isPipeline: boolean
}

/**
 * Loads a job file or the folder of a pipeline for a command that goes on to use it. Problems go to stderr; when one is an
 * error there is no plan, and all of them go to `onProblems`.
 */
export async function loadPlans(
  file: string,
  flags: JobFlags,
  logger: CliLogger,
  onProblems: (problems: readonly Problem[]) => void = () => {},
): Promise<LoadedPlans | undefined> {
  // Reading files is quick: nobody has to stop it half way.
  const { signal } = new AbortController()
  const loaded = await loadPipeline(file, { ...loadOptionsOf(flags), logger, signal })
  const { problems } = loaded
  const [first, ...others] = loaded.plans ?? []
  if (first === undefined) {
    process.stderr.write(formatProblems(problems))
    process.stderr.write(`${countProblems(problems)} in ${file}; nothing was read or written\n`)
    onProblems(problems)
    return undefined
  }
  for (const problem of problems) logger.warn(withoutSeverity(problem))
  const plans = [first, ...others] as const
  logger.hide(plans.flatMap(secretsOf))
  return { plans: [...plans], isPipeline: isPipelineFolder(file) }
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
