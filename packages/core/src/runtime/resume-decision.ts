import { PluginError } from '../plugin/errors.ts'
import type { JsonValue } from '../record/record-batch.ts'
import { compareFingerprints, type FingerprintComparison } from './job-fingerprint.ts'
import type { JobHeader } from './job-header.ts'

/**
 * What the user said to an earlier run that may be there: nothing, to go on with it, or to begin anew. `continue`: nothing, of a
 * pipeline, which goes on with it where the target keeps a checkpoint.
 */
export type ResumeWish = 'undecided' | 'resume' | 'restart' | 'continue'

/** How a run begins. */
export type ResumeDecision =
  /** `startedAt` of a run that got no row into the target; the dirty records that it listed are not listed again. */
  | { readonly kind: 'begin'; readonly startedAt?: string }
  | {
      readonly kind: 'resume'
      readonly header: JobHeader
      /** Tables that the job has got since then, and those that it no longer has; only of one that follows changes. */
      readonly tables: Pick<FingerprintComparison, 'added' | 'removed'>
    }
  /** The job is complete already. */
  | { readonly kind: 'nothing'; readonly header: JobHeader }

/** What the job is now. */
export interface ResumeTerms {
  readonly fingerprint: JsonValue
  /** Changes are to be followed; default: rows are read once. */
  readonly follows?: boolean
  /** Tables that the job has got since then can be taken up; default: no. */
  readonly takesUpTables?: boolean
}

/**
 * Decides how a run begins, from what stands in the checkpoint.
 *
 * @throws PluginError RESUME_UNDECIDED when an earlier run did not end and nothing was said, or the checkpoint to go on from is
 * that of another job
 */
export function decideResume(
  job: string,
  header: JobHeader | undefined,
  wish: ResumeWish,
  { fingerprint, follows = false, takesUpTables = false }: ResumeTerms,
): ResumeDecision {
  if (header === undefined || wish === 'restart') return { kind: 'begin' }
  if (follows !== (header.plan.followFrom !== undefined) && (follows || header.state === 'running'))
    throw otherKind(job, header, follows)
  if (header.state === 'complete' && wish === 'undecided') return { kind: 'begin' }
  const { added, removed, ...comparison } = compareFingerprints(header.fingerprint, fingerprint)
  const isChanged = !takesUpTables && added.length + removed.length > 0
  const differences = isChanged
    ? [...comparison.differences, tablesText(added, removed)]
    : comparison.differences
  if (header.state === 'complete' && differences.length === 0) return { kind: 'nothing', header }
  if (wish === 'undecided') throw undecided(job, header, differences)
  if (differences.length > 0) throw changed(job, header, differences)
  return { kind: 'resume', header, tables: { added, removed } }
}

function tablesText(added: readonly string[], removed: readonly string[]): string {
  const shown = (names: readonly string[]) => (names.length === 0 ? 'nothing' : names.join(', '))
  return `tables: ${shown(added)}, was ${shown(removed)}`
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
  const earlier =
    header.state === 'complete'
      ? `is complete since ${header.endedAt}, and was of another definition`
      : `is not the one whose run, begun ${header.startedAt}, is to be resumed`
  return new PluginError({
    code: 'RESUME_UNDECIDED',
    message: `job ${job} ${earlier}:\n  ${differences.join('\n  ')}`,
    hint: 'Bring the job or the table back to what it was, or begin anew with --restart.',
  })
}

/** Rows alone and rows with their changes are no parts of each other: between them changes would be missing. */
function otherKind(job: string, header: JobHeader, follows: boolean): PluginError {
  const since = header.endedAt ?? header.startedAt
  return new PluginError({
    code: 'RESUME_UNDECIDED',
    message: follows
      ? `job ${job} read its tables with --snapshot-only at ${since}: what has changed since then was not followed and cannot be had any more`
      : `job ${job}, begun ${header.startedAt}, follows the changes of its source: --snapshot-only would forget how far it has come`,
    hint: follows
      ? 'Begin anew with --restart: the tables are read again, and their changes from then on.'
      : 'Run it without --snapshot-only, or begin anew with --restart.',
  })
}
