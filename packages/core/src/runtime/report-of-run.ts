import type { DirtyCollector } from './dirty-collector.ts'
import type { Guarantee } from './guarantee.ts'
import type { JobCounters } from './job-counters.ts'
import type { JobCounts } from './job-counts.ts'
import type { JobReport } from './job-report.ts'
import type { RunEnd } from './run-end.ts'
import { tableNumbersOf } from './table-counts.ts'

/** What is known of a run when it has ended. */
export interface EndedRun {
  readonly job: string
  readonly run: string
  readonly startedAt: Date
  readonly elapsedMs: number
  /** Time in which rows were flowing. */
  readonly flowingMs: number
  readonly end: RunEnd
  readonly guarantee: Guarantee
  readonly consistency: JobReport['consistency']
  readonly counters: JobCounters
  readonly dirty: DirtyCollector
  readonly resumedFrom: string | null
  /** Counts of this run and of those that it goes on from. */
  readonly total: JobCounts
  readonly notes: readonly string[]
}

/** The report of a run. */
export function reportOfRun(run: EndedRun): JobReport {
  const { counters, dirty, flowingMs } = run
  const { counts } = counters
  const { errors, ...outcome } = run.end.outcome
  return {
    ...outcome,
    job: run.job,
    run: run.run,
    startedAt: run.startedAt.toISOString(),
    endedAt: new Date().toISOString(),
    guarantee: run.guarantee.kind,
    guaranteeNote: run.guarantee.note,
    consistency: run.consistency,
    ...counts,
    elapsedMs: run.elapsedMs,
    rowsPerSecond: flowingMs === 0 ? 0 : Math.round(counts.recordsRead / (flowingMs / 1000)),
    waitReaderMs: Math.round(counters.waitReaderMs),
    waitWriterMs: Math.round(counters.waitWriterMs),
    splits: { total: counters.splitsTotal, done: counters.splitsDone },
    resumedFrom: run.resumedFrom,
    dirtyReasons: dirty.summary,
    dirtyFile: dirty.file ?? null,
    errors,
    ...(run.notes.length === 0 ? {} : { notes: run.notes }),
    total: run.total,
    tables: counters.tables.all.map(tableNumbersOf),
  }
}
