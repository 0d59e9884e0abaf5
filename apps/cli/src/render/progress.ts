import { tableNumbersOf, type JobCounters } from '@millrace/core'
import { changesObject, formatChanges } from './changes.ts'
import { formatBytes, formatSeconds } from './numbers.ts'
import { formatBusyTables } from './tables.ts'

/** Styles of `--progress`. */
export const progressStyles = ['auto', 'bar', 'lines', 'json', 'none'] as const
export type ProgressStyle = (typeof progressStyles)[number]

/** Shows how a run goes until it is stopped. */
export interface Progress {
  stop(): void
}

const lineIntervalMs = 10_000
const barIntervalMs = 100

/** Starts to show `counters` on stderr: a bar on a terminal, a line every 10 s elsewhere. */
export async function startProgress(
  style: ProgressStyle,
  counters: JobCounters,
): Promise<Progress> {
  const resolved = style === 'auto' ? (process.stderr.isTTY ? 'bar' : 'lines') : style
  switch (resolved) {
    case 'none':
      return { stop() {} }
    case 'bar':
      return await startBar(counters)
    case 'lines':
      return startLines(counters, (speed) => formatProgressLines(counters, speed).join('\n'))
    case 'json':
      return startLines(counters, (speed) => JSON.stringify(progressObject(counters, speed)))
  }
}

interface Speed {
  readonly bytesPerSecond: number
  readonly recordsPerSecond: number
}

/** Measures the speed between one call of `next` and the one before. */
class SpeedMeter {
  readonly #counters: JobCounters
  #atMs = performance.now()
  #bytes = 0
  #records = 0

  constructor(counters: JobCounters) {
    this.#counters = counters
  }

  next(): Speed {
    const { bytesRead, recordsRead } = this.#counters
    const seconds = Math.max((performance.now() - this.#atMs) / 1000, 0.001)
    const speed = {
      bytesPerSecond: Math.round((bytesRead - this.#bytes) / seconds),
      recordsPerSecond: Math.round((recordsRead - this.#records) / seconds),
    }
    this.#atMs = performance.now()
    this.#bytes = bytesRead
    this.#records = recordsRead
    return speed
  }
}

function startLines(counters: JobCounters, format: (speed: Speed) => string): Progress {
  const meter = new SpeedMeter(counters)
  const timer = setInterval(() => process.stderr.write(`${format(meter.next())}\n`), lineIntervalMs)
  timer.unref()
  return { stop: () => clearInterval(timer) }
}

const barFormat =
  '{percentage}% |{bar}| {rows} rows | {bytes} | {speed} rec/s | waited: reader {reader}, writer {writer} | dirty {dirty}'

async function startBar(counters: JobCounters): Promise<Progress> {
  const { SingleBar, Format } = (await import('cli-progress')).default
  const bar = new SingleBar({
    format: (options, params, payload: ReturnType<typeof barPayload>) =>
      payload.changes ?? Format.Formatter({ ...options, format: barFormat }, params, payload),
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    barsize: 20,
  })
  const meter = new SpeedMeter(counters)
  let recordsPerSecond = 0
  let ticks = 0
  const update = () => {
    ticks += 1
    if (ticks % 10 === 0) recordsPerSecond = meter.next().recordsPerSecond
    bar.update(Math.round(fractionDone(counters) * 1000), barPayload(counters, recordsPerSecond))
  }
  bar.start(1000, 0, barPayload(counters, 0))
  const timer = setInterval(update, barIntervalMs)
  timer.unref()
  return {
    stop() {
      clearInterval(timer)
      update()
      bar.stop()
    },
  }
}

function barPayload(counters: JobCounters, speed: number) {
  return {
    changes: formatFollowing(counters),
    rows: counters.recordsRead,
    bytes: formatBytes(counters.bytesRead),
    speed,
    reader: formatSeconds(counters.waitReaderMs),
    writer: formatSeconds(counters.waitWriterMs),
    dirty: counters.recordsDirty,
  }
}

/** Changes have no end, and so no bar; `undefined` while rows are read. The slowest job stands for a pipeline of several. */
function formatFollowing({ parts }: JobCounters): string | undefined {
  if (parts.some(({ phase }) => phase !== 'changes')) return undefined
  const [slowest] = [...parts].sort((a, b) => lagOf(b) - lagOf(a))
  if (slowest === undefined) return undefined
  return parts.length === 1
    ? formatChanges(slowest)
    : `${parts.length} jobs, the slowest ${slowest.job}: ${formatChanges(slowest)}`
}

function lagOf({ changes }: JobCounters): number {
  return changes.lagMs ?? 0
}

/** The share done: by the source's estimate of rows where it gives one, else by splits. Never 1 before the end. */
function fractionDone(counters: JobCounters): number {
  const bySplits = counters.splitsTotal === 0 ? 0 : counters.splitsDone / counters.splitsTotal
  if (bySplits === 1) return 1
  const byRows = counters.estimatedRows === 0 ? 0 : counters.recordsRead / counters.estimatedRows
  return Math.min(0.99, Math.max(bySplits, byRows))
}

/** A line for the rows that are being read, and one for each job that follows changes. */
export function formatProgressLines(counters: JobCounters, speed: Speed): readonly string[] {
  const { parts } = counters
  const following = parts.filter(({ phase }) => phase === 'changes')
  return [
    ...(following.length < parts.length ? [formatProgressLine(counters, speed)] : []),
    ...following.map((part) =>
      parts.length === 1 ? formatChanges(part) : `${part.job}: ${formatChanges(part)}`,
    ),
    ...formatBusyTables(parts.flatMap(({ tables }) => tables.all)),
  ]
}

/** DataX's line, which shows by the two wait times which side is slow. */
function formatProgressLine(counters: JobCounters, speed: Speed): string {
  return [
    `Total ${counters.recordsRead} records, ${counters.bytesRead} bytes`,
    `Speed ${formatBytes(speed.bytesPerSecond)}/s, ${speed.recordsPerSecond} records/s`,
    `Error ${counters.recordsDirty} records`,
    `All Task WaitWriterTime ${(counters.waitWriterMs / 1000).toFixed(3)}s`,
    `All Task WaitReaderTime ${(counters.waitReaderMs / 1000).toFixed(3)}s`,
    `Percentage ${(fractionDone(counters) * 100).toFixed(2)}%`,
  ].join(' | ')
}

function progressObject(counters: JobCounters, speed: Speed) {
  return {
    time: new Date().toISOString(),
    recordsRead: counters.recordsRead,
    recordsWritten: counters.recordsWritten,
    recordsFiltered: counters.recordsFiltered,
    recordsDirty: counters.recordsDirty,
    bytesRead: counters.bytesRead,
    bytesWritten: counters.bytesWritten,
    ...speed,
    waitReaderMs: Math.round(counters.waitReaderMs),
    waitWriterMs: Math.round(counters.waitWriterMs),
    splits: { total: counters.splitsTotal, done: counters.splitsDone },
    phase: counters.parts.every(({ phase }) => phase === 'changes') ? 'changes' : 'snapshot',
    changes: counters.parts.filter(({ phase }) => phase === 'changes').map(changesObject),
    tables: counters.parts.flatMap(({ job, tables }) =>
      tables.all.map((numbers) => ({
        job,
        ...tableNumbersOf(numbers),
        perSecond: Math.round(numbers.perSecond),
        splits: numbers.splits ?? null,
      })),
    ),
  }
}
