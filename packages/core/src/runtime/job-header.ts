import type { Split, SplitPlan } from '../plugin/reader.ts'
import type { JsonValue } from '../record/record-batch.ts'
import { countsOf, type JobCounts } from './job-counts.ts'

/** What a checkpoint says of the job as a whole. */
export interface JobHeader {
  readonly state: 'running' | 'complete'
  /** ISO times. */
  readonly startedAt: string
  readonly endedAt?: string
  /** What the job moves. */
  readonly fingerprint: JsonValue
  /** The splits, in order. */
  readonly plan: SplitPlan
  /** The snapshots in a row, up to this one, that were taken because the position was lost; absent: 0. */
  readonly resnapshots?: number
  /** The job began anew: what it wrote before may still be in the target. */
  readonly isAgain?: boolean
  /** Only of a complete job: over all its runs. */
  readonly counts?: JobCounts
}

/** The header as the checkpoint keeps it. */
export function headerJson(header: JobHeader): JsonValue {
  return JSON.parse(JSON.stringify(header)) as JsonValue
}

/** Reads a header back. The format of the checkpoint vouches for its shape. */
export function jobHeaderOf(json: JsonValue): JobHeader {
  const found = json as unknown as Partial<JobHeader> & { readonly counts?: JsonValue }
  return {
    state: found.state === 'complete' ? 'complete' : 'running',
    startedAt: found.startedAt ?? '',
    ...(found.endedAt === undefined ? {} : { endedAt: found.endedAt }),
    fingerprint: found.fingerprint ?? null,
    plan: {
      splits: (found.plan?.splits ?? []) as readonly Split[],
      consistency: found.plan?.consistency ?? 'per-split',
      ...(found.plan?.followFrom === undefined ? {} : { followFrom: found.plan.followFrom }),
      ...(found.plan?.overlapsChanges === true && { overlapsChanges: true }),
    },
    ...(typeof found.resnapshots === 'number' ? { resnapshots: found.resnapshots } : {}),
    ...(found.isAgain === true ? { isAgain: true } : {}),
    ...(found.counts === undefined ? {} : { counts: countsOf(found.counts) }),
  }
}
