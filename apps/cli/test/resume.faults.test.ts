import { on } from 'node:events'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { expectClearError } from './support/clear-error.ts'
import { hookEnvironment, type FaultOrder } from './support/fault-hooks.ts'
import { killAfter, runUntil, statusOf } from './support/interrupted-load.ts'
import type { RunningCommand } from './support/job-folder.ts'
import { differences, loadJob, loadKinds } from './support/load-kinds.ts'
import { makeLoadSource, type LoadSource } from './support/load-source.ts'
import { test, type RedisTarget } from './support/redis-test.ts'
import { listingDifferences, placeWrongTypes, touchedKeys } from './support/wrong-types.ts'

const rowCount = 12_000
/** Slow enough to be interrupted, with batches of 200 rows. */
const recordsPerSecond = 2000
const { list, hash, fields } = loadKinds

let source: LoadSource
let keyless: LoadSource

beforeAll(async () => {
  source = await makeLoadSource('postgresql', rowCount)
  keyless = await makeLoadSource('mysql', rowCount, { isKeyless: true })
})

afterAll(async () => {
  await source[Symbol.asyncDispose]()
  await keyless[Symbol.asyncDispose]()
})

const folderOf = (target: RedisTarget, from = source) => target.folder({ s: from.dataSource() })

/** The key of the only checkpoint. */
async function checkpointKey({ client }: RedisTarget): Promise<string> {
  const [key] = await client.keys('millrace:{*')
  if (key === undefined) throw new Error('there is no checkpoint')
  return key
}

function rowsRead(file: string): number {
  return readFileSync(file, 'utf8')
    .split('\n')
    .reduce((sum, line) => sum + Number(line), 0)
}

describe.concurrent('a run that did not end', () => {
  test('is asked about, gone on with, and done once', async ({ target }) => {
    const folder = folderOf(target)
    const job = loadJob(list, source, { recordsPerSecond })
    await killAfter(folder, job, 2000)

    const undecided = await folder.run(job)
    const mentions = ['unfinished', '--resume', '--restart']
    expectClearError(undecided, { exitCode: 2, code: 'RESUME_UNDECIDED', mentions })

    const resumed = await folder.run(loadJob(list, source), { flags: ['--resume'] })
    expect(resumed.exitCode, resumed.stderr).toBe(0)
    expect(resumed.report?.resumedFrom).toMatch(/^\d of 8 splits done, \d+ records settled$/)
    expect(resumed.report?.recordsRead).toBeLessThanOrEqual(rowCount - 2000)
    expect(resumed.report?.total).toMatchObject({
      recordsRead: rowCount,
      recordsWritten: rowCount,
      recordsDirty: 0,
    })
    expect(await differences(target.client, list, source)).toEqual([])

    const again = await folder.run(job, { flags: ['--resume'] })
    expect(again.exitCode, again.stderr).toBe(0)
    expect(again.stderr).toContain('nothing to resume')
    expect(again.report).toMatchObject({
      status: 'complete',
      recordsRead: 0,
      guarantee: resumed.report?.guarantee,
      guaranteeNote: resumed.report?.guaranteeNote,
      splits: { total: 8, done: 8 },
    })
    expect(again.report?.total.recordsRead).toBe(rowCount)
    expect(await differences(target.client, list, source)).toEqual([])
  })

  test('begins anew with --restart', async ({ target }) => {
    const folder = folderOf(target)
    await killAfter(folder, loadJob(hash, source, { recordsPerSecond }), 2000)
    const job = loadJob(hash, source)
    const { exitCode, stderr, report } = await folder.run(job, { flags: ['--restart'] })
    expect(exitCode, stderr).toBe(0)
    expect(report).toMatchObject({ recordsRead: rowCount, resumedFrom: null })
    expect(report?.total.recordsRead).toBe(rowCount)
    expect(await differences(target.client, hash, source)).toEqual([])
    // A plain run of a complete job starts anew.
    const again = await folder.run(job)
    expect(again.exitCode, again.stderr).toBe(0)
    expect(again.report?.total.recordsRead).toBe(rowCount)
  })

  test('is refused when the job is another one now', async ({ target }) => {
    const folder = folderOf(target)
    await killAfter(folder, loadJob(hash, source, { recordsPerSecond }), 2000)
    const changed = loadJob(hash, source, { reader: { where: 'id > 7' } })
    for (const flags of [['--resume'], []]) {
      const result = await folder.run(changed, { flags })
      const mentions = ['where', 'id > 7', '--restart']
      expectClearError(result, { exitCode: 2, code: 'RESUME_UNDECIDED', mentions })
    }
    // What is no part of what is moved may change.
    const faster = loadJob(hash, source, { errorLimit: 5 })
    const { exitCode, stderr } = await folder.run(faster, { flags: ['--resume'] })
    expect(exitCode, stderr).toBe(0)
    expect(await differences(target.client, hash, source)).toEqual([])
  })

  test('is refused when the table is another one now', async ({ target }) => {
    await using own = await makeLoadSource('mysql', rowCount)
    const folder = folderOf(target, own)
    const job = loadJob(hash, own, { recordsPerSecond })
    await killAfter(folder, job, 2000)
    await own.database.execute('ALTER TABLE t MODIFY v varchar(300) NOT NULL')
    const result = await folder.run(job, { flags: ['--resume'] })
    const mentions = ['v varchar(300)', 'v varchar(200)', '--restart']
    expectClearError(result, { exitCode: 2, code: 'RESUME_UNDECIDED', mentions })
  })

  test('from a table without a key into lists needs --allow-duplicates', async ({ target }) => {
    const folder = folderOf(target, keyless)
    await killAfter(folder, loadJob(list, keyless, { recordsPerSecond }), 2000)
    const job = loadJob(list, keyless)
    const refused = await folder.run(job, { flags: ['--resume'] })
    expectClearError(refused, {
      exitCode: 2,
      code: 'RESUME_UNDECIDED',
      mentions: ['--allow-duplicates', '--restart', 'unique key'],
    })
    const flags = ['--resume', '--allow-duplicates']
    const { exitCode, stderr, report } = await folder.run(job, { flags })
    expect(exitCode, stderr).toBe(0)
    expect(report?.guarantee).toBe('at-least-once')
    expect(report?.total.recordsRead).toBe(rowCount)
    const found = await differences(target.client, list, keyless)
    expect(found.filter((place) => !/: 0 entries lost/.test(place))).toEqual([])
  })

  test('from a table without a key into hashes reads its splits again', async ({ target }) => {
    const folder = folderOf(target, keyless)
    await killAfter(folder, loadJob(fields, keyless, { recordsPerSecond }), 2000)
    const { exitCode, stderr, report } = await folder.run(loadJob(fields, keyless), {
      flags: ['--resume'],
    })
    expect(exitCode, stderr).toBe(0)
    expect(report?.total).toMatchObject({ recordsRead: rowCount, recordsWritten: rowCount })
    expect(await differences(target.client, fields, keyless)).toEqual([])
  })
})

describe.concurrent('--resume', () => {
  test('without a checkpoint begins', async ({ target }) => {
    const folder = folderOf(target)
    const { exitCode, stderr, report } = await folder.run(loadJob(list, source), {
      flags: ['--resume'],
    })
    expect(exitCode, stderr).toBe(0)
    expect(report).toMatchObject({ recordsRead: rowCount, resumedFrom: null })
    expect(await differences(target.client, list, source)).toEqual([])
  })

  test('after SIGTERM reads nothing twice', async ({ target }) => {
    const folder = folderOf(target)
    const running = await runUntil(folder, loadJob(list, source, { recordsPerSecond }), 2000)
    running.child.kill('SIGTERM')
    const { exitCode, stderr } = await running.ended
    expect(exitCode, stderr).toBe(143)
    const settled = folder.report()?.recordsRead ?? 0
    expect((await statusOf(folder)).counts.recordsRead).toBe(settled)
    const rowsReadFile = folder.write('rows-read', '')
    const resumed = await folder.run(loadJob(list, source), {
      flags: ['--resume'],
      env: hookEnvironment({ rowsReadFile }),
    })
    expect(resumed.exitCode, resumed.stderr).toBe(0)
    expect(rowsRead(rowsReadFile)).toBe(rowCount - settled)
    expect(await differences(target.client, list, source)).toEqual([])
  })

  test('after SIGTERM before the first batch asks nothing of a list job', async ({ target }) => {
    const folder = folderOf(target)
    const fault = { place: 'after-read', action: 'hang', atReach: 1 } as const
    const running = folder.startRun(loadJob(list, source), { env: hookEnvironment({ fault }) })
    await new Promise<void>((resolve) => {
      running.child.stderr.on('data', (text: string) => {
        if (text.includes('was reached')) resolve()
      })
    })
    running.child.kill('SIGTERM')
    const { exitCode, stderr } = await running.ended
    expect(exitCode, stderr).toBe(143)
    const resumed = await folder.run(loadJob(list, source), { flags: ['--resume'] })
    expect(resumed.exitCode, resumed.stderr).toBe(0)
    expect(await differences(target.client, list, source)).toEqual([])
  })

  test('counts over all runs: read = written + filtered + dirty', async ({ target }) => {
    const folder = folderOf(target)
    const wrong = await placeWrongTypes(target.client, list, source)
    const processors = [
      { stepType: 'dx_filter', parameter: { columnIndex: 1, paras: ['like', 'v[0-9]*3x*'] } },
    ]
    const filtered = (await source.rows()).filter(({ v }) => /^v[0-9]*3x*$/.test(v))
    const dirty = (await source.rows()).filter(
      ({ k, v }) => wrong.has(k) && !/^v[0-9]*3x*$/.test(v),
    )
    expect(filtered.length).toBeGreaterThan(0)
    expect(dirty.length).toBeGreaterThan(0)
    const job = loadJob(list, source, { recordsPerSecond, errorLimit: rowCount, processors })
    for (const recordsRead of [1000, 3000, 5000]) {
      const options = { flags: ['--resume'] }
      await killAfter(folder, job, recordsRead, options)
      const { counts } = await statusOf(folder)
      const { recordsWritten, recordsFiltered, recordsDirty } = counts
      expect(counts.recordsRead).toBe(recordsWritten + recordsFiltered + recordsDirty)
    }
    const fast = loadJob(list, source, { errorLimit: rowCount, processors })
    const { exitCode, stderr, report } = await folder.run(fast, { flags: ['--resume'] })
    expect(exitCode, stderr).toBe(0)
    expect(report?.total).toMatchObject({
      recordsRead: rowCount,
      recordsFiltered: filtered.length,
      recordsDirty: dirty.length,
      recordsWritten: rowCount - filtered.length - dirty.length,
    })
    expect((await statusOf(folder)).counts).toEqual(report?.total)
  })

  test('holds errorLimit and --max-dirty-percent over all runs', async ({ target }) => {
    const folder = folderOf(target)
    const wrong = await placeWrongTypes(target.client, list, source)
    const dirtyCount = (await source.rows()).filter(({ k }) => wrong.has(k)).length
    expect(dirtyCount).toBe(120)
    await killAfter(folder, loadJob(list, source, { recordsPerSecond, errorLimit: 80 }), 6000)
    const before = (await statusOf(folder)).counts
    // What is left is below the limit by itself.
    expect(before.recordsDirty).toBeGreaterThan(dirtyCount - 80)
    const job = loadJob(list, source, { errorLimit: 80 })
    const limited = await folder.run(job, { flags: ['--resume'] })
    const mentions = ['errorLimit.record allows 80']
    expectClearError(limited, { exitCode: 1, code: 'DIRTY_LIMIT_PASSED', mentions })
    expect(limited.report?.recordsDirty).toBeLessThan(80)

    const free = loadJob(list, source, { errorLimit: rowCount })
    const percent = await folder.run(free, { flags: ['--resume', '--max-dirty-percent', '0.5'] })
    const named = ['--max-dirty-percent allows 0.5']
    expectClearError(percent, { exitCode: 1, code: 'DIRTY_LIMIT_PASSED', mentions: named })

    const { exitCode, stderr, report } = await folder.run(free, { flags: ['--resume'] })
    expect(exitCode, stderr).toBe(0)
    expect(report?.total).toMatchObject({ recordsRead: rowCount, recordsDirty: dirtyCount })
    expect(await differences(target.client, list, source, wrong)).toEqual([])
    const lines = folder.readLines(`${report?.job}.dirty.jsonl`)
    expect(await listingDifferences(lines, wrong, source)).toEqual([])
  })
})

describe.concurrent('status', () => {
  test('says what the checkpoint holds: before, during and after', async ({ target }) => {
    const folder = folderOf(target)
    // It has to outlast the questions, however busy the machine is.
    const job = loadJob(list, source, { recordsPerSecond: 500 })
    folder.write('job.json', job)
    const text = async () => {
      const { exitCode, stdout, stderr } = await folder.millrace(['status', 'job.json'])
      expect(exitCode, stderr).toBe(0)
      return stdout
    }
    expect(await statusOf(folder)).toMatchObject({ state: 'none', owner: null, splits: [] })
    expect(await text()).toContain('no checkpoint')

    const running = await runUntil(folder, job, 500)
    const during = await statusOf(folder)
    expect(during).toMatchObject({
      state: 'running',
      owner: { host: hostname(), pid: running.child.pid },
      endedAt: null,
    })
    expect(during.splits).toHaveLength(8)
    expect(
      during.splits.some(({ state, position }) => state === 'begun' && position !== null),
    ).toBe(true)
    expect(await text()).toMatch(
      new RegExp(`held by process ${running.child.pid} on host ${hostname()}`),
    )
    running.child.kill('SIGTERM')
    await running.ended
    const stopped = await statusOf(folder)
    expect(stopped).toMatchObject({ state: 'running', owner: null })
    expect(stopped.counts.recordsRead).toBe(folder.report()?.recordsRead)

    const { exitCode, stderr } = await folder.run(loadJob(list, source), { flags: ['--resume'] })
    expect(exitCode, stderr).toBe(0)
    const after = await statusOf(folder)
    expect(after).toMatchObject({ state: 'complete', owner: null, splits: [] })
    expect(after.counts).toMatchObject({ recordsRead: rowCount, recordsWritten: rowCount })
    expect(await text()).toContain('complete since')
  })
})

/** Resolves with the seconds until the command has ended. */
async function secondsToEnd({ ended }: RunningCommand): Promise<number> {
  const begunMs = performance.now()
  await ended
  return (performance.now() - begunMs) / 1000
}

describe('the fence', () => {
  test('keeps a second run out, and names the first', async ({ target }) => {
    const folder = folderOf(target)
    // It has to outlast three others.
    const job = loadJob(list, source, { recordsPerSecond: 500 })
    const first = await runUntil(folder, job, 500)
    for (const flags of [[], ['--resume'], ['--restart']]) {
      const path = folder.pathOf('job.json')
      const second = folder.start(['run', path, '--progress', 'none', ...flags])
      expect(await secondsToEnd(second)).toBeLessThan(5)
      const { exitCode, stdout, stderr } = await second.ended
      const mentions = [`process ${first.child.pid}`, hostname(), '[TARGET_FENCED]']
      expectClearError({ exitCode, stdout, stderr }, { exitCode: 3, mentions })
    }
    first.child.kill('SIGTERM')
    expect((await first.ended).exitCode).toBe(143)
    const { exitCode, stderr } = await folder.run(loadJob(list, source), { flags: ['--resume'] })
    expect(exitCode, stderr).toBe(0)
    expect(await differences(target.client, list, source)).toEqual([])
  })

  test('of a killed run is free at once', async ({ target }) => {
    const folder = folderOf(target)
    const job = loadJob(list, source, { recordsPerSecond })
    const first = await runUntil(folder, job, 1000)
    first.child.kill('SIGKILL')
    const second = folder.startRun(loadJob(list, source), { flags: ['--resume'] })
    const toldMs = async (text: string) => {
      for await (const chunk of on(second.child.stderr, 'data'))
        if (String(chunk[0]).includes(text)) break
      return performance.now()
    }
    const [plannedMs, resumingMs] = await Promise.all([toldMs(' -> '), toldMs('resuming the run')])
    // Not only once the server or a time limit gives the first one up.
    expect(resumingMs - plannedMs).toBeLessThan(5000)
    const { exitCode, stderr } = await second.ended
    expect(exitCode, stderr).toBe(0)
    expect(await differences(target.client, list, source)).toEqual([])
  })

  test('lost in the middle of a load: exit 3, and nothing more is written', async ({ target }) => {
    const folder = folderOf(target)
    const first = await runUntil(folder, loadJob(list, source, { recordsPerSecond }), 2000)
    const key = await checkpointKey(target)
    const owner = JSON.stringify({ run: 'other', host: 'elsewhere', pid: 4711 })
    const taken = await target.client
      .multi()
      .hset(key, 'run', 'other', 'owner', owner)
      .hgetall(key)
      .exec()
    const { exitCode, stdout, stderr } = await first.ended
    const mentions = ['process 4711', 'elsewhere', '[TARGET_FENCED]']
    expectClearError({ exitCode, stdout, stderr }, { exitCode: 3, mentions })
    // Rows travel with the checkpoint: when it has not moved, no row was written.
    await sleep(500)
    expect(await target.client.hgetall(key)).toEqual(taken?.[1]?.[1])
    const resumed = await folder.run(loadJob(list, source), { flags: ['--resume'] })
    expect(resumed.exitCode, resumed.stderr).toBe(0)
    expect(await differences(target.client, list, source)).toEqual([])
  })
})

describe('partial failure', () => {
  test('only rows of a wrong type are dirty; no expiry lands on keys that are not ours', async ({
    target,
  }) => {
    const folder = folderOf(target)
    const wrong = await placeWrongTypes(target.client, list, source)
    const writer = { expireTime: { seconds: 5000 } }
    const job = loadJob(list, source, { errorLimit: rowCount, writer })
    const { exitCode, stderr, report } = await folder.run(job)
    expect(exitCode, stderr).toBe(0)
    const dirtyCount = (await source.rows()).filter(({ k }) => wrong.has(k)).length
    expect(report).toMatchObject({
      recordsRead: rowCount,
      recordsWritten: rowCount - dirtyCount,
      recordsDirty: dirtyCount,
    })
    expect(await differences(target.client, list, source, wrong)).toEqual([])
    expect(await touchedKeys(target.client, wrong)).toEqual([])
    expect(await target.client.ttl('k8')).toBeGreaterThan(0)
    const lines = folder.readLines(`${report?.job}.dirty.jsonl`)
    expect(await listingDifferences(lines, wrong, source)).toEqual([])
    expect(new Set(lines.map(({ code }) => code))).toEqual(new Set(['WRONG_TYPE']))
  })

  test('a replay, killed again and again, completes the load once the keys are gone', async ({
    target,
  }) => {
    const folder = folderOf(target)
    const wrong = await placeWrongTypes(target.client, list, source)
    const job = loadJob(list, source, { errorLimit: rowCount, writer: { batchSize: 10 } })
    const { exitCode, stderr, report } = await folder.run(job)
    expect(exitCode, stderr).toBe(0)
    const dirtyFile = report?.dirtyFile ?? ''
    await target.client.del(...wrong)
    const replay = async (fault?: FaultOrder) =>
      await folder.millrace(
        ['replay', dirtyFile, '--job', folder.pathOf('job.json'), '--progress', 'none'],
        fault === undefined ? {} : { env: hookEnvironment({ fault }) },
      )
    for (const [place, atReach] of [
      ['after-send', 2],
      ['after-reply', 2],
      ['after-encode', 1],
      ['after-reply', 3],
    ] as const) {
      const killed = await replay({ place, action: 'kill', atReach })
      expect(killed.exitCode, killed.stderr).toBeNull()
    }
    const last = await replay()
    expect(last.exitCode, last.stderr).toBe(0)
    expect(await differences(target.client, list, source)).toEqual([])
    const again = await replay()
    expect(again.exitCode, again.stderr).toBe(0)
    expect(await differences(target.client, list, source)).toEqual([])
  })
})
