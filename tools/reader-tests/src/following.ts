import type { FollowOptions, ReaderSession } from '@millrace/core/plugin'
import type { Position, RecordBatch } from '@millrace/core/record'
import { never } from './reading.ts'

/** What a session of a reader that follows changes always has. */
export type Following = ReaderSession &
  Required<
    Pick<ReaderSession, 'follow' | 'takeSnapshot' | 'currentPosition' | 'acknowledge' | 'logStatus'>
  >

export const followOptions: FollowOptions = {
  signal: never,
  maxRows: 1000,
  maxBytes: 1 << 20,
  maxDelayMs: 5,
}

/** Makes a plan, and with it what following needs at the server; the position behind which changes come. */
export async function begin(session: Following): Promise<Position> {
  const { followFrom } = await session.split(1, { signal: never })
  if (followFrom === undefined) throw new Error('the plan does not say where changes begin')
  return followFrom
}

/** All batches between a position and the end of the log. */
export async function changesUntilNow(
  session: Following,
  from: Position,
  options: Partial<FollowOptions> = {},
): Promise<RecordBatch[]> {
  const until = await session.currentPosition({ signal: never })
  return await changesBetween(session, from, { until, ...options })
}

/** All batches from a position until the options end it. */
export async function changesBetween(
  session: Following,
  from: Position,
  options: Partial<FollowOptions>,
): Promise<RecordBatch[]> {
  const batches: RecordBatch[] = []
  for await (const batch of session.follow(from, { ...followOptions, ...options }))
    batches.push(batch)
  return batches
}
