import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect } from 'vitest'
import { jobReportSchema } from '@millrace/core'
import { expectClearError } from './support/clear-error.ts'
import { redisJob, streamRows, type Parameters } from './support/jobs.ts'
import { test, type RedisTarget } from './support/redis-test.ts'
import { dataKeys } from './support/data-keys.ts'

const rows = streamRows(
  ['string', 'string'],
  [
    ['k1', 'one'],
    [null, 'no key'],
    ['k2', 'zwölf'],
  ],
)
const setting = { errorLimit: { record: 5 } }

describe.concurrent('the report', () => {
  test('accounts for every row and every byte, and repeats nothing', async ({ target }) => {
    const { report, stdout, stderr } = await target
      .folder()
      .run(redisJob({ reader: rows, setting }))
    expect(report, stderr).toBeDefined()
    for (const key of jobReportSchema.required) expect(report).toHaveProperty(key)
    expect(report).toMatchObject({
      status: 'complete',
      code: 'OK',
      exitCode: 0,
      recordsRead: 3,
      recordsWritten: 2,
      recordsFiltered: 0,
      recordsDirty: 1,
      bytesRead: Buffer.byteLength('k1onenokeyno key') - 5 + Buffer.byteLength('k2zwölf'),
      resumedFrom: null,
      errors: [],
      dirtyReasons: [{ code: 'NULL_KEY', count: 1 }],
      total: { recordsRead: 3, recordsWritten: 2, recordsFiltered: 0, recordsDirty: 1 },
    })
    expect(report?.bytesWritten).toBeGreaterThan(0)
    expect(report?.job).toMatch(/^job-[0-9a-f]{8}$/)
    expect(stdout).toBe('')
    expect(stderr).toContain(report?.job)
  })

  test('carries the code and the words of the message', async ({ target }) => {
    const { report, stderr, exitCode } = await target.folder().run(redisJob({ reader: rows }))
    expect(exitCode).toBe(1)
    expect(report).toMatchObject({ status: 'failed', code: 'DIRTY_LIMIT_PASSED', exitCode: 1 })
    const [error] = report?.errors ?? []
    expect(stderr).toContain(`[${error?.code}] ${error?.message}`)
    expect(error?.hint).toBeDefined()
  })

  test('the job is named by --name, and the same job has the same name twice', async ({
    target,
  }) => {
    const folder = target.folder()
    const job = redisJob({ reader: rows, setting })
    const first = await folder.run(job)
    const second = await folder.run(job)
    expect(first.report?.job).toBe(second.report?.job)
    expect(first.report?.run).not.toBe(second.report?.run)
    const named = await folder.run(job, { flags: ['--name', 'nightly'] })
    expect(named.report?.job).toBe('nightly')
  })

  test.for<[string, string]>([
    ['--report', 'absent/report.json'],
    ['--report', '.'],
    ['--dirty-file', 'absent/dirty.jsonl'],
    ['--dirty-file', 'job.json/dirty.jsonl'],
  ])('%s %s, which cannot be written, is said before anything is', async (flags, { target }) => {
    const folder = target.folder()
    folder.write('job.json', redisJob({ reader: rows, setting }))
    const result = await folder.millrace(['run', 'job.json', ...flags])
    const [name, path] = flags
    expectClearError(result, { exitCode: 2, mentions: [name, path, 'could not'] })
    expect(await target.isEmpty()).toBe(true)
  })

  test('a place for dirty records is not made before there is one', async ({ target }) => {
    const folder = target.folder()
    const reader = streamRows(['string', 'string'], [['k', 'v']])
    const result = await folder.run(redisJob({ reader }), { flags: ['--dirty-file', 'd.jsonl'] })
    expect(result.exitCode, result.stderr).toBe(0)
    expect(folder.exists('d.jsonl')).toBe(false)
  })
})

describe.concurrent('stderr', () => {
  test('closes with a summary that people from DataX recognise', async ({ target }) => {
    const { stderr } = await target.folder().run(redisJob({ reader: rows, setting }))
    for (const label of [
      'Started at',
      'Ended at',
      'Elapsed',
      'Average throughput',
      'Record speed',
      'Records read',
      'Records written',
      'Records failed (dirty)',
    ]) {
      expect(stderr).toContain(label)
    }
    expect(stderr).toContain('NULL_KEY')
  })

  test.for(['auto', 'lines', 'json'])(
    '--progress %s shows no bar in a pipe',
    async (style, { target }) => {
      const folder = target.folder()
      folder.write('job.json', redisJob({ reader: rows, setting }))
      const { exitCode, stderr, stdout } = await folder.millrace([
        'run',
        'job.json',
        '--progress',
        style,
      ])
      expect(exitCode, stderr).toBe(0)
      expect(stderr).not.toContain('\u001b')
      expect(stdout).toBe('')
    },
  )

  test('--log-level error is silent when all is well', async ({ target }) => {
    const { stderr, stdout } = await target
      .folder()
      .run(redisJob({ reader: rows, setting }), { flags: ['--log-level', 'error'] })
    expect(stderr).toBe('')
    expect(stdout).toBe('')
  })
})

describe.concurrent('preview', () => {
  const awkward = streamRows(
    ['string', 'string', 'string'],
    [
      ['plain', 'f', 'v'],
      ['with "quotes" and \\', 'a b', "it's"],
      ['line\nbreak', '\t\u0001', '{"a": "b"}'],
      ['ключ', 'поле', '值'],
      ['empty', 'f', null],
    ],
  )
  const modes: [string, Parameters][] = [
    ['string', { expireTime: { unixtime: 4_102_444_800 } }],
    ['list', { writeMode: { type: 'list', mode: 'rpush' } }],
    ['set', { writeMode: { type: 'set', mode: 'sadd' }, expireTime: { unixtime: 4_102_444_800 } }],
    ['hash', { writeMode: { type: 'hash', mode: 'hset' } }],
  ]

  test.for(modes)(
    'of a %s, replayed by redis-cli, gives what run gives',
    async ([, writer], { target }) => {
      const folder = target.folder()
      const job = redisJob({ reader: awkward, writer })
      const preview = await folder.preview(job)
      expect(preview.exitCode, preview.stderr).toBe(0)
      expect(await target.isEmpty()).toBe(true)
      const run = await folder.run(job)
      expect(run.exitCode, run.stderr).toBe(0)
      const written = await contents(target)
      expect(Object.keys(written)).toHaveLength(5)
      await target.clear()
      execFileSync('redis-cli', ['-u', target.url], { input: preview.stdout })
      expect(await contents(target)).toEqual(written)
    },
  )

  test('--limit reads so many rows; --format json prints arrays', async ({ target }) => {
    const flags = ['--limit', '2', '--format', 'json']
    const { exitCode, stdout, stderr } = await target
      .folder()
      .preview(redisJob({ reader: rows, setting }), { flags })
    expect(exitCode, stderr).toBe(0)
    expect(JSON.parse(stdout)).toEqual([['SET', 'k1', 'one']])
    expect(stderr).toMatch(/2 rows read.*1 dirty/)
    expect(stderr).toContain('NULL_KEY')
    expect(await target.isEmpty()).toBe(true)
  })

  test('needs no target', async ({ target }) => {
    const folder = target.folder({ gone: { type: 'redis', host: '127.0.0.1', port: 1 } })
    const { exitCode, stdout, stderr } = await folder.preview(
      redisJob({ reader: rows, writer: { datasource: 'gone' } }),
    )
    expect(exitCode, stderr).toBe(0)
    expect(stdout).toContain('SET k1 one')
  })

  /** Every key with its serialised value and its expiry. */
  async function contents(target: RedisTarget): Promise<Record<string, unknown>> {
    const found: Record<string, unknown> = {}
    for (const key of await dataKeys(target.client)) {
      const value = await valueOf(target, key)
      found[key] = { value, expires: await target.client.call('PEXPIRETIME', key) }
    }
    return found
  }

  async function valueOf(target: RedisTarget, key: string): Promise<unknown> {
    const type = await target.client.type(key)
    if (type === 'string') return await target.client.get(key)
    if (type === 'list') return await target.client.lrange(key, 0, -1)
    if (type === 'set') return (await target.client.smembers(key)).sort()
    return await target.client.hgetall(key)
  }
})

describe.concurrent('millrace', () => {
  test('--version is that of the package', async ({ target }) => {
    const packageFile = new URL('../package.json', import.meta.url)
    const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string }
    const { exitCode, stdout } = await target.folder().millrace(['--version'])
    expect(exitCode).toBe(0)
    expect(stdout.trim()).toBe(version)
  })

  test('--help shows the commands, a data source and the exit codes on stdout', async ({
    target,
  }) => {
    const { exitCode, stdout, stderr } = await target.folder().millrace(['--help'])
    expect(exitCode).toBe(0)
    expect(stderr).toBe('')
    for (const text of [
      'run',
      'check',
      'preview',
      'plugins',
      'demo',
      'datasources',
      'Exit codes',
    ]) {
      expect(stdout).toContain(text)
    }
  })

  test('the data source file is found by flag, beside the job, in the folder, by variable', async ({
    target,
  }) => {
    const folder = target.folder()
    const text = folder.read('datasources.yaml').replace('r:', 'elsewhere:')
    folder.write('other.yaml', text)
    const job = redisJob({ reader: rows, setting, writer: { datasource: 'elsewhere' } })
    const unknown = await folder.run(job)
    expect(unknown.exitCode).toBe(2)
    const byFlag = await folder.run(job, { flags: ['--datasources', 'other.yaml'] })
    expect(byFlag.exitCode, byFlag.stderr).toBe(0)
    const byVariable = await folder.run(job, {
      env: { MILLRACE_DATASOURCES: folder.pathOf('other.yaml') },
    })
    expect(byVariable.exitCode, byVariable.stderr).toBe(0)
  })
})
