import type { Document, Timestamp } from 'mongodb'
import type { LogStatus } from '@millrace/core/plugin'
import type { SourceClient } from '../connection/source-client.ts'
import { operationTime } from '../snapshot/exact-snapshot.ts'
import { clusterTimeOf } from './command-cursor.ts'
import { compareTimes, timeText, type StreamPosition } from './stream-position.ts'

/** The oplog of a server: how much it may hold, and from when on it has what happened. */
export interface OplogFacts {
  readonly maxBytes: number
  readonly usedBytes: number
  readonly firstSeconds: number
  readonly lastSeconds: number
}

/** What is left between a position and the end of the oplog; in bytes where the user may look at the oplog. */
export async function readLogStatus(
  source: SourceClient,
  { time }: StreamPosition,
  signal: AbortSignal,
): Promise<LogStatus> {
  const endTime = await operationTime(source, signal)
  const end = timeText(endTime)
  const facts = await readOplog(source, signal)
  if (facts === undefined) return { log: 'oplog', end }
  const { maxBytes, usedBytes, firstSeconds, lastSeconds } = facts
  const spanSeconds = Math.max(1, lastSeconds - firstSeconds)
  // The oplog does not say how many bytes are behind a time: they are taken to be spread evenly.
  const lagSeconds = Math.max(0, Math.min(spanSeconds, lastSeconds - time.seconds))
  const spreadBytes = Math.round((usedBytes * lagSeconds) / spanSeconds)
  // What is behind within the second of the end is not nothing.
  const lagBytes = Math.max(compareTimes(time, endTime) < 0 ? 1 : 0, spreadBytes)
  const budgetLeftBytes = time.seconds < firstSeconds ? 0 : Math.max(0, maxBytes - lagBytes)
  return { log: 'oplog', lagBytes, budgetBytes: maxBytes, budgetLeftBytes, end }
}

/** `undefined` where the user may not look at it, or it is a sharded cluster, which has one for each shard. */
export async function readOplog(
  source: SourceClient,
  signal: AbortSignal,
): Promise<OplogFacts | undefined> {
  try {
    const local = source.client.db('local')
    const stats: Document = await local.command({ collStats: 'oplog.rs' }, { signal })
    const ends: Document[] = []
    for (const direction of [1, -1] as const) {
      const found = await local.command(
        { find: 'oplog.rs', sort: { $natural: direction }, limit: 1, projection: { ts: 1 } },
        { signal },
      )
      ends.push(...(found['cursor'] as Document)['firstBatch'])
    }
    const [first, last] = ends.map(({ ts }) => clusterTimeOf(ts as Timestamp).seconds)
    if (first === undefined || last === undefined) return undefined
    const maxBytes = Number(stats['maxSize'])
    if (!Number.isFinite(maxBytes)) return undefined
    return { maxBytes, usedBytes: Number(stats['size']), firstSeconds: first, lastSeconds: last }
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}
