import { ChangesProgress, type SettledChanges } from './changes-progress.ts'
import type { JobCounts } from './job-counts.ts'
import { TableCounts, type RunPhase } from './table-counts.ts'

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
  /** Name of the job. */
  job = ''
  phase: RunPhase = 'snapshot'
  readonly changes = new ChangesProgress((changes) => this.onChangesSettled?.(this.job, changes))
  readonly tables = new TableCounts()
  /** How often reading was tried again. */
  retries = 0
  /** The source fails, since that time of `performance.now`, and is tried again. */
  retrying: { readonly sinceMs: number; readonly reason: string } | undefined
  /** Why the job has ended before its time. */
  failure: string | undefined
  /** Told of every batch with changes that is settled, in any of the jobs. */
  onChangesSettled: ((job: string, changes: SettledChanges) => void) | undefined
  /** The jobs that these numbers are of: several in a pipeline. */
  parts: readonly JobCounters[] = [this]
  #batchesUnderWay = 0
  #answeredAtMs = 0

  /** Since when the target has not answered, as `performance.now` has it; `undefined`: nothing is under way to it. */
  get waitingSinceMs(): number | undefined {
    return this.#batchesUnderWay === 0 ? undefined : this.#answeredAtMs
  }

  /** A batch is on its way to the target. */
  sent(): void {
    if (this.#batchesUnderWay === 0) this.#answeredAtMs = performance.now()
    this.#batchesUnderWay += 1
  }

  /** The target has answered to a batch, or it was given up. */
  answered(): void {
    this.#batchesUnderWay -= 1
    this.#answeredAtMs = performance.now()
  }

  /** The rows are read anew: what was known of their splits is void. */
  beginAnew(): void {
    this.phase = 'snapshot'
    this.splitsTotal = 0
    this.splitsDone = 0
    this.estimatedRows = 0
    this.failure = undefined
    this.changes.position = undefined
  }

  /** Adds the counts of a batch; those of rows that have to be read again are negative. */
  add(counts: JobCounts): void {
    this.recordsWritten += counts.recordsWritten
    this.recordsFiltered += counts.recordsFiltered
    this.recordsDirty += counts.recordsDirty
    this.bytesRead += counts.bytesRead
    this.bytesWritten += counts.bytesWritten
  }

  /** From now on shows the sums of these counters, those of the jobs of a pipeline, instead of numbers of its own. */
  follow(parts: readonly JobCounters[]): void {
    this.parts = parts
    for (const part of parts)
      part.onChangesSettled = (job, changes) => this.onChangesSettled?.(job, changes)
    for (const name of ownNumbers) {
      Object.defineProperty(this, name, {
        get: () => parts.reduce((sum, part) => sum + part[name], 0),
      })
    }
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

const ownNumbers = [
  'recordsWritten',
  'recordsFiltered',
  'recordsDirty',
  'bytesRead',
  'bytesWritten',
  'waitReaderMs',
  'waitWriterMs',
  'splitsTotal',
  'splitsDone',
  'estimatedRows',
] as const
