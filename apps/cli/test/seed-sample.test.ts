import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect } from 'vitest'
import type { JobFolder } from './support/job-folder.ts'
import { test, type RedisTarget } from './support/redis-test.ts'
import { dataSourceOf, makeMysqlDatabase, type TestDatabase } from './support/test-database.ts'
import { dataKeys } from './support/data-keys.ts'

const sample = readFileSync(new URL('./fixtures/seed-sample.txt', import.meta.url), 'utf8')
let database: TestDatabase

beforeAll(async () => {
  database = await makeMysqlDatabase()
  await database.execute(
    'CREATE TABLE demo (id int PRIMARY KEY, value varchar(20), `table` int, sex varchar(10))',
    "INSERT INTO demo VALUES (1, 'John', 18, 'male'), (2, 'Zoë', 33, NULL)",
  )
})

afterAll(async () => {
  await database[Symbol.asyncDispose]()
})

function folder(target: RedisTarget): JobFolder {
  return target.folder({ xc_mysql_demo2: dataSourceOf('mysql', database) })
}

/** Replaces the one place where `before` stands. */
function replaceOnce(text: string, before: string, after: string): string {
  expect(text.split(before)).toHaveLength(2)
  return text.replace(before, after)
}

/** The sample with what it lacks: a Redis data source in the writer, a table and a fourth column. */
function mended(): string {
  const named = replaceOnce(
    sample,
    '"datasource":"xc_mysql_demo2",     // The data source name.',
    '"datasource":"r",     // The data source name.',
  )
  const withTable = replaceOnce(named, '"table": []', '"table": ["demo"]')
  return withTable.replace(/"table"(\s*)\]/, '"table",$1"sex"$1]')
}

test('case 32: check reports exactly what keeps the sample of the page from running', async ({
  target,
}) => {
  const { exitCode, stdout } = await folder(target).check(sample)
  expect(exitCode).toBe(2)
  const reported = stdout.split('\n').filter((line) => /: (error|warning): /.test(line))
  const at = (needle: string) =>
    sample.slice(0, sample.indexOf(needle)).split('\n').length.toString()
  expect(reported).toEqual([
    expect.stringMatching(new RegExp(`:${at('"table": []')}:\\d+: error: .*table`)) as unknown,
    expect.stringMatching(
      new RegExp(`:${at('"keyFieldDelimiter"')}:\\d+: warning: .*\\\\u0001`),
    ) as unknown,
    expect.stringMatching(
      new RegExp(`:${at('"datasource":"xc_mysql_demo2",     //')}:\\d+: error: .*mysql.*redis`),
    ) as unknown,
    expect.stringMatching(
      new RegExp(`:${at('"valueFieldDelimiter"')}:\\d+: warning: .*\\\\u0001`),
    ) as unknown,
    expect.stringMatching(new RegExp(`:${at('"index": "3"')}:\\d+: error: .*3`)) as unknown,
  ])
  expect(stdout).toContain('3 errors, 2 warnings')
})

test('case 32: with a Redis, a table and a fourth column the sample runs, comments and all', async ({
  target,
}) => {
  const job = folder(target)
  const { exitCode, stderr, report } = await job.run(mended())
  expect(exitCode, stderr).toBe(0)
  expect(report).toMatchObject({ recordsRead: 2, recordsWritten: 2, recordsDirty: 0 })
  expect(stderr.match(/delimiter is the text "u0001"/g)).toHaveLength(2)
  expect(await dataKeys(target.client)).toEqual(['1u0001John', '2u0001Zoë'])
  expect(await target.client.get('1u0001John')).toBe(
    '{"id":"1","name":"John","age":"18","sex":"male"}',
  )
  expect(await target.client.get('2u0001Zoë')).toBe('{"id":"2","name":"Zoë","age":"33","sex":null}')
  const seconds = await target.client.ttl('1u0001John')
  expect(seconds).toBeGreaterThan(940)
  expect(seconds).toBeLessThanOrEqual(1000)
})
