import { PluginError } from '../plugin/errors.ts'
import type { JsonValue } from '../record/record-batch.ts'
import { fingerprintDifferences } from './job-fingerprint.ts'
import type { JobHeader } from './job-header.ts'

/** What the user said to an earlier run that may be there: nothing, to go on with it, or to begin anew. */
export type ResumeWish = 'undecided' | 'resume' | 'restart'

/** How a run begins. */
export type ResumeDecision =
  /** `startedAt` of a run that got no row into the target; the dirty records that it listed are not listed again. */
  | { readonly kind: 'begin'; readonly startedAt?: string }
  | { readonly kind: 'resume'; readonly header: JobHeader }
  /** The job is complete already. */
  | { readonly kind: 'nothing'; readonly header: JobHeader }

/**
 * Decides how a run begins, from what stands in the checkpoint.
 *
 * @throws PluginError RESUME_UNDECIDED when an earlier run did not end and nothing was said, or the checkpoint is that of
 * another job
 */
export function decideResume(
  job: string,
  header: JobHeader | undefined,
  wish: ResumeWish,
  fingerprint: JsonValue,
): ResumeDecision {
  if (header === undefined || wish === 'restart') return { kind: 'begin' }
  if (header.state === 'complete')
    return wish === 'resume' ? { kind: 'nothing', header } : { kind: 'begin' }
  const differences = fingerprintDifferences(header.fingerprint, fingerprint)
  if (wish === 'undecided') throw undecided(job, header, differences)
  if (differences.length > 0) throw changed(job, header, differences)
  return { kind: 'resume', header }
}

function undecided(job: string, header: JobHeader, differences: readonly string[]): PluginError {
  const isSame = differences.length === 0
  return new PluginError({
    code: 'RESUME_UNDECIDED',
    message: `job ${job} has an unfinished run, begun ${header.startedAt}${isSame ? '' : `, of another definition:\n  ${differences.join('\n  ')}`}`,
    hint: isSame
      ? 'Go on where it stopped with --resume, or begin anew with --restart.'
      : 'Begin anew with --restart, or give this job a name of its own with --name.',
  })
}

function changed(job: string, header: JobHeader, differences: readonly string[]): PluginError {
  return new PluginError({
    code: 'RESUME_UNDECIDED',
    message: `job ${job} is not the one whose run, begun ${header.startedAt}, is to be resumed:\n  ${differences.join('\n  ')}`,
    hint: 'Bring the job or the table back to what it was, or begin anew with --restart.',
  })
}
