import type { JobPlan } from '../job/job-plan.ts'

/** What a job promises, and what that means for people. */
export interface Guarantee {
  readonly kind: 'exactly-once' | 'at-least-once'
  readonly note: string
}

/** What the promise depends on besides the plan. */
export interface GuaranteeConditions {
  /** Whether the target keeps the progress of a batch together with its rows. */
  readonly isAtomic: boolean
  /** Whether it keeps the progress at all, so that a run can be resumed. */
  readonly keepsProgress: boolean
  /** Whether every split is read in the order of a unique key. */
  readonly isOrdered: boolean
}

/** The guarantee of this very job. */
export function guaranteeOf(
  { writer }: JobPlan,
  { isAtomic, keepsProgress, isOrdered }: GuaranteeConditions,
): Guarantee {
  const { isIdempotent, note } = writer.plugin.guarantee(writer.config)
  if (isAtomic && isOrdered) {
    const resumed = 'a run that was interrupted goes on with --resume and writes no row twice'
    return {
      kind: 'exactly-once',
      note: isIdempotent || note === undefined ? resumed : `${resumed}; ${note}`,
    }
  }
  if (keepsProgress && !isAtomic) return afterData(isIdempotent, note)
  if (isIdempotent) {
    return { kind: 'at-least-once', note: note ?? 'running the job again leaves the same data' }
  }
  const repeats = note ?? 'running the job again repeats data'
  return {
    kind: 'at-least-once',
    note: isAtomic
      ? `${repeats}; a resume reads splits without a unique key again and needs --allow-duplicates`
      : repeats,
  }
}

/** The progress is kept when the rows are answered: what was under way when a run broke off is written again. */
function afterData(isIdempotent: boolean, note: string | undefined): Guarantee {
  return {
    kind: 'at-least-once',
    note: isIdempotent
      ? 'a run that was interrupted goes on with --resume and writes its last rows again, which leaves the same data'
      : `${note ?? 'running the job again repeats data'}; what was under way when a connection or the run broke off may be appended twice, so that --resume needs --allow-duplicates`,
  }
}
