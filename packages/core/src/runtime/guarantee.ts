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
  /** Whether the splits that are read without such an order may be written twice; absent: as the whole job may. */
  readonly isRepeatable?: boolean
  /** Whether a run goes on from an earlier one without being told to, as one that follows changes does. */
  readonly goesOnByItself?: boolean
  /** Whether changes may be in the snapshot already. */
  readonly overlapsChanges?: boolean
}

/** The guarantee of this very job. */
export function guaranteeOf({ writer }: JobPlan, conditions: GuaranteeConditions): Guarantee {
  const { isAtomic, keepsProgress, isOrdered, isRepeatable = false, goesOnByItself } = conditions
  const { isIdempotent, note } = writer.plugin.guarantee(writer.config)
  if (conditions.overlapsChanges === true) return overlapping(isIdempotent)
  if (isAtomic && isOrdered) {
    const how = goesOnByItself === true ? 'when it is started again' : 'with --resume'
    const resumed = `a run that was interrupted goes on ${how} and writes no row twice`
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
    note: isAtomic ? `${repeats}; ${resumeNote(isRepeatable)}` : repeats,
  }
}

function resumeNote(isRepeatable: boolean): string {
  const again = 'a resume reads splits without a unique key again'
  return isRepeatable
    ? `${again}, which leaves the same data`
    : `${again} and needs --allow-duplicates`
}

/** The source does not tell which place in its log the rows stand for. */
function overlapping(isIdempotent: boolean): Guarantee {
  const twice = 'changes that were committed while the snapshot was read are written a second time'
  return {
    kind: 'at-least-once',
    note: isIdempotent ? `${twice}, which leaves the same data` : twice,
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
