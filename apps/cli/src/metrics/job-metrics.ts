import type { JobCounters, LogBudget } from '@millrace/core'
import type { CollectFunction, Gauge, Registry } from 'prom-client'

/** The metrics of a run, as Prometheus reads them. */
export interface JobMetrics {
  readonly contentType: string
  text(): Promise<string>
  /** Nothing is counted any more. */
  stop(): void
}

type Client = typeof import('prom-client')

/** What is known of one job, or nothing. */
type Value = (part: JobCounters) => number | undefined

/** Upper bounds of the time from commit to target, in seconds. */
const lagBuckets = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800,
]

/** Metrics of everything that `counters` hold; read from them when they are asked for. */
export async function jobMetrics(counters: JobCounters): Promise<JobMetrics> {
  const { default: client } = (await import('prom-client')) as unknown as { default: Client }
  const register = new client.Registry()
  client.collectDefaultMetrics({ register })
  addRows(client, register, counters)
  addJobValues(client, register, counters)
  addLag(client, register, counters)
  return {
    contentType: register.contentType,
    text: async () => await register.metrics(),
    stop() {
      counters.onChangesSettled = undefined
      register.clear()
    },
  }
}

function addRows(client: Client, register: Registry, counters: JobCounters): void {
  const registers = [register]
  const everyTable = (
    set: (labels: Record<string, string>, numbers: JobCounters['tables']['all'][number]) => void,
  ) => {
    for (const { job, tables } of counters.parts)
      for (const numbers of tables.all)
        set({ job_name: job, table: numbers.table, phase: numbers.phase }, numbers)
  }
  new client.Counter({
    name: 'millrace_rows_total',
    help: 'Rows and changes whose outcome is settled.',
    labelNames: ['job_name', 'table', 'phase', 'outcome'],
    registers,
    collect() {
      this.reset()
      everyTable((labels, { recordsWritten, recordsFiltered, recordsDirty }) => {
        this.inc({ ...labels, outcome: 'written' }, recordsWritten)
        this.inc({ ...labels, outcome: 'filtered' }, recordsFiltered)
        this.inc({ ...labels, outcome: 'dirty' }, recordsDirty)
      })
    },
  })
  const bytes = (name: string, help: string, of: 'bytesRead' | 'bytesWritten') =>
    new client.Counter({
      name,
      help,
      labelNames: ['job_name', 'table', 'phase'],
      registers,
      collect() {
        this.reset()
        everyTable((labels, numbers) => this.inc(labels, numbers[of]))
      },
    })
  bytes('millrace_read_bytes_total', 'Length of the cells that were read.', 'bytesRead')
  bytes('millrace_written_bytes_total', 'Bytes sent to the target.', 'bytesWritten')
}

const gauges: readonly (readonly [name: string, help: string, value: Value])[] = [
  [
    'millrace_following',
    '1 while changes are followed, 0 while rows are read.',
    ({ phase }) => (phase === 'changes' ? 1 : 0),
  ],
  [
    'millrace_failed',
    '1 once the job has failed.',
    ({ failure }) => (failure === undefined ? 0 : 1),
  ],
  [
    'millrace_source_retrying_seconds',
    'How long the source has been failing; 0 while it is read.',
    ({ retrying }) => (retrying === undefined ? 0 : secondsSince(retrying.sinceMs)),
  ],
  [
    'millrace_target_waiting_seconds',
    'How long the target has not answered to what is under way; 0 when nothing is.',
    ({ waitingSinceMs }) => (waitingSinceMs === undefined ? 0 : secondsSince(waitingSinceMs)),
  ],
  ['millrace_snapshot_splits', 'Parts of the snapshot.', ({ splitsTotal }) => splitsTotal],
  [
    'millrace_snapshot_splits_done',
    'Parts of the snapshot that are in the target.',
    ({ splitsDone }) => splitsDone,
  ],
  [
    'millrace_snapshot_estimated_rows',
    'Rows of the snapshot, as the source estimates them.',
    ({ estimatedRows }) => (estimatedRows === 0 ? undefined : estimatedRows),
  ],
  [
    'millrace_changes_lag_seconds',
    'From the commit of a change until it is in the target: of the last one, or of the first that waits.',
    ({ changes }) => secondsOf(changes.lagMs),
  ],
  [
    'millrace_changes_lag_bytes',
    "Bytes of the source's log behind the last change that is in the target.",
    ({ changes }) => changes.log?.lagBytes,
  ],
  [
    'millrace_changes_committed_timestamp_seconds',
    'When the last change that is in the target was committed.',
    ({ changes }) => secondsOf(changes.committedAtMs),
  ],
  [
    'millrace_changes_silence_seconds',
    'Since the last batch, heartbeat or settlement of changes.',
    ({ phase, changes }) => (phase === 'changes' ? secondsSince(changes.movedAtMs) : undefined),
  ],
  [
    'millrace_log_budget_bytes',
    'Log that the source keeps at most for what has not been read.',
    ({ changes }) => sizeOf(changes.log?.budget)?.totalBytes,
  ],
  [
    'millrace_log_budget_left_bytes',
    'What is left of it.',
    ({ changes }) => sizeOf(changes.log?.budget)?.leftBytes,
  ],
  [
    'millrace_log_kept_seconds',
    'How long the source keeps its log.',
    ({ changes }) => secondsOf(timeOf(changes.log?.budget)?.totalMs),
  ],
  [
    'millrace_log_kept_left_seconds',
    'How long it will at least keep what has not been read.',
    ({ changes }) => secondsOf(timeOf(changes.log?.budget)?.leftMs),
  ],
]

const totals: readonly (readonly [name: string, help: string, value: Value])[] = [
  ['millrace_changes_total', 'Changes that are settled.', ({ changes }) => changes.count],
  ['millrace_source_retries_total', 'How often reading was tried again.', ({ retries }) => retries],
  [
    'millrace_reader_wait_seconds_total',
    'Time spent waiting for the source, summed over channels.',
    ({ waitReaderMs }) => waitReaderMs / 1000,
  ],
  [
    'millrace_writer_wait_seconds_total',
    'Time spent waiting for the target, summed over channels.',
    ({ waitWriterMs }) => waitWriterMs / 1000,
  ],
]

function addJobValues(client: Client, register: Registry, counters: JobCounters): void {
  const labelNames = ['job_name']
  const registers = [register]
  const every = (value: Value, set: (labels: Record<string, string>, found: number) => void) => {
    for (const part of counters.parts) {
      const found = value(part)
      if (found !== undefined) set({ job_name: part.job }, found)
    }
  }
  for (const [name, help, value] of gauges) {
    const collect: CollectFunction<Gauge> = function (this: Gauge) {
      this.reset()
      every(value, (labels, found) => this.set(labels, found))
    }
    new client.Gauge({ name, help, labelNames, registers, collect })
  }
  for (const [name, help, value] of totals) {
    new client.Counter({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset()
        every(value, (labels, found) => this.inc(labels, found))
      },
    })
  }
}

/** Observed once a batch, by its slowest change. */
function addLag(client: Client, register: Registry, counters: JobCounters): void {
  const histogram = new client.Histogram({
    name: 'millrace_changes_commit_to_target_seconds',
    help: 'From the commit of a change until it is settled in the target; one observation a batch, of its oldest change.',
    labelNames: ['job_name'],
    buckets: lagBuckets,
    registers: [register],
  })
  counters.onChangesSettled = (job, { lagMs }) => histogram.observe({ job_name: job }, lagMs / 1000)
}

function sizeOf(budget: LogBudget | undefined) {
  return budget?.kind === 'size' ? budget : undefined
}

function timeOf(budget: LogBudget | undefined) {
  return budget?.kind === 'time' ? budget : undefined
}

function secondsOf(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000
}

function secondsSince(atMs: number): number {
  return (performance.now() - atMs) / 1000
}
