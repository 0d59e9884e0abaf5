import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  dxTransform,
  JobCounters,
  readJobStatus,
  requestResync,
  runJob,
  type JobPlan,
  type JobReport,
  type RunJobOptions,
} from '@millrace/core'
import {
  memoryReader,
  MemoryLog,
  memoryWriter,
  type Dataset,
  type MemoryWrite,
  type MemoryWriter,
  type MemoryWriterOptions,
} from '../src/index.ts'

const table = (name: string, rowCount: number): Dataset => ({
  schema: {
    table: name,
    version: 1,
    fields: [
      { name: 'id', type: 'string', nullable: false, nativeType: 'text' },
      { name: 'value', type: 'string', nullable: true, nativeType: 'text' },
    ],
    key: [0],
  },
  rows: Array.from({ length: rowCount }, (_, id) => [String(id), 'read']),
})

const silent = { debug() {}, info() {}, warn() {} }

/** Tables, their log, and a target that outlives the runs. */
interface SceneOptions extends Pick<MemoryWriterOptions, 'onWrite' | 'delayMs'> {
  /** Of each table. */
  readonly rowCount?: number
}

function scene({ rowCount = 25, ...options }: SceneOptions = {}) {
  const datasets = [table('one', rowCount), table('two', rowCount)]
  const log = new MemoryLog()
  let reader = memoryReader(datasets, { log })
  const writer = memoryWriter({ limits: { maxRows: 10 }, keepsCheckpoint: true, ...options })
  const planIn = (folder: string, settings: Partial<JobPlan['settings']> = {}): JobPlan => {
    const step = { stepType: 'memory', origin: 'test', config: {}, dataSources: [] }
    return {
      name: 'follow',
      file: join(folder, 'job.json'),
      reader: { ...step, name: 'reader', plugin: reader.plugin },
      writer: { ...step, name: 'writer', plugin: writer.plugin },
      transform: dxTransform([]),
      settings: { concurrency: 1, errorLimit: {}, timeZone: 'UTC', ...settings },
    }
  }
  const run = async (
    runOptions: Partial<RunJobOptions> = {},
    settings: Partial<JobPlan['settings']> = {},
  ): Promise<JobReport> => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-follow-'))
    try {
      return await runJob(planIn(folder, settings), {
        logger: silent,
        signal: new AbortController().signal,
        resume: 'resume',
        follow: 'until-current',
        sourcePatience: { firstDelayMs: 1 },
        ...runOptions,
      })
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  const change = (id: number, value: string, dataset = 0) =>
    log.append({ dataset, operation: 'u', row: [String(id), value] })
  const resync = async (name: string) =>
    await requestResync(planIn('/'), name, {
      logger: silent,
      signal: new AbortController().signal,
    })
  /** The job reads these from its next run on; their places in the log stay. */
  const reads = (...names: readonly string[]) => {
    for (const name of names)
      if (!datasets.some(({ schema }) => schema.table === name))
        datasets.push(table(name, rowCount))
    reader = memoryReader(datasets, { log, reads: names })
  }
  const status = async () =>
    await readJobStatus(planIn('/'), { logger: silent, signal: new AbortController().signal })
  return { log, writer, run, change, resync, reads, status }
}

/** Values of a row, in the order in which they were written. */
function historyOf({ writes }: MemoryWriter, name: string, id: number): readonly unknown[] {
  return writes
    .filter(({ schema }) => schema.table === name)
    .flatMap(({ rows }) => rows.filter(([key]) => key === String(id)).map(([, value]) => value))
}

test('rows are read once, and changes behind them are applied in their order', async () => {
  const { log, writer, run, change } = scene()
  change(3, 'before')
  const first = await run()
  expect(first).toMatchObject({ status: 'complete', recordsRead: 50, guarantee: 'exactly-once' })
  expect(historyOf(writer, 'one', 3)).toEqual(['before'])
  change(3, 'second')
  change(4, 'other', 1)
  change(3, 'third')
  const second = await run()
  expect(second).toMatchObject({ status: 'complete', recordsRead: 3, total: { recordsRead: 53 } })
  expect(historyOf(writer, 'one', 3)).toEqual(['before', 'second', 'third'])
  expect(historyOf(writer, 'two', 4)).toEqual(['read', 'other'])
  expect(log.acknowledged).toBe(4)
  expect(await run()).toMatchObject({ status: 'complete', recordsRead: 0 })
})

test('goes on until it is stopped', async () => {
  const { writer, run, change } = scene()
  const stop = new AbortController()
  const running = run({ follow: 'until-stopped', signal: stop.signal })
  await expect.poll(() => writer.rows().length).toBe(50)
  change(1, 'while it runs')
  await expect.poll(() => historyOf(writer, 'one', 1)).toEqual(['read', 'while it runs'])
  stop.abort()
  expect(await running).toMatchObject({ status: 'stopped' })
  change(1, 'while it does not')
  await run()
  expect(historyOf(writer, 'one', 1)).toEqual(['read', 'while it runs', 'while it does not'])
})

test('warns of a log that is about to run out, and tells what it is at, by table', async () => {
  const { log, run, writer } = scene()
  const stop = new AbortController()
  const counters = new JobCounters()
  const warnings: string[] = []
  log.budgetBytes = 0
  const logger = { debug() {}, info() {}, warn: (message: string) => warnings.push(message) }
  const running = run({ follow: 'until-stopped', signal: stop.signal, counters, logger })
  expect(counters.phase).toBe('snapshot')
  await expect.poll(() => counters.changes.log?.end).toBe('change 0')
  const committedAtMs = Date.now() - 5000
  log.append({ operation: 'u', row: ['1', 'late'], committedAtMs })
  await expect.poll(() => counters.changes.count).toBe(1)
  expect(counters).toMatchObject({ job: 'follow', phase: 'changes', recordsRead: 51 })
  expect(counters.changes).toMatchObject({ position: 'change 1', committedAtMs })
  expect(counters.changes.lagMs).toBeGreaterThanOrEqual(5000)
  const numbers = counters.tables.all.map(({ table, phase, recordsWritten }) => [
    table,
    phase,
    recordsWritten,
  ])
  expect(numbers).toEqual([
    ['one', 'snapshot', 25],
    ['two', 'snapshot', 25],
    ['one', 'changes', 1],
  ])
  expect(warnings).toEqual([
    expect.stringContaining('the writer memory does not apply deletes'),
    expect.stringContaining('memory budget 0.0 of 0.0 KB left'),
  ])
  stop.abort()
  await running
  const record = writer.writes.at(-1)?.progress.record
  expect(record).toMatchObject({ committedAtMs })
})

test('what became of each table stands in the report and in the status, over several runs', async () => {
  const { run, change, log, status } = scene()
  await run()
  change(1, 'first')
  change(2, 'second')
  change(3, 'other', 1)
  const report = await run()
  const numbers = { recordsFiltered: 0, recordsDirty: 0 }
  expect(report.tables).toMatchObject([
    { table: 'one', phase: 'changes', recordsRead: 2, recordsWritten: 2 },
    { table: 'two', phase: 'changes', recordsRead: 1, recordsWritten: 1 },
  ])
  change(4, 'third')
  await run()
  const snapshot = { recordsRead: 25, recordsWritten: 25, ...numbers }
  const splits = { total: 1, done: 1 }
  expect((await status()).tables).toEqual([
    {
      table: 'one',
      splits,
      estimatedRows: 25,
      snapshot,
      changes: { recordsRead: 3, recordsWritten: 3, ...numbers },
      changesPerSecond: null,
      stopped: null,
    },
    {
      table: 'two',
      splits,
      estimatedRows: 25,
      snapshot,
      changes: { recordsRead: 1, recordsWritten: 1, ...numbers },
      changesPerSecond: null,
      stopped: null,
    },
  ])
  // A new snapshot begins to count anew.
  log.forget(log.length)
  change(5, 'lost')
  log.forget(log.length)
  const settings = { onLostPosition: 'resnapshot' } as const
  expect(await run({}, settings)).toMatchObject({ status: 'complete', recordsRead: 50 })
  expect((await status()).tables).toMatchObject([
    { changes: { recordsRead: 0 } },
    { changes: { recordsRead: 0 } },
  ])
})

test('a stop finishes what is under way, and keeps the position behind it', async () => {
  const { log, writer, run } = scene({ delayMs: 20 })
  const stop = new AbortController()
  const counters = new JobCounters()
  const running = run({ follow: 'until-stopped', signal: stop.signal, counters })
  await expect.poll(() => counters.phase).toBe('changes')
  const values = Array.from({ length: 200 }, (_, at) => `change ${at}`)
  for (const value of values) log.append({ operation: 'u', row: ['1', value] })
  await expect.poll(() => counters.changes.count).toBeGreaterThan(0)
  stop.abort()
  const report = await running
  expect(report).toMatchObject({ status: 'stopped', errors: [] })
  expect(report.recordsRead).toBeLessThan(250)
  expect(writer.writes.at(-1)?.progress.record).toBeDefined()
  // The source was told all that is in the target, and nothing else.
  expect(log.acknowledged).toBe(report.recordsRead - 50)
  await run()
  expect(historyOf(writer, 'one', 1)).toEqual(['read', ...values])
})

test('a snapshot that broke off goes on at a new instant, behind every change before it', async () => {
  const fails = { at: 4 }
  const { writer, run, change } = scene({
    onWrite(moment, count) {
      if (moment === 'before' && count === fails.at) throw new Error('the run is killed')
    },
  })
  expect(await run()).toMatchObject({ status: 'failed' })
  // Row 1 of the first table has been read, row 20 of the second has not.
  change(1, 'changed')
  change(20, 'changed', 1)
  fails.at = 0
  const report = await run()
  expect(report).toMatchObject({ status: 'complete', total: { recordsRead: 52 } })
  expect(historyOf(writer, 'one', 1)).toEqual(['read', 'changed'])
  expect(historyOf(writer, 'two', 20)).toEqual(['changed', 'changed'])
  expect(historyOf(writer, 'two', 19)).toEqual(['read'])
})

test('a target that lost part of the snapshot and its changes gets them again', async () => {
  const { writer, run, change } = scene()
  const stop = new AbortController()
  const running = run({ follow: 'until-stopped', signal: stop.signal })
  await expect.poll(() => writer.rows().length).toBe(50)
  change(1, 'first')
  await expect.poll(() => historyOf(writer, 'one', 1)).toEqual(['read', 'first'])
  writer.goBack(3)
  change(2, 'second')
  await expect.poll(() => historyOf(writer, 'one', 2)).toEqual(['read', 'second'])
  stop.abort()
  await running
  expect(historyOf(writer, 'one', 1)).toEqual(['read', 'first'])
  for (let id = 0; id < 25; id += 1) expect(historyOf(writer, 'two', id)).toEqual(['read'])
})

test('a position that the source has forgotten ends the run with exit code 4', async () => {
  const { log, run, change } = scene()
  await run()
  change(1, 'forgotten')
  change(1, 'kept')
  log.forget(1)
  expect(await run()).toMatchObject({ status: 'failed', code: 'POSITION_LOST', exitCode: 4 })
})

test('a position that was lost is answered by a new snapshot where that is wanted', async () => {
  const { log, run, change, writer } = scene()
  const settings = { onLostPosition: 'resnapshot' } as const
  await run({}, settings)
  change(1, 'forgotten')
  log.append({ operation: 'd', row: ['2', 'read'] })
  log.forget(2)
  const counters = new JobCounters()
  const report = await run({ counters }, settings)
  expect(report).toMatchObject({
    status: 'complete',
    exitCode: 0,
    recordsRead: 49,
    notes: [
      expect.stringMatching(
        /: the tables are read again\. Rows that were deleted since the last change that was applied, change 0 could not be seen: their keys may still be in the target, of one; two$/,
      ),
    ],
  })
  expect(counters).toMatchObject({ splitsDone: 2, splitsTotal: 2, failure: undefined })
  expect(historyOf(writer, 'one', 1)).toEqual(['read', 'forgotten'])
  change(1, 'followed')
  expect(await run({}, settings)).toMatchObject({ recordsRead: 1, status: 'complete' })
  // It has gone on since: a further loss is the first of a row again.
  change(1, 'lost again')
  log.forget(4)
  const again = await run({}, settings)
  expect(again).toMatchObject({ status: 'complete', recordsRead: 49 })
})

test('new snapshots do not follow one another for ever, over several runs neither', async () => {
  const { log, run } = scene({
    onWrite(moment, count) {
      // Whatever is read, the source has forgotten what comes next by then.
      if (moment === 'after' && count % 6 === 0) {
        log.append({ operation: 'u', row: ['1', 'x'] })
        log.forget(log.length)
      }
    },
  })
  const settings = { onLostPosition: 'resnapshot' } as const
  const report = await run({ follow: 'until-stopped' }, settings)
  expect(report).toMatchObject({ status: 'failed', code: 'POSITION_LOST', exitCode: 4 })
  expect(report.notes).toHaveLength(2)
  expect(report.errors[0]?.message).toContain('2 new snapshots in a row did not help')
  const further = await run({ follow: 'until-stopped' }, settings)
  expect(further).toMatchObject({ status: 'failed', exitCode: 4 })
  expect(further.notes).toBeUndefined()
})

test('rows that were read without their changes are no beginning for them', async () => {
  const { run } = scene()
  expect(await run({ follow: undefined as never })).toMatchObject({ status: 'complete' })
  const refused = await run()
  expect(refused).toMatchObject({ status: 'failed', code: 'RESUME_UNDECIDED', exitCode: 2 })
  expect(refused.errors[0]?.hint).toContain('--restart')
  expect(await run({ resume: 'restart' })).toMatchObject({ status: 'complete', recordsRead: 50 })
})

test('changes alone are followed where rows are not wanted, from the first run on', async () => {
  const { writer, run, change } = scene()
  change(1, 'before')
  expect(await run({}, { readsRows: false })).toMatchObject({ status: 'complete', recordsRead: 0 })
  change(1, 'between')
  expect(await run({}, { readsRows: false })).toMatchObject({ status: 'complete', recordsRead: 1 })
  expect(historyOf(writer, 'one', 1)).toEqual(['between'])
})

test('a table that was asked for is read again while changes go on', async () => {
  const { writer, run, change, resync } = scene({ rowCount: 12_000 })
  await expect(resync('two')).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  const stop = new AbortController()
  const running = run({ follow: 'until-stopped', signal: stop.signal })
  await expect.poll(() => writer.rows().length).toBe(24_000)
  change(7, 'changed')
  await expect(resync('tow')).rejects.toThrow(/reads no table tow/)
  expect(await resync('one')).toEqual({ table: 'one', isRunning: true })
  await expect.poll(() => writer.rows().length, { timeout: 10_000 }).toBe(36_001)
  change(7, 'later')
  await expect
    .poll(() => historyOf(writer, 'one', 7))
    .toEqual(['read', 'changed', 'changed', 'later'])
  // In parts, between which changes go on.
  const parts = new Set(writer.writes.slice(-1201).map(({ progress }) => progress.split))
  expect(parts).toEqual(new Set(['one:0', 'changes']))
  expect(historyOf(writer, 'two', 7)).toEqual(['read'])
  stop.abort()
  const report = await running
  expect(report).toMatchObject({ status: 'stopped', splits: { done: 2 } })
  expect(report.notes).toEqual([
    expect.stringMatching(
      /^one was read again, as was asked: keys of rows that were deleted before the last change that was applied, change \d could not be seen and may still be in the target$/,
    ),
  ])
})

test('a restart says what it could not see where changes were followed', async () => {
  const { run, change } = scene()
  await run()
  change(1, 'followed')
  await run()
  const { notes } = await run({ resume: 'restart' })
  expect(notes).toEqual([
    'Rows that were deleted since the last change that was applied, change 1 could not be seen: their keys may still be in the target, of one; two',
  ])
})

/** Values of a row of table three, which is the third one of the log. */
const ofThree = (writer: MemoryWriter, id: number) => historyOf(writer, 'three', id)

test('a table that the job has got is read while changes go on', async () => {
  const { writer, run, change, reads } = scene({ rowCount: 12_000 })
  reads('one')
  expect(await run()).toMatchObject({ recordsRead: 12_000 })
  reads('one', 'two', 'three')
  change(1, 'unread', 1)
  change(1, 'followed')
  change(5, 'before', 2)
  const stop = new AbortController()
  const running = run({ follow: 'until-stopped', signal: stop.signal })
  await expect.poll(() => ofThree(writer, 11_999), { timeout: 10_000 }).toEqual(['read'])
  change(5, 'after', 2)
  change(6, 'after', 1)
  await expect.poll(() => historyOf(writer, 'two', 6)).toEqual(['read', 'after'])
  stop.abort()
  expect(await running).toMatchObject({ status: 'stopped', splits: { done: 3, total: 3 } })
  // Its rows are those of the snapshot, and only what came behind that was a change.
  expect(ofThree(writer, 5)).toEqual(['before', 'after'])
  expect(historyOf(writer, 'two', 1)).toEqual(['unread'])
  expect(historyOf(writer, 'one', 1)).toEqual(['read', 'followed'])
  expect(historyOf(writer, 'one', 2)).toEqual(['read'])
  expect(await run()).toMatchObject({ status: 'complete', recordsRead: 0 })
})

test('taking a table up goes on after every kill, and nothing comes twice', async () => {
  const kill = { writesUntil: 0 }
  const { writer, run, change, reads } = scene({
    rowCount: 12_000,
    onWrite(moment) {
      if (moment === 'after' || kill.writesUntil === 0) return
      kill.writesUntil -= 1
      if (kill.writesUntil === 0) throw new Error('the run is killed')
    },
  })
  reads('one')
  await run()
  reads('one', 'three')
  // Before its first row, behind it, in the middle of a part, and between two parts.
  for (const [at, writes] of [1, 4, 350, 503].entries()) {
    kill.writesUntil = writes
    change(at, `first ${at}`, 2)
    change(11_000 + at, `first ${at}`, 2)
    expect(await run()).toMatchObject({ status: 'failed' })
    change(at, `second ${at}`, 2)
    change(at, `followed ${at}`)
  }
  expect(await run()).toMatchObject({ status: 'complete' })
  expect(ofThree(writer, 0)).toEqual(['second 0'])
  expect(ofThree(writer, 1)).toEqual(['first 1', 'second 1'])
  // Read before it was changed.
  expect(ofThree(writer, 2)).toEqual(['read', 'first 2', 'second 2'])
  expect(ofThree(writer, 3)).toEqual(['read', 'first 3', 'second 3'])
  // Changed once rows of the table were there, and before its own part was read.
  expect(ofThree(writer, 11_003)).toEqual(['first 3', 'first 3'])
  expect(ofThree(writer, 11_001)).toEqual(['first 1'])
  for (let id = 10; id < 11_000; id += 1) expect(ofThree(writer, id)).toEqual(['read'])
  expect(historyOf(writer, 'one', 3)).toEqual(['read', 'followed 3'])
}, 30_000)

test('a table that the job no longer has stays as it is, and is read anew when it comes back', async () => {
  const { writer, run, change, reads } = scene()
  await run()
  reads('one')
  change(3, 'unseen', 1)
  change(3, 'seen')
  const without = await run()
  expect(without).toMatchObject({
    status: 'complete',
    recordsRead: 1,
    splits: { total: 1 },
    notes: [expect.stringContaining('no longer reads two')],
  })
  expect((await run()).notes).toBeUndefined()
  reads('one', 'two')
  expect(await run()).toMatchObject({ status: 'complete', recordsRead: 25, splits: { total: 2 } })
  expect(historyOf(writer, 'two', 3)).toEqual(['read', 'unseen'])
  expect(historyOf(writer, 'one', 3)).toEqual(['read', 'seen'])
})

test('a table that the job has got is followed alone where rows are not wanted', async () => {
  const { writer, run, change, reads } = scene()
  reads('one')
  await run({}, { readsRows: false })
  reads('one', 'two')
  expect(await run({}, { readsRows: false })).toMatchObject({ status: 'complete', recordsRead: 0 })
  change(3, 'changed', 1)
  expect(await run({}, { readsRows: false })).toMatchObject({ status: 'complete', recordsRead: 1 })
  expect(historyOf(writer, 'two', 3)).toEqual(['changed'])
})

test('a target that forgot that a table was taken up is told again', async () => {
  const { writer, run, change, reads } = scene()
  reads('one')
  await run()
  reads('one', 'three')
  const stop = new AbortController()
  const running = run({ follow: 'until-stopped', signal: stop.signal })
  await expect.poll(() => ofThree(writer, 24)).toEqual(['read'])
  change(1, 'changed', 2)
  await expect.poll(() => ofThree(writer, 1)).toEqual(['read', 'changed'])
  // All that came of table three, and the end of table one before it.
  const ofTables = writer.writes.filter(({ rows }) => rows.length > 0)
  writer.goBack(writer.writes.length - writer.writes.indexOf(ofTables[2] as MemoryWrite))
  expect(ofThree(writer, 1)).toEqual([])
  change(2, 'changed', 2)
  await expect.poll(() => ofThree(writer, 24)).toEqual(['read'])
  await expect.poll(() => historyOf(writer, 'one', 24)).toEqual(['read'])
  stop.abort()
  await running
  expect(ofThree(writer, 1).at(-1)).toEqual('changed')
  expect(ofThree(writer, 2).at(-1)).toEqual('changed')
  expect(await run()).toMatchObject({ status: 'complete', recordsRead: 0, splits: { total: 2 } })
})

/** The target has no keys that could be removed. */
const isLeftOut =
  /^the changes of one are left out since \S+, from .* on: the source has emptied the table one, and the writer cannot remove what its rows have left\. .* millrace resync <folder> --table one$/

test('a table that cannot be emptied is left out, and the others go on, until it is read again', async () => {
  const { writer, run, change, log, resync, status } = scene({ delayMs: 2 })
  await run()
  change(1, 'before')
  log.truncate()
  for (let id = 0; id < 25; id += 1) {
    change(id, 'left out')
    change(id, 'followed', 1)
  }
  const warnings: string[] = []
  const logger = { ...silent, warn: (text: string) => warnings.push(text) }
  const report = await run({ logger })
  expect(report).toMatchObject({ status: 'complete', exitCode: 0, recordsRead: 26 })
  expect(report.notes).toEqual([expect.stringMatching(isLeftOut)])
  expect(warnings.slice(1)).toEqual(report.notes)
  expect(historyOf(writer, 'one', 1)).toEqual(['read', 'before'])
  expect(historyOf(writer, 'two', 24)).toEqual(['read', 'followed'])
  expect((await status()).tables).toMatchObject([
    { table: 'one', stopped: { reason: expect.stringContaining('cannot remove') as string } },
    { table: 'two', stopped: null },
  ])
  // Later runs know of it, and a further truncate says nothing new.
  change(2, 'left out, too')
  log.truncate()
  change(3, 'later', 1)
  expect(await run({ logger })).toMatchObject({ recordsRead: 1, notes: report.notes })
  expect(warnings.slice(3)).toEqual(report.notes)
  change(4, 'in the rows')
  await resync('one')
  const stop = new AbortController()
  const running = run({ follow: 'until-stopped', signal: stop.signal })
  await expect.poll(() => historyOf(writer, 'one', 4)).toEqual(['read', 'in the rows'])
  expect(historyOf(writer, 'one', 2)).toEqual(['read'])
  change(5, 'followed')
  await expect.poll(() => historyOf(writer, 'one', 5)).toEqual(['read', 'followed'])
  stop.abort()
  expect((await running).notes).toEqual([
    expect.stringMatching(
      /^one was read again, as was asked: .* since change 2 \(\S+Z\) could not/,
    ),
  ])
  expect((await status()).tables).toMatchObject([{ stopped: null }, { stopped: null }])
})

test('a target that forgot that a table is left out is told again', async () => {
  const { writer, run, change, log, status } = scene()
  await run()
  const stop = new AbortController()
  const running = run({ follow: 'until-stopped', signal: stop.signal })
  change(1, 'before', 1)
  log.truncate()
  change(2, 'left out')
  change(2, 'followed', 1)
  await expect.poll(() => historyOf(writer, 'two', 2)).toEqual(['read', 'followed'])
  // Both changes of table two, and all that was kept since.
  writer.goBack(2)
  change(3, 'left out')
  change(3, 'followed', 1)
  await expect.poll(() => historyOf(writer, 'two', 3)).toEqual(['read', 'followed'])
  stop.abort()
  expect((await running).notes).toHaveLength(1)
  expect(historyOf(writer, 'one', 2)).toEqual(['read'])
  expect((await status()).tables).toMatchObject([{ table: 'one', stopped: {} }, {}])
})
