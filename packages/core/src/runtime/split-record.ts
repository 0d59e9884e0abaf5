import type { JsonValue, Position } from '../record/record-batch.ts'
import { countsOf, noCounts, type JobCounts } from './job-counts.ts'

/** How far a split has come, as its record in the checkpoint says it. */
export interface SplitRecord {
  /** Batches that are in the target. */
  readonly sequence: number
  /** The last row that is in the target; absent before the first, and where a split has no positions. */
  readonly position?: Position
  /**
   * Up to here every row is settled: written, or repaired, or listed as dirty. Between it and `position` rows whose key
   * holds another type may be left.
   */
  readonly settled?: Position
  /** Only of changes: when the last of them was committed, in milliseconds since the epoch. */
  readonly committedAtMs?: number
  /**
   * Read beside changes, in parts: `again` because somebody asked, `new` because the job has got the table since its plan was made.
   * The changes of a new table count from its first row on.
   */
  readonly backfill?: 'again' | 'new'
  /** Counts of the rows up to `settled`. */
  readonly counts: JobCounts
  /** Whether all of the split is in the target and settled. */
  readonly isDone: boolean
}

/** A split that nobody has begun. */
export const freshSplit: SplitRecord = { sequence: 0, counts: noCounts, isDone: false }

/** The record as the checkpoint keeps it; the sequence stands beside it. */
export function recordJson(record: SplitRecord): JsonValue {
  const { position, settled, committedAtMs, backfill, counts, isDone } = record
  return {
    ...(position === undefined ? {} : { position: positionJson(position) }),
    ...(settled === undefined ? {} : { settled: positionJson(settled) }),
    ...(committedAtMs === undefined ? {} : { committedAtMs }),
    ...(backfill === undefined ? {} : { backfill }),
    counts: { ...counts },
    ...(isDone ? { isDone } : {}),
  }
}

/** Reads a record back. */
export function splitRecordOf(sequence: number, json: JsonValue): SplitRecord {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return { ...freshSplit, sequence }
  const record = json as Readonly<Record<string, JsonValue>>
  const position = positionOf(record['position'])
  const settled = positionOf(record['settled'])
  const committedAtMs = record['committedAtMs']
  const backfill = record['backfill']
  return {
    sequence,
    ...(typeof committedAtMs === 'number' ? { committedAtMs } : {}),
    ...(position === undefined ? {} : { position }),
    ...(settled === undefined ? {} : { settled }),
    ...(backfill === 'again' || backfill === 'new' ? { backfill } : {}),
    counts: countsOf(record['counts']),
    isDone: record['isDone'] === true,
  }
}

function positionJson({ token, label }: Position): JsonValue {
  return { token, label }
}

function positionOf(json: JsonValue | undefined): Position | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined
  const { token, label } = json as Readonly<Record<string, JsonValue>>
  return token === undefined || typeof label !== 'string' ? undefined : { token, label }
}
