import type { JobCounts } from './job-counts.ts'

/**
 * The numbers of one run, kept up to date while it goes. Counted once a batch, never per row.
 * A source row is counted when its outcome is settled: read = written + filtered + dirty.
 */
export class JobCounters {
  recordsWritten = 0
  recordsFiltered = 0
  recordsDirty = 0
  /** UTF-8 or binary length of the cells of settled batches, as read. */
  bytesRead = 0
  /** Bytes sent to the target. */
  bytesWritten = 0
  /** Time the channels waited for the reader, in milliseconds, summed over channels. */
  waitReaderMs = 0
  /** Time the channels waited for the writer, in milliseconds, summed over channels. */
  waitWriterMs = 0
  splitsTotal = 0
  splitsDone = 0
  /** Rows the source expects, where its statistics tell; 0 when unknown. */
  estimatedRows = 0

  /** Adds the counts of a batch; those of rows that have to be read again are negative. */
  add(counts: JobCounts): void {
    this.recordsWritten += counts.recordsWritten
    this.recordsFiltered += counts.recordsFiltered
    this.recordsDirty += counts.recordsDirty
    this.bytesRead += counts.bytesRead
    this.bytesWritten += counts.bytesWritten
  }

  /** The counts as they are now. */
  get counts(): JobCounts {
    const { recordsRead, recordsWritten, recordsFiltered, recordsDirty } = this
    const { bytesRead, bytesWritten } = this
    return { recordsRead, recordsWritten, recordsFiltered, recordsDirty, bytesRead, bytesWritten }
  }

  /** Source rows whose outcome is settled. */
  get recordsRead(): number {
    return this.recordsWritten + this.recordsFiltered + this.recordsDirty
  }
}
