import { statSync } from 'node:fs'
import { describe, expect } from 'vitest'
import type { RunResult } from './support/job-folder.ts'
import { redisJob, streamRows } from './support/jobs.ts'
import { test } from './support/redis-test.ts'
import { dataKeyCount } from './support/data-keys.ts'

const zadd = { writeMode: { type: 'zset', mode: 'zadd' } }

/** Seven rows that are no pair of score and member, among three good ones. */
const zsetRows: readonly (readonly [string, string | null, string | null])[] = [
  ['k', '1', 'good 1'],
  ['k', '', 'empty score'],
  ['k', 'abc', 'text score'],
  ['k', 'NaN', 'nan score'],
  ['k', null, 'null score'],
  ['k', '2', 'good 2'],
  ['k', '3', null],
  ['k', ' 4', 'blank before the score'],
  ['k', '0x10', 'hexadecimal score'],
  ['k', '-inf', 'good 3'],
]
const zset = streamRows(['string', 'string', 'string'], zsetRows)

/** Ten rows of which the third and the seventh have no key. */
const twoOfTen = streamRows(
  ['string', 'string'],
  Array.from({ length: 10 }, (_, row) => [row === 2 || row === 6 ? null : `k${row}`, `v${row}`]),
)

function expectBalanced({ report, stderr }: RunResult): void {
  expect(report, stderr).toBeDefined()
  if (report === undefined) return
  expect(report.recordsRead).toBe(
    report.recordsWritten + report.recordsFiltered + report.recordsDirty,
  )
}

describe.concurrent('case 22: rows that are no pair of score and member', () => {
  test('are dirty, each with its content and reason; good rows beside them are written', async ({
    target,
  }) => {
    const folder = target.folder()
    const setting = { errorLimit: { record: '7' } }
    const result = await folder.run(redisJob({ reader: zset, writer: zadd, setting }))
    expect(result.exitCode, result.stderr).toBe(0)
    expect(result.report).toMatchObject({ recordsRead: 10, recordsWritten: 3, recordsDirty: 7 })
    expect(await target.client.zrange('k', '0', '-1')).toEqual(['good 3', 'good 1', 'good 2'])
    const file = result.report?.dirtyFile ?? ''
    const lines = folder.readLines(file.slice(folder.path.length + 1))
    const dirtyRows = zsetRows.filter(([, , member]) => member?.startsWith('good') !== true)
    expect(lines.map(({ row }) => Object.values(row as object))).toEqual(dirtyRows)
    for (const line of lines) {
      expect(line).toMatchObject({ run: result.report?.run, code: expect.any(String) as unknown })
      expect(String(line['reason'])).toMatch(/score|member/)
    }
  })

  test('one more than errorLimit.record ends the job', async ({ target }) => {
    const setting = { errorLimit: { record: '6' } }
    const result = await target.folder().run(redisJob({ reader: zset, writer: zadd, setting }))
    expect(result.exitCode).toBe(1)
    expect(result.report).toMatchObject({ status: 'failed', code: 'DIRTY_LIMIT_PASSED' })
    expectBalanced(result)
  })

  test.for<[string, readonly string[]]>([
    ['one value column', ['k', 'm']],
    ['three value columns', ['k', '1', 'm', 'x']],
  ])('%s make every row dirty', async ([, row], { target }) => {
    const reader = streamRows(
      row.map(() => 'string' as const),
      [row],
    )
    const setting = { errorLimit: { record: 1 } }
    const { exitCode, report } = await target
      .folder()
      .run(redisJob({ reader, writer: zadd, setting }))
    expect(exitCode).toBe(0)
    expect(report).toMatchObject({ recordsDirty: 1, recordsWritten: 0 })
    expect(report?.dirtyReasons[0]?.code).toBe('WRONG_ARITY')
  })
})

describe.concurrent('case 25: keys', () => {
  test.for<[string, readonly (string | null)[], number | readonly number[], string]>([
    ['a null key', [null, 'v', 'w'], 0, 'NULL_KEY'],
    ['an empty key', ['', 'v', 'w'], 0, 'EMPTY_KEY'],
    ['a null in a composite key', ['a', null, 'v'], [0, 1], 'NULL_KEY'],
  ])('%s makes the row dirty', async ([, row, keyIndexes, code], { target }) => {
    const reader = streamRows(['string', 'string', 'string'], [row])
    const setting = { errorLimit: { record: 1 } }
    const { exitCode, report, stderr } = await target
      .folder()
      .run(redisJob({ reader, writer: { keyIndexes }, setting }))
    expect(exitCode, stderr).toBe(0)
    expect(report?.dirtyReasons).toMatchObject([{ code, count: 1 }])
    expect(await target.isEmpty()).toBe(true)
  })
})

describe.concurrent('case 31: errorLimit', () => {
  test('record 0 ends the job at the first dirty record, with a summary', async ({ target }) => {
    const writer = { batchSize: 1 }
    const result = await target.folder().run(redisJob({ reader: twoOfTen, writer }))
    expect(result.exitCode).toBe(1)
    expect(result.report).toMatchObject({ code: 'DIRTY_LIMIT_PASSED', recordsDirty: 1 })
    expect(result.stderr).toMatch(/Records failed \(dirty\)\s*: 1/)
    expectBalanced(result)
    const keys = await dataKeyCount(target.client)
    expect(keys).toBe(result.report?.recordsWritten)
    expect(await target.client.exists('k7', 'k8', 'k9')).toBe(0)
  })

  test.for([
    ['record 2 tolerates two', { record: '2' }, 0],
    ['record 1 does not', { record: '1' }, 1],
    ['a percentage of 0.2 tolerates two of ten', { percentage: 0.2 }, 0],
    ['a percentage of 0.19 does not', { percentage: 0.19 }, 1],
    ['both limits stay active', { record: 2, percentage: 0.19 }, 1],
    ['the strategy Ignore tolerates any number', { strategy: 'Ignore' }, 0],
    ['a blank record tolerates none', { record: '' }, 1],
  ])('%s', async ([, errorLimit, code], { target }) => {
    const folder = target.folder()
    const job = redisJob({ reader: twoOfTen, setting: { errorLimit } })
    const result = await folder.run(job)
    expect(result.exitCode, result.stderr).toBe(code)
    expectBalanced(result)
    if (code !== 0) expect(result.report?.code).toBe('DIRTY_LIMIT_PASSED')
    else
      expect(result.report).toMatchObject({ recordsRead: 10, recordsDirty: 2, recordsWritten: 8 })
  })

  test('a percentage is compared after the end, when everything else is written', async ({
    target,
  }) => {
    const job = redisJob({ reader: twoOfTen, setting: { errorLimit: { percentage: 0.19 } } })
    const { report } = await target.folder().run(job)
    expect(report).toMatchObject({ recordsRead: 10, recordsWritten: 8 })
    expect(await dataKeyCount(target.client)).toBe(8)
  })

  test('a DataX job without errorLimit tolerates any number, with a warning', async ({
    target,
  }) => {
    const job = {
      job: {
        content: [
          {
            reader: { name: 'streamreader', parameter: twoOfTen.parameter },
            writer: { name: 'rediswriter', parameter: { datasource: 'r', keyIndexes: 0 } },
          },
        ],
        setting: { speed: { channel: 1 } },
      },
    }
    const { exitCode, stderr, report } = await target.folder().run(job)
    expect(exitCode, stderr).toBe(0)
    expect(stderr).toMatch(/warn.*errorLimit.*any number/)
    expect(report).toMatchObject({ recordsDirty: 2, recordsWritten: 8 })
  })
})

describe.concurrent('the dirty file', () => {
  const rows = streamRows(
    ['string', 'long', 'bytes', 'string'],
    [[null, '9007199254740993', { $bytes: 'AP8=' }, null]],
  )
  const setting = { errorLimit: { record: 9 } }

  test('stands beside the job, for its owner only, and is appended to', async ({ target }) => {
    const folder = target.folder()
    const { report } = await folder.run(redisJob({ reader: rows, setting }))
    const file = `${report?.job}.dirty.jsonl`
    expect(report?.dirtyFile).toBe(folder.pathOf(file))
    expect(statSync(folder.pathOf(file)).mode & 0o777).toBe(0o600)
    await folder.run(redisJob({ reader: rows, setting }))
    expect(folder.readLines(file)).toHaveLength(2)
  })

  test('keeps every cell as it was', async ({ target }) => {
    const folder = target.folder()
    const flags = ['--dirty-file', 'refused.jsonl']
    const { exitCode, stderr, report } = await folder.run(redisJob({ reader: rows, setting }), {
      flags,
    })
    expect(exitCode, stderr).toBe(0)
    const [line] = folder.readLines('refused.jsonl')
    const cells: unknown[] = Object.values(line?.['row'] as object)
    expect(cells[0]).toBeNull()
    expect(cells[1]).toBe('9007199254740993')
    expect(cells[2]).toEqual({ $bytes: 'AP8=' })
    expect(cells[3]).toBeNull()
    expect(line).toMatchObject({ run: report?.run, code: 'NULL_KEY' })
    expect(Date.parse(String(line?.['time']))).not.toBeNaN()
  })

  test('is not made when no row is dirty', async ({ target }) => {
    const folder = target.folder()
    const { report } = await folder.run(
      redisJob({ reader: streamRows(['string', 'string'], [['k', 'v']]) }),
    )
    expect(report?.dirtyFile).toBeNull()
    expect(folder.exists(`${report?.job}.dirty.jsonl`)).toBe(false)
  })
})

describe.concurrent('--max-dirty-percent', () => {
  test.for<[string, number]>([
    ['1.5', 0],
    ['0.9', 1],
  ])(
    '%s of rows of which each hundredth is dirty ends with exit %i',
    async ([percent, code], { target }) => {
      const reader = streamRows(
        ['string', 'string'],
        Array.from({ length: 10_000 }, (_, row) => [row % 100 === 5 ? null : `k${row}`, 'v']),
      )
      const writer = { writeMode: { type: 'string', mode: 'set' }, batchSize: 1000 }
      const setting = { errorLimit: { record: 1000 } }
      const result = await target.folder().run(redisJob({ reader, writer, setting }), {
        flags: ['--max-dirty-percent', percent],
      })
      expect(result.exitCode, result.stderr).toBe(code)
      expect(result.report?.code).toBe(code === 0 ? 'OK' : 'DIRTY_LIMIT_PASSED')
      expectBalanced(result)
    },
  )
})
