import type { Logger } from '../plugin/context.ts'
import type { ReaderSession } from '../plugin/reader.ts'
import type { WriterSession } from '../plugin/writer.ts'
import type { BatchLimits } from '../record/batch-builder.ts'
import type { CompiledTransforms } from '../transform/index.ts'
import type { DirtyCollector } from './dirty-collector.ts'
import type { JobCheckpoint } from './job-checkpoint.ts'
import type { JobCounters } from './job-counters.ts'
import type { RateLimit } from './rate-limit.ts'

/** What all channels of a run share. */
export interface ChannelContext {
  readonly reader: ReaderSession
  readonly writer: WriterSession
  /** Absent: the writer keeps none. */
  readonly checkpoint: JobCheckpoint | undefined
  readonly transforms: CompiledTransforms
  readonly counters: JobCounters
  readonly dirty: DirtyCollector
  readonly logger: Logger
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
