import type { JobCounters } from '@millrace/core'
import { formatBytes, formatSeconds } from './numbers.ts'

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
      return startLines(counters, (speed) => formatProgressLine(counters, speed))
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

async function startBar(counters: JobCounters): Promise<Progress> {
  const { SingleBar } = (await import('cli-progress')).default
  const bar = new SingleBar({
    format:
      '{percentage}% |{bar}| {rows} rows | {bytes} | {speed} rec/s | waited: reader {reader}, writer {writer} | dirty {dirty}',
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
    bar.update(Math.round(fractionDone(counters) * 1000), payload(counters, recordsPerSecond))
  }
  bar.start(1000, 0, payload(counters, 0))
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

function payload(counters: JobCounters, speed: number) {
  return {
    rows: counters.recordsRead,
    bytes: formatBytes(counters.bytesRead),
    speed,
    reader: formatSeconds(counters.waitReaderMs),
    writer: formatSeconds(counters.waitWriterMs),
    dirty: counters.recordsDirty,
  }
}

/** The share done: by the source's estimate of rows where it gives one, else by splits. Never 1 before the end. */
function fractionDone(counters: JobCounters): number {
  const bySplits = counters.splitsTotal === 0 ? 0 : counters.splitsDone / counters.splitsTotal
  if (bySplits === 1) return 1
  const byRows = counters.estimatedRows === 0 ? 0 : counters.recordsRead / counters.estimatedRows
  return Math.min(0.99, Math.max(bySplits, byRows))
}

/** DataX's line, which shows by the two wait times which side is slow. */
export function formatProgressLine(counters: JobCounters, speed: Speed): string {
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
  }
}
