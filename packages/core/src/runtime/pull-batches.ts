import type { Split } from '../plugin/reader.ts'
import { rowCountOf, type Position, type RecordBatch } from '../record/record-batch.ts'
import type { ChannelContext } from './channel-context.ts'
import { failpoint } from './failpoint.ts'
import type { SplitRecovery } from './source-recovery.ts'
import { steadyRead } from './steady-read.ts'

/** What is read of a split, and who takes it. */
export interface Pull {
  readonly from?: Position | undefined
  readonly until?: Position | undefined
  /** Aborted: no further batch is to be taken, and none is waited for. */
  readonly signal: AbortSignal
  readonly take: (batch: RecordBatch) => Promise<void>
}

/**
 * Pulls batches of a split while the run goes on; true when what was to be read came to its end. Rejects with what the
 * source fails over.
 */
export async function pullBatches(
  split: Split,
  { from, until, signal, take }: Pull,
  context: ChannelContext,
  recovery: SplitRecovery,
): Promise<boolean> {
  const { counters, limits, reader, dirty, checkpoint } = context
  const options = {
    maxRows: limits.maxRows,
    maxBytes: limits.maxBytes,
    maxDelayMs: context.maxDelayMs,
    signal,
    positions: checkpoint !== undefined,
    ...(checkpoint?.mayOverwrite(split) === true ? { overwrites: true } : {}),
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
  }
  const batches =
    context.interruption === undefined
      ? steadyRead(reader, split, options, recovery)
      : reader.read(split, options)[Symbol.asyncIterator]()
  const isWhole = until !== undefined || !split.resumable
  const maxRowCount = isWhole ? Infinity : (context.maxRowsPerRead ?? Infinity)
  let rowCount = 0
  try {
    for (;;) {
      const startedAtMs = performance.now()
      const next = await batches.next()
      counters.waitReaderMs += performance.now() - startedAtMs
      if (next.done === true) return true
      // Before the batch is taken: it may have been released by then.
      const batchRowCount = rowCountOf(next.value)
      await failpoint('after-read', batchRowCount)
      await throttle(next.value, context)
      if (signal.aborted) return false
      await take(next.value)
      rowCount += batchRowCount
      if (dirty.isPassed || rowCount >= maxRowCount) return false
    }
  } finally {
    await batches.return?.()
  }
}

async function throttle(
  batch: RecordBatch,
  { bytesPerSecond, recordsPerSecond, readSignal }: ChannelContext,
): Promise<void> {
  if (bytesPerSecond !== undefined) await bytesPerSecond.take(batch.byteSize, readSignal)
  if (recordsPerSecond !== undefined) await recordsPerSecond.take(rowCountOf(batch), readSignal)
}
