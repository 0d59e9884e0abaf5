import type { JobPlan } from '../job/job-plan.ts'

/** What running this job a second time does to the target, for people. */
export function guaranteeNoteOf({ writer }: JobPlan): string {
  const { isIdempotent, note } = writer.plugin.guarantee(writer.config)
  if (note !== undefined) return note
  return isIdempotent
    ? 'running the job again leaves the same data'
    : 'running the job again repeats data'
}
