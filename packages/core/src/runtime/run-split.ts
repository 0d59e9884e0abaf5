import type { ReaderSession, Split } from '../plugin/reader.ts'
import type { RejectedRow, WriterSession } from '../plugin/writer.ts'
import type { BatchLimits } from '../record/batch-builder.ts'
import { rowCountOf, type RecordBatch } from '../record/record-batch.ts'
import type { CompiledTransforms } from '../transform/index.ts'
import type { DirtyCollector } from './dirty-collector.ts'
import type { JobCounters } from './job-counters.ts'
import type { RateLimit } from './rate-limit.ts'

/** What all channels of a run share. */
export interface ChannelContext {
  readonly reader: ReaderSession
  readonly writer: WriterSession
  readonly transforms: CompiledTransforms
  readonly counters: JobCounters
  readonly dirty: DirtyCollector
  readonly limits: BatchLimits & { readonly maxInFlight: number }
  readonly bytesPerSecond: RateLimit | undefined
  readonly recordsPerSecond: RateLimit | undefined
  /** Names this run. */
  readonly run: string
  /** Aborted: stop pulling, finish what is under way. */
  readonly readSignal: AbortSignal
  /** Aborted: give up what is under way, too. */
  readonly writeSignal: AbortSignal
  /** Ends the run with this error; the first one counts. */
  fail(error: unknown): void
}

/** A batch that is not full is sent after this long without a further row. */
const maxDelayMs = 200

/**
 * Moves one split from reader to writer. Up to `maxInFlight` batches are under way; they are started in order.
 * Never rejects: errors go to `context.fail`. Resolves when every batch that was sent is settled; true when the split
 * was read to its end and all of it was settled.
 */
export async function runSplit(split: Split, context: ChannelContext): Promise<boolean> {
  const inFlight: Promise<boolean>[] = []
  let isSettled = true
  let isReadToEnd = false
  try {
    isReadToEnd = await readBatches(split, context, async (batch, sequence) => {
      if (inFlight.length >= context.limits.maxInFlight) {
        const startedAtMs = performance.now()
        isSettled = (await inFlight.shift()) === true && isSettled
        context.counters.waitWriterMs += performance.now() - startedAtMs
      }
      inFlight.push(settleBatch(batch, split, sequence, context))
    })
  } catch (error) {
    context.fail(error)
  }
  const startedAtMs = performance.now()
  for (const outcome of await Promise.all(inFlight)) isSettled = outcome && isSettled
  context.counters.waitWriterMs += performance.now() - startedAtMs
  return isReadToEnd && isSettled
}

/** Pulls batches while the run goes on; true when the split came to its end. */
async function readBatches(
  split: Split,
  context: ChannelContext,
  send: (batch: RecordBatch, sequence: number) => Promise<void>,
): Promise<boolean> {
  const { counters, readSignal, limits } = context
  const batches = context.reader
    .read(split, {
      maxRows: limits.maxRows,
      maxBytes: limits.maxBytes,
      maxDelayMs,
      signal: readSignal,
    })
    [Symbol.asyncIterator]()
  try {
    for (let sequence = 1; ; sequence += 1) {
      const startedAtMs = performance.now()
      const next = await batches.next()
      counters.waitReaderMs += performance.now() - startedAtMs
      if (next.done === true) return true
      await throttle(next.value, context)
      if (readSignal.aborted) return false
      await send(next.value, sequence)
      if (context.dirty.isPassed) return false
    }
  } finally {
    await batches.return?.()
  }
}

async function throttle(batch: RecordBatch, context: ChannelContext): Promise<void> {
  if (context.bytesPerSecond !== undefined)
    await context.bytesPerSecond.take(batch.byteSize, context.readSignal)
  if (context.recordsPerSecond !== undefined)
    await context.recordsPerSecond.take(rowCountOf(batch), context.readSignal)
}

/** Transforms and writes one batch and accounts for every row of it. Never rejects; false when it was not written. */
async function settleBatch(
  read: RecordBatch,
  split: Split,
  sequence: number,
  context: ChannelContext,
): Promise<boolean> {
  const { counters, dirty, writer } = context
  const origin = { run: context.run, position: read.position }
  const progress = {
    split: split.id,
    sequence,
    fence: context.run,
    ...(read.position === undefined ? {} : { position: read.position }),
  }
  try {
    if (read.unreadable !== undefined)
      dirty.add(read.unreadable, { ...origin, schema: read.schema })
    const { byteSize } = read
    const transformed = context.transforms.apply(read)
    const { batch } = transformed
    dirty.add(transformed.rejected, { ...origin, schema: read.schema })
    counters.recordsFiltered += transformed.filtered
    counters.bytesRead += byteSize
    const collect = (rejected: readonly RejectedRow[]) =>
      dirty.add(
        rejected.map(({ row, error }) => ({ row: batch.rows[row] ?? [], error })),
        { ...origin, schema: batch.schema },
      )
    if (dirty.isPassed) return false
    const result = await writer.write(batch, {
      signal: context.writeSignal,
      progress,
      admit: collect,
    })
    counters.recordsWritten += result.written
    counters.bytesWritten += result.bytesWritten
    collect(result.rejected)
    return result.sent
  } catch (error) {
    context.fail(error)
    return false
  } finally {
    read.release?.()
  }
}
