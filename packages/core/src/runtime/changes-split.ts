import type { FollowOptions, ReaderSession, ReadOptions, Split } from '../plugin/reader.ts'
import type { Position, RecordBatch } from '../record/record-batch.ts'
import { freshSplit, type SplitRecord } from './split-record.ts'

/** A split of the run: a part of a table, or all that changes. */
export interface RunSplit extends Split {
  /** Only of the changes: where they begin. Such a split has no end. */
  readonly startsAt?: Position
}

/** The changes behind a position, as a split that has no end. Its id is that of their progress in the checkpoint. */
export function changesSplit(startsAt: Position): RunSplit {
  return { id: 'changes', table: '(changes)', range: null, resumable: true, startsAt }
}

/** A split that nobody has begun. */
export function freshRecordOf({ startsAt }: RunSplit): SplitRecord {
  return startsAt === undefined
    ? freshSplit
    : { ...freshSplit, position: startsAt, settled: startsAt }
}

/** A reader that can follow changes. */
export type FollowingReader = ReaderSession &
  Required<Pick<ReaderSession, 'follow' | 'takeSnapshot' | 'currentPosition' | 'acknowledge'>>

/** Whether a reader has all that following takes. */
export function isFollowing(reader: ReaderSession): reader is FollowingReader {
  const needed = ['follow', 'takeSnapshot', 'currentPosition', 'acknowledge'] as const
  return needed.every((name) => reader[name] !== undefined)
}

/** Reads the changes as a split is read, within bounds. */
export function readerOfChanges(
  reader: FollowingReader,
  bounds: Pick<FollowOptions, 'until' | 'leaveOut'>,
): Pick<ReaderSession, 'read'> {
  return {
    read(split: RunSplit, { from, ...options }: ReadOptions): AsyncIterable<RecordBatch> {
      const start = from ?? split.startsAt
      if (start === undefined) throw new Error('changes are read from a position')
      return reader.follow(start, { ...bounds, ...options })
    },
  }
}
