import type { Logger, CallOptions } from '../plugin/context.ts'
import type { ReaderSession, SplitPlan } from '../plugin/reader.ts'
import type { JobCheckpoint } from './job-checkpoint.ts'
import type { FingerprintComparison } from './job-fingerprint.ts'
import type { JobHeader } from './job-header.ts'

/** Tables that a job which follows changes has got since an earlier run, and those that it no longer has. */
export type ChangedTables = Pick<FingerprintComparison, 'added' | 'removed'>

/** What going on with other tables takes. */
export interface TakeUpOptions extends CallOptions {
  readonly reader: ReaderSession
  readonly checkpoint: JobCheckpoint
  readonly logger: Logger
  /** Channels of the job. */
  readonly concurrency: number
  /** Whether rows that are there are read at all. */
  readonly readsRows: boolean
}

/** The plan of a job that goes on, without the tables that it no longer has. */
export function withoutTables(plan: SplitPlan, removed: readonly string[]): SplitPlan {
  return removed.length === 0
    ? plan
    : { ...plan, splits: plan.splits.filter(({ table }) => !removed.includes(table)) }
}

/**
 * Prepares the source for the tables that the job has got, and puts the plan with their splits into the checkpoint. Broken off in
 * its middle it is done again by the next run.
 *
 * @param header as it was found, with the plan of {@link withoutTables}
 */
export async function takeUpTables(
  header: JobHeader,
  { added, removed }: ChangedTables,
  { reader, checkpoint, logger, concurrency, readsRows, signal }: TakeUpOptions,
): Promise<SplitPlan> {
  if (added.length === 0 && removed.length === 0) return header.plan
  const cut =
    added.length === 0 ? [] : await reader.takeUp?.(new Set(added), concurrency, { signal })
  const splits = cut ?? []
  if (added.length > 0) {
    const how = readsRows ? 'they are read while changes go on' : 'their changes are followed'
    logger.info(`new tables of the job: ${added.join(', ')}: ${how}`)
  }
  const plan = { ...header.plan, splits: [...header.plan.splits, ...splits] }
  await checkpoint.amend({ ...header, plan }, splits)
  return plan
}

/** What has to be known of tables that a job no longer has. */
export function noteOfRemoved(removed: readonly string[]): string | undefined {
  return removed.length === 0
    ? undefined
    : `the job no longer reads ${removed.join(', ')}: what was written of it stays in the target as it is`
}
