import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { dxTransform, runJob, type JobPlan, type JobReport } from '@millrace/core'
import { PluginError } from '@millrace/core/plugin'
import type { TableSchema } from '@millrace/core/record'
import {
  memoryReader,
  memoryWriter,
  type Dataset,
  type MemoryReaderOptions,
  type MemoryWriter,
} from '../src/index.ts'

const logger = { debug() {}, info() {}, warn() {} }
const schema: TableSchema = {
  table: 'numbers',
  version: 1,
  fields: ['id', 'kind'].map((name) => ({
    name,
    type: 'string',
    nullable: false,
    nativeType: 'text',
  })),
  key: [0],
}

/** What goes wrong at one write of a run. */
interface Fault {
  readonly kind:
    'lost before' | 'lost after' | 'gone back' | 'stopped' | 'source' | 'passing source'
  /** At which write of the run, or for the source after how many rows. */
  readonly at: number
  /** Writes that are lost. */
  readonly writes: number
}

const fault: fc.Arbitrary<Fault> = fc.record({
  kind: fc.constantFrom(
    'lost before',
    'lost after',
    'gone back',
    'gone back',
    'stopped',
    'source',
    'passing source',
  ),
  at: fc.integer({ min: 1, max: 12 }),
  writes: fc.integer({ min: 1, max: 6 }),
})

const scenario = fc.record({
  kinds: fc.array(fc.constantFrom('good', 'good', 'good', 'bad', 'refused'), { maxLength: 60 }),
  maxSplits: fc.integer({ min: 1, max: 4 }),
  concurrency: fc.integer({ min: 1, max: 3 }),
  maxRows: fc.integer({ min: 1, max: 9 }),
  maxInFlight: fc.integer({ min: 1, max: 4 }),
  faults: fc.array(fault, { maxLength: 8 }),
})
type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never

/** A job whose target survives its runs. */
class Trial {
  readonly folder = mkdtempSync(join(tmpdir(), 'millrace-resume-'))
  readonly dirtyFile = join(this.folder, 'dirty.jsonl')
  readonly #scenario: Scenario
  readonly #dataset: Dataset
  readonly writer: MemoryWriter
  #fault: Fault | undefined
  #writesBefore = 0
  #stop = new AbortController()

  constructor(current: Scenario) {
    this.#scenario = current
    this.#dataset = { schema, rows: current.kinds.map((kind, at) => [String(at), kind]) }
    this.writer = memoryWriter({
      keepsCheckpoint: true,
      limits: { maxRows: current.maxRows, maxInFlight: current.maxInFlight },
      rejectRow: ([, kind]) => (kind === 'bad' ? { code: 'BAD', message: 'bad' } : undefined),
      refuseRow: ([, kind]) => (kind === 'refused' ? { code: 'NO', message: 'no' } : undefined),
      onWrite: (moment, count) => this.#onWrite(moment, count),
    })
  }

  async run(current: Fault | undefined): Promise<JobReport> {
    this.#fault = current
    this.#stop = new AbortController()
    const { maxSplits, concurrency } = this.#scenario
    const reader = memoryReader(this.#dataset, { maxSplits, ...failuresOf(current) })
    const step = { config: {}, dataSources: [], origin: 'memory', stepType: 'memory' }
    const plan: JobPlan = {
      name: 'trial',
      file: join(this.folder, 'job.json'),
      reader: { ...step, name: 'Reader', plugin: reader.plugin as never },
      writer: { ...step, name: 'Writer', plugin: this.writer.plugin as never },
      transform: dxTransform([]),
      settings: { concurrency, errorLimit: {}, timeZone: 'UTC' },
    }
    return await runJob(plan, {
      logger,
      signal: this.#stop.signal,
      resume: 'resume',
      sourcePatience: { firstDelayMs: 0 },
      dirtyFile: this.dirtyFile,
    })
  }

  listed(): string[] {
    try {
      const lines = readFileSync(this.dirtyFile, 'utf8').trimEnd().split('\n')
      return lines.map((line) => (JSON.parse(line) as { row: { id: string } }).row.id)
    } catch {
      return []
    }
  }

  #onWrite(moment: 'before' | 'after', count: number): void {
    if (moment === 'before' && this.#fault === undefined) this.#writesBefore = count
    const current = this.#fault
    if (current === undefined || count - this.#writesBefore < current.at) return
    const lost = new PluginError({ code: 'TARGET_FAILED', message: 'the trial asked for it' })
    if (current.kind === `lost ${moment}`) throw lost
    if (moment === 'before' || current.kind.startsWith('lost')) return
    this.#fault = undefined
    if (current.kind === 'gone back') this.writer.goBack(current.writes)
    if (current.kind === 'stopped') this.#stop.abort(new Error('stopped'))
  }
}

function failuresOf(current: Fault | undefined): MemoryReaderOptions {
  if (current?.kind === 'source') return { failAfterRows: current.at }
  if (current?.kind !== 'passing source') return {}
  return { passingFailures: Array.from({ length: current.writes }, (_, at) => current.at + 2 * at) }
}

it('moves every row once, whatever happens to the runs', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (current) => {
      const trial = new Trial(current)
      try {
        for (const one of current.faults) await trial.run(one)
        const report = await trial.run(undefined)
        expect(report).toMatchObject({ status: 'complete', errors: [] })
        const ids = (kind: string) =>
          current.kinds.flatMap((found, at) => (found === kind ? [String(at)] : []))
        const written = trial.writer.rows().map(([id]) => String(id))
        expect(sorted(written)).toEqual(sorted(ids('good')))
        expect(sorted(trial.listed())).toEqual(sorted([...ids('bad'), ...ids('refused')]))
        expect(report.total).toMatchObject({
          recordsRead: current.kinds.length,
          recordsWritten: ids('good').length,
          recordsDirty: ids('bad').length + ids('refused').length,
        })
      } finally {
        rmSync(trial.folder, { recursive: true, force: true })
      }
    }),
    { numRuns: Number(process.env['MILLRACE_TEST_RUNS'] ?? 300) },
  )
}, 120_000)

function sorted(ids: readonly string[]): string[] {
  return ids.toSorted((left, right) => Number(left) - Number(right))
}
