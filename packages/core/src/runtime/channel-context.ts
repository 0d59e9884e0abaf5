import type { JobSettings } from '../job/job-plan.ts'
import type { Logger } from '../plugin/context.ts'
import type { PluginError } from '../plugin/errors.ts'
import type { ReaderSession, Split } from '../plugin/reader.ts'
import type { WriterSession } from '../plugin/writer.ts'
import type { BatchLimits } from '../record/batch-builder.ts'
import type { Position, RecordBatch } from '../record/record-batch.ts'
import type { CompiledTransforms } from '../transform/index.ts'
import type { DirtyCollector } from './dirty-collector.ts'
import type { JobCheckpoint } from './job-checkpoint.ts'
import type { JobCounters } from './job-counters.ts'
import type { RateLimit } from './rate-limit.ts'
import type { RunPhase } from './table-counts.ts'
import type { SourceRecovery } from './source-recovery.ts'

/** What all channels of a run share. */
export interface ChannelContext {
  readonly reader: Pick<ReaderSession, 'read'>
  readonly writer: WriterSession
  /** Absent: the writer keeps none. */
  readonly checkpoint: JobCheckpoint | undefined
  readonly transforms: CompiledTransforms
  readonly counters: JobCounters
  readonly phase: RunPhase
  readonly dirty: DirtyCollector
  readonly logger: Logger
  readonly limits: BatchLimits & { readonly maxInFlight: number }
  /** A batch that is not full is sent after this many milliseconds without a further row. */
  readonly maxDelayMs: number
  readonly bytesPerSecond: RateLimit | undefined
  readonly recordsPerSecond: RateLimit | undefined
  /** What is known of failures of the source. */
  readonly recovery: SourceRecovery
  /** Whether a split whose rows were written may be read and written from its beginning. */
  readonly mayRepeat: (split: Split) => boolean
  /** Names this run. */
  readonly run: string
  /** Aborted: stop pulling, finish what is under way. */
  readonly readSignal: AbortSignal
  /** Aborted: give up what is under way, too. */
  readonly writeSignal: AbortSignal
  /** Told of every batch that is to be written, before it is transformed. */
  took?(batch: RecordBatch): void
  /** Told up to where every row is in the target, once a batch at most. */
  applied?(position: Position): void
  /**
   * Present: a source that fails in a way that may pass ends the read, and is named here; absent: it is read again. For reads of one
   * instant, which another connection may not see.
   */
  readonly interruption?: { error?: PluginError }
  /** A read ends after about so many rows, and the split goes on in another one; absent: it is read to its end. */
  readonly maxRowsPerRead?: number
  /** Aborted: the split ends where it is, though the run goes on. */
  readonly pause?: AbortSignal
  /** Told up to where the checkpoint says that everything is settled, once a batch at most. */
  settled?(position: Position): void
  /** Asked when the target went back in time: false when the split is not to go on by itself. */
  mayGoBack?(): Promise<boolean>
  /** Ends the run with this error; the first one counts. */
  fail(error: unknown): void
}

/** How batches are cut: as the writer wants them, and small enough for a throttled job to flow evenly. */
export function channelLimits(
  limits: ChannelContext['limits'],
  { bytesPerSecond, recordsPerSecond }: JobSettings,
): ChannelContext['limits'] {
  return {
    maxInFlight: limits.maxInFlight,
    maxRows: tenthOfASecond(limits.maxRows, recordsPerSecond),
    maxBytes: tenthOfASecond(limits.maxBytes, bytesPerSecond),
  }
}

/** At most what may flow in that time, and at least one. */
function tenthOfASecond(limit: number, perSecond = Infinity): number {
  return Math.max(1, Math.min(limit, Math.ceil(perSecond / 10)))
}
