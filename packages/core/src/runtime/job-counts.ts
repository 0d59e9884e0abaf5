import type { JsonValue } from '../record/record-batch.ts'

/** Counts of source rows whose outcome is settled, each counted once. */
export interface JobCounts {
  readonly recordsRead: number
  readonly recordsWritten: number
  readonly recordsFiltered: number
  readonly recordsDirty: number
  /** UTF-8 or binary length of the cells as read. */
  readonly bytesRead: number
  /** Bytes sent to the target. */
  readonly bytesWritten: number
}

export const noCounts: JobCounts = {
  recordsRead: 0,
  recordsWritten: 0,
  recordsFiltered: 0,
  recordsDirty: 0,
  bytesRead: 0,
  bytesWritten: 0,
}

const names = Object.keys(noCounts) as (keyof JobCounts)[]

/** The sum of two, or with `factor` -1 their difference. */
export function addCounts(left: JobCounts, right: JobCounts, factor: 1 | -1 = 1): JobCounts {
  const sum = { ...left }
  for (const name of names) sum[name] = left[name] + factor * right[name]
  return sum
}

/** Counts as a checkpoint holds them; what is no number there counts as 0. */
export function countsOf(value: JsonValue | undefined): JobCounts {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return noCounts
  const found = value as Readonly<Record<string, JsonValue>>
  const counts: Record<keyof JobCounts, number> = { ...noCounts }
  for (const name of names) {
    const count = found[name]
    if (typeof count === 'number') counts[name] = count
  }
  return counts
}
