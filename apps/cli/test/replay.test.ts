import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect } from 'vitest'
import type { JobReport } from '@millrace/core'
import { expectClearError } from './support/clear-error.ts'
import { hookEnvironment } from './support/fault-hooks.ts'
import type { CommandOptions, CommandResult, JobFolder } from './support/job-folder.ts'
import { redisJob, streamRows, type JobParts } from './support/jobs.ts'
import { test, type RedisTarget } from './support/redis-test.ts'

const rpush = { writeMode: { type: 'list', mode: 'rpush' } }
const rows = Array.from({ length: 20 }, (_, at) => [`k${at}`, `v${at}`] as const)
const reader = streamRows(['string', 'string'], rows)
const tolerant = { errorLimit: { record: 100 } }

interface ReplayResult extends CommandResult {
  readonly report: JobReport | undefined
}

async function replay(
  folder: JobFolder,
  dirtyFile: string,
  flags: readonly string[] = [],
  options: CommandOptions = {},
): Promise<ReplayResult> {
  const args = ['replay', dirtyFile, '--job', folder.pathOf('job.json'), '--progress', 'none']
  const report = folder.pathOf('replay.json')
  const result = await folder.millrace([...args, '--report', report, ...flags], options)
  const isThere = folder.exists('replay.json')
  return {
    ...result,
    report: isThere ? (JSON.parse(folder.read('replay.json')) as JobReport) : undefined,
  }
}

/** Runs a job that leaves a dirty file, and gives its path. */
async function runDirty(folder: JobFolder, parts: JobParts): Promise<string> {
  const { exitCode, stderr, report } = await folder.run(redisJob({ setting: tolerant, ...parts }))
  expect(exitCode, stderr).toBe(0)
  expect(report?.recordsDirty).toBeGreaterThan(0)
  return report?.dirtyFile ?? ''
}

/** Gives a row of a dirty file another key. */
function mend(file: string, key: string, other: string): void {
  const text = readFileSync(file, 'utf8')
  expect(text).toContain(`"${key}"`)
  writeFileSync(file, text.replace(`"${key}"`, `"${other}"`))
}

/** The replay is killed when so many batches have been answered. */
const killed = {
  env: hookEnvironment({ fault: { place: 'after-reply', action: 'kill', atReach: 3 } }),
}

/** A file with 20 rows, of whose replay some are in the target when it is killed. */
async function killReplay(target: RedisTarget): Promise<{ folder: JobFolder; file: string }> {
  for (const [key] of rows) await target.client.set(key, 'mine')
  const folder = target.folder()
  const file = await runDirty(folder, { reader, writer: { ...rpush, batchSize: 3 } })
  await target.client.del(...rows.map(([key]) => key))
  const { exitCode, stderr } = await replay(folder, file, [], killed)
  expect(exitCode, stderr).toBeNull()
  return { folder, file }
}

async function expectAllOnce({ client }: RedisTarget): Promise<void> {
  for (const [key, value] of rows) expect(await client.lrange(key, 0, -1)).toEqual([value])
}

// Each starts the command several times.
const many = { timeout: 120_000 }

describe.concurrent('a replay that was killed', many, () => {
  test('goes on and writes no row twice', async ({ target }) => {
    const { folder, file } = await killReplay(target)
    appendFileSync(file, `${readFileSync(file, 'utf8').split('\n')[0]?.replace('"k0"', '"k20"')}\n`)
    const { exitCode, stderr, report } = await replay(folder, file)
    expect(exitCode, stderr).toBe(0)
    expect(report?.resumedFrom).toMatch(/records settled/)
    await expectAllOnce(target)
    expect(stderr).toContain('replay it again')
    const further = await replay(folder, file)
    expect(further.report, further.stderr).toMatchObject({ recordsRead: 1, recordsWritten: 1 })
    expect(await target.client.lrange('k20', 0, -1)).toEqual(['v0'])
    await expectAllOnce(target)
  })

  test('is refused while its lines are others, and goes on when they are back', async ({
    target,
  }) => {
    const { folder, file } = await killReplay(target)
    mend(file, 'k1', 'k100')
    const refused = await replay(folder, file)
    const mentions = ['have been changed', '--restart']
    expectClearError(refused, { exitCode: 2, code: 'RESUME_UNDECIDED', mentions })
    expect(refused.report?.code).toBe('RESUME_UNDECIDED')
    mend(file, 'k100', 'k1')
    const { exitCode, stderr } = await replay(folder, file)
    expect(exitCode, stderr).toBe(0)
    await expectAllOnce(target)
  })

  test('is nothing to a replay of another file', async ({ target }) => {
    const { folder, file } = await killReplay(target)
    const [line = ''] = readFileSync(file, 'utf8').split('\n')
    const other = folder.write('other.jsonl', `${line.replace('"k0"', '"k30"')}\n`)
    const { report, stderr } = await replay(folder, other)
    expect(report, stderr).toMatchObject({ recordsRead: 1, recordsWritten: 1 })
    expect((await replay(folder, file)).exitCode).toBe(0)
    await expectAllOnce(target)
  })
})

describe.concurrent('replay', many, () => {
  test('completes the load once the keys of another type are gone, and sends no line twice', async ({
    target,
  }) => {
    await target.client.mset({ k3: 'mine', k7: 'mine' })
    const folder = target.folder()
    const file = await runDirty(folder, { reader, writer: rpush })
    await target.client.del('k3', 'k7')
    const first = await replay(folder, file)
    expect(first.exitCode, first.stderr).toBe(0)
    expect(first.report).toMatchObject({ recordsRead: 2, recordsWritten: 2, recordsDirty: 0 })
    const second = await replay(folder, file)
    expect(second.exitCode, second.stderr).toBe(0)
    expect(second.report).toMatchObject({ recordsRead: 0, recordsWritten: 0 })
    for (const [key, value] of rows) expect(await target.client.lrange(key, 0, -1)).toEqual([value])
    const third = await replay(folder, file, ['--restart'])
    expect(third.report).toMatchObject({ recordsWritten: 2 })
    expect(await target.client.lrange('k3', 0, -1)).toEqual(['v3', 'v3'])
  })

  test('lists rows that are still refused in a file of its own', async ({ target }) => {
    await target.client.mset({ k3: 'mine', k7: 'mine' })
    const folder = target.folder()
    const file = await runDirty(folder, { reader, writer: rpush })
    await target.client.del('k3')
    const { exitCode, stderr, report } = await replay(folder, file)
    expect(exitCode, stderr).toBe(0)
    expect(report).toMatchObject({ recordsWritten: 1, recordsDirty: 1 })
    expect(report?.dirtyFile).not.toBe(file)
    expect(await target.client.get('k7')).toBe('mine')
    expect(await target.client.lrange('k3', 0, -1)).toEqual(['v3'])
  })

  test('goes on with lines that were added since', async ({ target }) => {
    await target.client.set('k3', 'mine')
    const folder = target.folder()
    const file = await runDirty(folder, { reader, writer: rpush })
    await replay(folder, file)
    await target.client.del('k3')
    await target.client.set('k5', 'mine')
    await runDirty(folder, { reader, writer: rpush })
    await target.client.del('k5')
    const { report, stderr } = await replay(folder, file)
    expect(report, stderr).toMatchObject({ recordsRead: 1, recordsWritten: 1 })
    expect(await target.client.lrange('k5', 0, -1)).toEqual(['v5'])
  })

  test('sends the rows of a file that has taken the place of one that was replayed', async ({
    target,
  }) => {
    const folder = target.folder()
    const refuse = async (...keys: string[]) => {
      for (const key of keys) await target.client.set(key, 'mine')
      const file = await runDirty(folder, { reader, writer: rpush })
      await target.client.del(...keys)
      return file
    }
    const file = await refuse('k3', 'k7', 'k9')
    expect((await replay(folder, file)).report).toMatchObject({ recordsWritten: 3 })
    rmSync(file)
    expect(await refuse('k4', 'k5')).toBe(file)
    const { exitCode, stderr, report } = await replay(folder, file)
    expect(exitCode, stderr).toBe(0)
    expect(report).toMatchObject({ recordsRead: 2, recordsWritten: 2 })
    expect(stderr).toContain('holds none of the lines that an earlier replay has sent')
    expect(await target.client.lrange('k4', 0, -1)).toEqual(['v4'])
    // The same line goes on being done where the file lies elsewhere.
    mkdirSync(folder.pathOf('elsewhere'))
    const moved = folder.pathOf(join('elsewhere', basename(file)))
    copyFileSync(file, moved)
    expect((await replay(folder, moved)).report).toMatchObject({ recordsRead: 0 })
  })

  test("sends the rows of a replay's own dirty file, as often as it takes", async ({ target }) => {
    await target.client.mset({ k3: 'mine', k5: 'mine', k7: 'mine' })
    const folder = target.folder()
    const file = await runDirty(folder, { reader, writer: rpush })
    await target.client.del('k3')
    const refused = (await replay(folder, file)).report?.dirtyFile ?? ''
    await target.client.del('k5')
    const second = await replay(folder, refused)
    expect(second.report, second.stderr).toMatchObject({ recordsWritten: 1, recordsDirty: 1 })
    expect(second.report?.dirtyFile).toBe(refused)
    await target.client.del('k7')
    const third = await replay(folder, refused)
    expect(third.report, third.stderr).toMatchObject({ recordsRead: 1, recordsWritten: 1 })
    for (const key of ['k3', 'k5', 'k7'])
      expect(await target.client.lrange(key, 0, -1)).toEqual([`v${key.slice(1)}`])
    // Of the first file nothing was sent meanwhile.
    expect((await replay(folder, file)).report).toMatchObject({ recordsRead: 0 })
  })

  test('sends a line that was mended in place, and none of the others', async ({ target }) => {
    await target.client.mset({ k3: 'mine', k7: 'mine', k9: 'mine' })
    const folder = target.folder()
    const file = await runDirty(folder, { reader, writer: rpush })
    await target.client.del('k3', 'k9')
    expect((await replay(folder, file)).report).toMatchObject({ recordsWritten: 2 })
    mend(file, 'k7', 'k70')
    const { exitCode, stderr, report } = await replay(folder, file)
    expect(exitCode, stderr).toBe(0)
    expect(report).toMatchObject({ recordsRead: 1, recordsWritten: 1 })
    expect(stderr).toContain('2 lines that earlier replays have sent are left out (--restart')
    expect(await target.client.lrange('k70', 0, -1)).toEqual(['v7'])
    for (const key of ['k3', 'k9']) expect(await target.client.llen(key)).toBe(1)
  })

  test('that passed the dirty limit goes on behind what was sent when the line is mended', async ({
    target,
  }) => {
    await target.client.mset({ k3: 'mine', k7: 'mine', k9: 'mine' })
    const folder = target.folder()
    const parts = { reader, writer: { ...rpush, batchSize: 1 } }
    const file = await runDirty(folder, parts)
    await target.client.del('k3', 'k9')
    folder.write('job.json', redisJob(parts))
    const stopped = await replay(folder, file)
    expectClearError(stopped, { exitCode: 1, code: 'DIRTY_LIMIT_PASSED', mentions: [] })
    mend(file, 'k7', 'k70')
    const { exitCode, stderr } = await replay(folder, file)
    expect(exitCode, stderr).toBe(0)
    for (const key of ['k3', 'k70', 'k9']) expect(await target.client.llen(key)).toBe(1)
  })

  test('does not transform rows again that were refused behind the transformers', async ({
    target,
  }) => {
    await target.client.set('k1', 'mine')
    const folder = target.folder()
    const parts = {
      reader: streamRows(
        ['string', 'string'],
        [
          ['k1', 'abcdef'],
          ['k2', ''],
        ],
      ),
      writer: rpush,
    }
    const job = redisJob({ ...parts, setting: tolerant }) as { steps: unknown[]; order: unknown }
    job.steps.splice(1, 0, {
      category: 'processor',
      name: 'Cut',
      stepType: 'dx_substr',
      parameter: { columnIndex: 1, paras: ['1', '3'] },
    })
    job.order = {
      hops: [
        { from: 'Reader', to: 'Cut' },
        { from: 'Cut', to: 'Writer' },
      ],
    }
    const { exitCode, stderr, report } = await folder.run(job)
    expect(exitCode, stderr).toBe(0)
    // The second row is too short to be cut: it was refused as it was read.
    expect(report?.recordsDirty).toBe(2)
    await target.client.del('k1')
    const again = await replay(folder, report?.dirtyFile ?? '')
    expect(again.report, again.stderr).toMatchObject({ recordsWritten: 1, recordsDirty: 1 })
    expect(await target.client.lrange('k1', 0, -1)).toEqual(['bcd'])
  })

  test('brings bytes, dates and NULL back as they were', async ({ target }) => {
    await target.client.set('k', 'mine')
    const folder = target.folder()
    const typed = streamRows(
      ['string', 'bytes', 'date', 'string', 'long'],
      [['k', 'ü', '2026-02-03 04:05:06', null, '9007199254740993']],
    )
    const writer = { writeMode: { type: 'list', mode: 'rpush', valueFieldDelimiter: '|' } }
    const file = await runDirty(folder, { reader: typed, writer })
    await target.client.del('k')
    await replay(folder, file)
    const [replayed] = await target.client.lrange('k', 0, -1)
    await target.client.del('k')
    await folder.run(redisJob({ reader: typed, writer, setting: tolerant }))
    expect(await target.client.lrange('k', 0, -1)).toEqual([replayed])
  })

  test.for<[string, string | undefined, readonly string[]]>([
    ['a file that is not there', undefined, ['no.jsonl', 'dirty file']],
    ['a file of something else', 'hello\n', ['no.jsonl:1', 'dirty record']],
  ])('%s is one clear error', async ([, content, mentions], { target }) => {
    const folder = target.folder()
    folder.write('job.json', redisJob({ reader, writer: rpush }))
    if (content !== undefined) folder.write('no.jsonl', content)
    const result = await replay(folder, folder.pathOf('no.jsonl'))
    expectClearError(result, { exitCode: 2, mentions })
    expect(await target.isEmpty()).toBe(true)
  })
})
