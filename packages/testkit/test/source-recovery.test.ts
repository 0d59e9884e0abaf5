import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import {
  dxTransform,
  runJob,
  type JobPlan,
  type JobReport,
  type SourcePatience,
} from '@millrace/core'
import {
  memoryReader,
  memoryWriter,
  type Dataset,
  type MemoryReaderOptions,
  type MemoryWriterOptions,
} from '../src/index.ts'

const rowCount = 1000
const dataset: Dataset = {
  schema: {
    table: 'numbers',
    version: 1,
    fields: [{ name: 'id', type: 'string', nullable: false, nativeType: 'text' }],
    key: [0],
  },
  rows: Array.from({ length: rowCount }, (_, id) => [String(id)]),
}

interface Trial {
  readonly reader?: MemoryReaderOptions
  readonly writer?: MemoryWriterOptions
  readonly isIdempotent?: boolean
  readonly patience?: Partial<SourcePatience>
  readonly onWarning?: () => void
  readonly signal?: AbortSignal
}

interface Ended {
  readonly report: JobReport
  readonly warnings: readonly string[]
  /** First cells of what was written. */
  readonly written: readonly string[]
  /** Lines of the dirty file. */
  readonly listed: number
}

async function run({
  reader: readerOptions = {},
  writer: writerOptions = {},
  isIdempotent = false,
  patience = { firstDelayMs: 1 },
  onWarning = () => {},
  signal = new AbortController().signal,
}: Trial): Promise<Ended> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-recovery-'))
  const dirtyFile = join(folder, 'dirty.jsonl')
  const reader = memoryReader(dataset, { maxSplits: 2, ...readerOptions })
  const writer = memoryWriter({ limits: { maxRows: 10 }, keepsCheckpoint: true, ...writerOptions })
  const step = { config: {}, dataSources: [], origin: 'memory', stepType: 'memory' }
  const warnings: string[] = []
  const plan: JobPlan = {
    name: 'trial',
    file: join(folder, 'job.json'),
    reader: { ...step, name: 'Reader', plugin: reader.plugin as never },
    writer: {
      ...step,
      name: 'Writer',
      plugin: { ...writer.plugin, guarantee: () => ({ isIdempotent }) } as never,
    },
    transform: dxTransform([]),
    settings: { concurrency: 2, errorLimit: {}, timeZone: 'UTC' },
  }
  const warn = (message: string) => {
    warnings.push(message)
    onWarning()
  }
  try {
    const report = await runJob(plan, {
      logger: { debug() {}, info() {}, warn },
      signal,
      dirtyFile,
      sourcePatience: patience,
    })
    const lines = report.dirtyFile === null ? '' : readFileSync(dirtyFile, 'utf8')
    const written = writer.rows().map(([id]) => String(id))
    return { report, warnings, written, listed: lines.split('\n').length - 1 }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const everyThird = (row: readonly unknown[]) =>
  Number(row[0]) % 3 === 0 ? { code: 'THIRD', message: 'a third one' } : undefined

it('goes on behind the last row where splits have positions', async () => {
  const passingFailures = [35, 333, 333, 900]
  const { report, warnings, written } = await run({ reader: { passingFailures } })
  expect(report).toMatchObject({ status: 'complete', exitCode: 0, recordsRead: rowCount })
  expect(report).toMatchObject({ recordsWritten: rowCount, consistency: 'per-split' })
  expect(written).toHaveLength(rowCount)
  expect(new Set(written).size).toBe(rowCount)
  expect(warnings).toHaveLength(passingFailures.length)
  expect(warnings.at(-1)).toMatch(/failed after 900 rows\.; reading again behind row \d+ in 0 s/)
})

it.each([true, false])(
  'starts a split without positions over where that changes nothing, checkpoint kept: %s',
  async (keepsCheckpoint) => {
    const { report, warnings, written, listed } = await run({
      isIdempotent: true,
      reader: { isResumable: false, passingFailures: [222, 777] },
      writer: { keepsCheckpoint, refuseRow: everyThird },
    })
    expect(report).toMatchObject({ status: 'complete', exitCode: 0, recordsRead: rowCount })
    const recordsDirty = dataset.rows.filter((row) => everyThird(row) !== undefined).length
    expect(recordsDirty).toBeGreaterThan(100)
    expect(report).toMatchObject({ recordsDirty, recordsWritten: rowCount - recordsDirty })
    expect(report.total).toMatchObject({ recordsDirty, recordsWritten: rowCount - recordsDirty })
    expect(report.dirtyReasons).toMatchObject([{ code: 'THIRD', count: recordsDirty }])
    expect(listed).toBe(recordsDirty)
    expect(new Set(written).size).toBe(rowCount - recordsDirty)
    expect(written.length).toBeGreaterThan(rowCount - recordsDirty)
    expect(warnings).toHaveLength(2)
    expect(warnings[0]).toContain('from the beginning')
  },
)

it('fails at once where starting over would repeat rows', async () => {
  const reader = { isResumable: false, passingFailures: [222] }
  const { report, warnings } = await run({ reader })
  expect(report).toMatchObject({ code: 'SOURCE_FAILED', exitCode: 1 })
  expect(warnings).toEqual([])
})

it.each([
  ['an error that does not pass', { failAfterRows: 100 }],
  ['an error before the first row', { failAfterRows: 0, isFailureRetryable: true }],
])('fails at once for %s', async (_, reader) => {
  const { report, warnings } = await run({ reader })
  expect(report).toMatchObject({ code: 'SOURCE_FAILED', exitCode: 1 })
  expect(warnings).toEqual([])
})

it('cuts the source again when the connection was lost meanwhile', async () => {
  const { report, warnings } = await run({ reader: { failingCuts: 2 } })
  expect(report).toMatchObject({ status: 'complete', recordsRead: rowCount })
  expect(report).toMatchObject({ consistency: 'one-snapshot' })
  expect(warnings).toEqual([
    expect.stringMatching(/asked for a failure\.; trying again in/),
    expect.stringMatching(/asked for a failure\.; trying again in/),
  ])
})

it('says that the source could not be reached when it cannot be cut until the deadline', async () => {
  const { report } = await run({
    reader: { failingCuts: Infinity },
    patience: { firstDelayMs: 10, longestDelayMs: 10, deadlineMs: 100 },
  })
  expect(report).toMatchObject({ code: 'SOURCE_UNREACHABLE', exitCode: 3, recordsRead: 0 })
  expect(report.errors[0]?.message).toContain('nothing else was answered for 0.1 s')
})

it('fails when no row comes until the deadline, and waits twice as long each time', async () => {
  const { report, warnings } = await run({
    reader: { failAfterRows: 100, isFailureRetryable: true, maxSplits: 1 },
    patience: { firstDelayMs: 100, longestDelayMs: 200, deadlineMs: 1000 },
  })
  expect(report).toMatchObject({ code: 'SOURCE_FAILED', exitCode: 1, status: 'failed' })
  expect(report.errors[0]?.message).toContain('no row came for 1 s')
  expect(report.errors[0]?.hint).toContain('--resume')
  const delays = warnings.map((warning) => /in ([\d.]+) s$/.exec(warning)?.[1])
  expect(delays.slice(0, 4)).toEqual(['0.1', '0.2', '0.2', '0.2'])
  expect(report.elapsedMs).toBeGreaterThan(900)
})

it('ends the waiting when the job is stopped', async () => {
  const stop = new AbortController()
  const { report } = await run({
    reader: { failAfterRows: 100, isFailureRetryable: true },
    patience: { firstDelayMs: 60_000, longestDelayMs: 60_000 },
    onWarning: () => stop.abort(new Error('stopped')),
    signal: stop.signal,
  })
  expect(report).toMatchObject({ status: 'stopped', exitCode: 0, errors: [] })
  expect(report.elapsedMs).toBeLessThan(10_000)
})
